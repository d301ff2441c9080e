import Diagnostics
import Environment
import Glibc
public import QAPI
public import QMP
import Synchronization
public import SystemCalls

/// Serves QMP on Unix and TCP sockets, to any number of clients at once.
///
/// - All connections live on one thread, `MonitorLoop`. Commands that are answered from memory run there; the others
///   run in tasks of their own, so one that takes long holds up nobody but the client that asked for it. Unknown
///   commands and wrong arguments are answered here; the rest goes to the commands' implementation.
/// - Events go through an `EventHub` straight into the outbox of each negotiated connection, and the reply of a command
///   enters that outbox after the command has returned. So what a command emits comes before its reply.
/// - A connection costs bounded memory: no more is read while requests wait or answers are not taken, and a client that
///   takes neither replies nor events is closed (`ManagementLimits`).
public final class ManagementServer: Sendable {
    /// What only the loop's thread touches.
    private final class Inside: @unchecked Sendable {
        // SAFETY: used in handlers and jobs of the loop only, which run on its one thread.
        var listeners: [Listener] = []
        var monitors: [ObjectIdentifier: Monitor] = [:]
        var isShutDown = false
        var refusedAccepts = RepeatedNotice()
        var refusedConnections = RepeatedNotice()
        var whenEmpty: [CheckedContinuation<Void, Never>] = []
    }

    /// One address that clients come over.
    private final class Listener: @unchecked Sendable {
        // SAFETY: used on the loop's thread only.
        let socket: ListeningSocket
        let isPretty: Bool
        let descriptors: DescriptorStore
        var token: UInt64 = 0
        var clients: Set<ObjectIdentifier> = []

        init(socket: consuming ListeningSocket, isPretty: Bool, descriptors: DescriptorStore) {
            self.socket = socket
            self.isPretty = isPretty
            self.descriptors = descriptors
        }
    }

    private let loop: MonitorLoop
    private let limits: ManagementLimits
    private let dispatcher: CommandDispatcher
    private let hub: EventHub
    private let version: ServerVersion
    private let notice: @Sendable (String) -> Void
    private let inside = Inside()
    private let clock = SystemClock()
    /// A client can be cut off as often as it connects.
    private let repeats = RepeatLimiter(clock: SystemClock())
    private let connections = Atomic<Int>(0)

