import NIOCore
import NIOPosix
import QAPI
import QMP
import Synchronization
import SystemCalls

/// Serves QMP on Unix and TCP sockets, to any number of clients at once.
///
/// - Commands of one connection run one after the other, each in a task of its own, so one that takes long holds up
///   nobody but the client that asked for it. Unknown commands and wrong arguments are answered here; the rest goes to
///   a `ManagementCommands`.
/// - Events go through an `EventHub` straight into the queue of each negotiated connection, and the reply of a command
///   enters that queue after the command has returned. So what a command emits comes before its reply.
/// - A connection costs bounded memory: no more is read while answers wait to be taken, and a client that takes neither
///   replies nor events is closed (`ManagementLimits`).
public final class ManagementServer: Sendable {
    private struct State {
        var listeners: [Listener] = []
        var monitors: [ObjectIdentifier: Monitor] = [:]
        var isShutDown = false
    }

    private struct Listener {
        let channel: any Channel
        /// The socket file, with what tells it from another one of the same name.
        let file: SocketFile?
    }

    private let group: any EventLoopGroup
    private let limits: ManagementLimits
    private let dispatcher: CommandDispatcher
    private let hub: EventHub
    private let version: ServerVersion
    private let notice: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// A server that listens nowhere yet. Its channels live on `group`, which the caller owns. `notice` gets what an
    /// operator should read in the log; it must be quick.
    public init(
        commands: any ManagementCommands, hub: EventHub, version: ServerVersion, group: any EventLoopGroup,
        limits: ManagementLimits = .standard, notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.group = group
        self.limits = limits
        self.hub = hub
        self.version = version
        self.notice = notice
        dispatcher = CommandDispatcher(commands: commands, version: version)
    }

    /// Listens on `address`; returns where, with the port the kernel chose if 0 was asked for.
    ///
    /// A socket file that nobody listens on any more is replaced. Throws `SystemError` or the error of NIO.
    @discardableResult
    public func listen(on address: ManagementAddress) async throws -> ManagementAddress {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: limits.backlog)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(ChannelOptions.autoRead, value: false)
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [self] channel in accept(channel) }
        switch address {
        case .unix(let path):
            let socket = try UnixSocket.bind(path)
            let file = SocketFile(path)
            // NIO owns the descriptor from here on, also if it fails.
            let channel = try await bootstrap.withBoundSocket(socket.release()).get()
            add(Listener(channel: channel, file: file))
            return address
        case .tcp(let host, let port):
            let channel = try await bootstrap.bind(host: host, port: Int(port)).get()
            add(Listener(channel: channel, file: nil))
            return .tcp(host: host, port: UInt16(clamping: channel.localAddress?.port ?? Int(port)))
        }
    }

    /// How many connections there are.
    public var connectionCount: Int { state.withLock { $0.monitors.count } }

    /// Stops listening, lets running commands end and what they answered be sent, and closes every connection;
    /// a client that does not take its answers is closed after `ManagementLimits.drainTime`.
    public func shutdown() async {
        let (listeners, monitors) = state.withLock { state in
            state.isShutDown = true
            defer { state.listeners = [] }
            return (state.listeners, Array(state.monitors.values))
        }
        for listener in listeners {
            listener.file?.removeIfUnchanged()
            try? await listener.channel.close()
        }
        for monitor in monitors { monitor.drain() }
        for monitor in monitors { await monitor.waitUntilClosed() }
    }

    private func add(_ listener: Listener) { state.withLock { $0.listeners.append(listener) } }

    /// Makes a monitor of a new connection, unless there are too many.
    private func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
        let outbox = Outbox(channel: channel, limit: limits.unsentBytes, notice: notice)
        let monitor = Monitor(
            outbox: outbox, hub: hub, dispatcher: dispatcher, limits: limits,
            greeting: MonitorSession.greeting(version), channel: channel)
        let isWelcome = state.withLock { state in
            guard !state.isShutDown, state.monitors.count < limits.connections else { return false }
            state.monitors[ObjectIdentifier(channel)] = monitor
            return true
        }
        guard isWelcome else {
            notice("a connection was refused: there are \(limits.connections) already, or the server ends")
            return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
        }
        channel.closeFuture.whenComplete { [self] _ in
            _ = state.withLock { $0.monitors.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(MonitorHandler(monitor))
        }
    }
}