    /// A server that listens nowhere yet. `notice` gets what an operator should read in the log; it must be quick.
    public init(
        commands: any QMPCommands, hub: EventHub, version: ServerVersion, limits: ManagementLimits = .standard,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(SystemError) {
        self.limits = limits
        self.hub = hub
        self.version = version
        self.notice = notice
        dispatcher = CommandDispatcher(commands: commands)
        loop = try MonitorLoop()
        try loop.start()
    }

    deinit { loop.end() }

    /// Listens on `address`; returns where, with the port the kernel chose if 0 was asked for. With `isPretty` what is
    /// sent is laid out over several lines. `willServe` is told where before any client is served.
    ///
    /// A socket file that nobody listens on any more is replaced.
    @discardableResult
    public func listen(
        on address: ManagementAddress, isPretty: Bool = false, willServe: (ManagementAddress) -> Void = { _ in }
    ) throws(SystemError) -> ManagementAddress {
        serve(try ListeningSocket.open(address, backlog: limits.backlog), isPretty, willServe)
    }

    /// Serves the clients of a socket that somebody else, such as systemd, made and listens on; returns where it is.
    /// `isPretty` says by the address how what is sent is laid out; `willServe` is told it before any client is served.
    @discardableResult
    public func adopt(
        _ listening: consuming Descriptor, isPretty: (ManagementAddress) -> Bool = { _ in false },
        willServe: (ManagementAddress) -> Void = { _ in }
    ) throws(SystemError) -> ManagementAddress {
        let socket = try ListeningSocket.adopt(listening)
        let address = socket.address
        return serve(socket, isPretty(address), willServe)
    }

    /// How many connections there are.
    public var connectionCount: Int { connections.load(ordering: .relaxed) }

    /// Closes the connections that came over `address`; it goes on listening.
    public func disconnectClients(of address: ManagementAddress) {
        loop.post { [self] in
            for listener in inside.listeners where listener.socket.address == address {
                for client in listener.clients { inside.monitors[client]?.close() }
            }
        }
    }

    /// Runs `body` on the thread of all connections, to see whether it turns.
    public func post(_ body: @escaping @Sendable () -> Void) { loop.post(body) }

    /// Stops listening, lets running commands end and what they answered be sent, and closes every connection;
    /// a client that does not take its answers is closed after `ManagementLimits.drainTime`.
    public func shutdown() async {
        await withCheckedContinuation { continuation in
            loop.post { [self] in
                inside.isShutDown = true
                for listener in inside.listeners {
                    loop.remove(listener.socket.descriptor.number, token: listener.token)
                    listener.socket.file?.removeIfUnchanged()
                }
                inside.listeners = []
                inside.whenEmpty.append(continuation)
                for monitor in inside.monitors.values { monitor.drain() }
                resumeIfEmpty()
            }
        }
    }

    // MARK: On the loop's thread

    private func serve(
        _ socket: consuming ListeningSocket, _ isPretty: Bool, _ willServe: (ManagementAddress) -> Void
    ) -> ManagementAddress {
        let address = socket.address
        willServe(address)
        let listener = Listener(
            socket: socket, isPretty: isPretty, descriptors: DescriptorStore(limit: limits.namedDescriptors))
        loop.post { [self] in
            guard !inside.isShutDown else { return }
            do throws(SystemError) {
                listener.token = try loop.add(listener.socket.descriptor.number, .readable) { [weak self] _ in
                    self?.accept(from: listener)
                }
                inside.listeners.append(listener)
            } catch {
                notice("\(address) is not served: \(error)")
            }
        }
        return address
    }

    private func accept(from listener: Listener) {
        do throws(SystemError) {
            for _ in 0..<limits.backlog {
                guard let socket = try listener.socket.descriptor.accept() else { return }
                acceptsAgain()
                begin(socket, listener)
            }
        } catch {
            // Out of descriptors, most likely: a waiting client is accepted once others have gone. Nothing tells of that.
            switch inside.refusedAccepts.happened(at: clock.now()) {
            case .first: notice("no connection can be accepted; who comes waits until one can: \(error)")
            case .again(let times):
                notice("still no connection can be accepted, after \(times) more attempts: \(error)")
            case nil: break
            }
            let number = listener.socket.descriptor.number
            loop.change(number, [], token: listener.token)
            loop.schedule(after: limits.acceptPause) { [weak self] in
                self?.loop.change(number, .readable, token: listener.token)
            }
        }
    }

    private func acceptsAgain() {
        guard let trouble = inside.refusedAccepts.ended(at: clock.now()) else { return }
        notice("connections are accepted again, after \(trouble.count / 1_000_000_000) s")
    }

    /// Makes a monitor of a new connection, unless there are too many.
    private func begin(_ socket: consuming Descriptor, _ listener: Listener) {
        guard inside.monitors.count < limits.connections else {
            switch inside.refusedConnections.happened(at: clock.now()) {
            case .first: notice("a connection was refused: there are \(limits.connections) already")
            case .again(let times):
                notice("\(times) more connections were refused: there are \(limits.connections) already")
            case nil: break
            }
            return
        }
        _ = inside.refusedConnections.ended(at: clock.now())
        let connection = MonitorConnection(socket: socket, loop: loop, isPretty: listener.isPretty, limits: limits)
        let monitor = Monitor(
            connection: connection, loop: loop, hub: hub, dispatcher: dispatcher, limits: limits,
            descriptors: listener.descriptors,
            notice: { [notice, repeats] text in if let text = repeats.tell(text, text) { notice(text) } })
        let identity = ObjectIdentifier(monitor)
        inside.monitors[identity] = monitor
        listener.clients.insert(identity)
        connections.store(inside.monitors.count, ordering: .relaxed)
        monitor.start(greeting: MonitorSession.greeting(version)) { [weak self] in self?.ended(identity, listener) }
    }

    private func ended(_ monitor: ObjectIdentifier, _ listener: Listener) {
        inside.monitors[monitor] = nil
        listener.clients.remove(monitor)
        connections.store(inside.monitors.count, ordering: .relaxed)
        resumeIfEmpty()
    }

    private func resumeIfEmpty() {
        guard inside.isShutDown, inside.monitors.isEmpty else { return }
        for continuation in inside.whenEmpty { continuation.resume() }
        inside.whenEmpty = []
    }
}
