import Environment
import Glibc
import NIOCore
import NIOPosix
import SystemCalls

/// One TCP connection of the heartbeat, as long as it is open.
public struct HeartbeatLink: Hashable, Sendable {
    /// Unique in this process.
    public let number: UInt64
}

/// What happens on the heartbeat's sockets. All of it comes on one event loop.
public enum HeartbeatNetworkEvent: Sendable {
    /// A connection is up. `path` is the index of the peer address it was dialled to; nil if the peer dialled.
    case opened(HeartbeatLink, path: Int?)
    /// Bytes came in.
    case received(HeartbeatLink, [UInt8])
    /// The connection ended, by the peer or by an error.
    case closed(HeartbeatLink)
    /// Dialling peer address `path` failed; `refused` if a living host said that nobody listens there.
    case dialFailed(path: Int, refused: Bool)
}

/// The sockets of the heartbeat: listens on the local addresses, dials the peer's when told, and turns everything
/// into events. Tells which networks are down. Knows nothing of the protocol.
final class HeartbeatNetwork: @unchecked Sendable {
    // SAFETY: everything mutable is touched on `loop` alone.
    /// The longest time a dial may take.
    static let dialTimeout = TimeAmount.milliseconds(1000)
    /// Connections beyond this many are closed at once, so that an unauthenticated peer cannot use up descriptors.
    static let connectionLimit = 16
    /// How long a connection lives whose bytes the other host does not confirm, so that a healed network is used again
    /// soon and not after the kernel's long retransmission delays.
    static let unconfirmedMilliseconds = 3000
    /// How often it is looked whether the local addresses are there.
    static let lookPause = TimeAmount.seconds(1)

    private struct Link {
        let channel: any Channel
        /// The peer address that was dialled; nil if the peer dialled.
        let path: Int?
    }

    private let loop: any EventLoop
    private let own: [HeartbeatAddress]
    private let peer: [HeartbeatAddress]
    private let patience: TimeAmount
    private let log: @Sendable (PairNotice) -> Void
    private let handler: @Sendable (HeartbeatNetworkEvent) -> Void
    private let clock = SystemClock()
    private var links: [HeartbeatLink: Link] = [:]
    private var listeners: HeartbeatListeners?
    private var watch: HeartbeatNetworkWatch
    private var looks: RepeatedTask?
    private var counter: UInt64 = 0

    /// Reports to `handler`, on `loop`. `log` gets what an operator is told, there too.
    init(
        loop: any EventLoop, own: [HeartbeatAddress], peer: [HeartbeatAddress],
        patience: TimeAmount = HeartbeatListeners.patience,
        log: @escaping @Sendable (PairNotice) -> Void,
        handler: @escaping @Sendable (HeartbeatNetworkEvent) -> Void
    ) {
        self.loop = loop
        self.own = own
        self.peer = peer
        self.patience = patience
        self.log = log
        self.handler = handler
        watch = HeartbeatNetworkWatch(own: own, peer: peer)
    }

    /// Listens on the local addresses, and waits for those that do not exist; the future fails with a `ListenProblem`.
    func listen() -> EventLoopFuture<Void> {
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 16)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // ip(7): an address that no interface has yet can be listened on all the same, in either family.
            .serverChannelOption(Self.freeBind, value: 1)
            .serverChannelInitializer { Self.closeOnExec($0) }
            .childChannelOption(Self.userTimeout, value: SocketOptionValue(Self.unconfirmedMilliseconds))
            .childChannelInitializer { channel in
                Self.closeOnExec(channel).flatMap {
                    channel.pipeline.addHandler(LinkHandler(network: self, path: nil))
                }
            }
        let listeners = HeartbeatListeners(
            loop: loop, addresses: own, patience: patience, bootstrap: bootstrap, log: log)
        return loop.submit { [self] in
            self.listeners = listeners
            looks = loop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.lookPause) { [weak self] _ in
                self?.look()
            }
        }.flatMap { listeners.open() }
    }

    /// Dials peer address number `path`.
    func dial(path: Int, host: String, port: Int) {
        ClientBootstrap(group: loop)
            .connectTimeout(Self.dialTimeout)
            .channelOption(Self.userTimeout, value: SocketOptionValue(Self.unconfirmedMilliseconds))
            .channelInitializer { channel in
                Self.closeOnExec(channel).flatMap {
                    channel.pipeline.addHandler(LinkHandler(network: self, path: path))
                }
            }
            .connect(host: host, port: port)
            .whenFailure { [self] error in
                isDown(path, Self.reason(error))
                handler(.dialFailed(path: path, refused: Self.isRefusal(error)))
            }
    }

    /// ip(7): IP_FREEBIND, which ipv6(7) sockets take as well.
    private static let freeBind = ChannelOptions.Types.SocketOption(level: .ip, name: .init(rawValue: IP_FREEBIND))

    /// tcp(7): TCP_USER_TIMEOUT.
    private static let userTimeout = ChannelOptions.Types.SocketOption(
        level: .tcp, name: .init(rawValue: TCP_USER_TIMEOUT))

    /// SwiftNIO makes sockets that a child process would inherit.
    private static func closeOnExec(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                Descriptor.closeOnExec($0)
            }
        }
    }

    /// Sends bytes; a link that is gone swallows them, and one that takes none is closed, with its event.
    func send(_ bytes: [UInt8], on link: HeartbeatLink) {
        guard let channel = links[link]?.channel else { return }
        guard channel.isWritable else { return channel.close(promise: nil) }
        channel.writeAndFlush(channel.allocator.buffer(bytes: bytes), promise: nil)
    }

    /// The host at the other end of a link; nil if the link is gone.
    func address(of link: HeartbeatLink) -> String? { links[link]?.channel.remoteAddress?.ipAddress }

    /// Closes a link; no `closed` event follows.
    func close(_ link: HeartbeatLink) {
        guard let closed = links.removeValue(forKey: link) else { return }
        closed.channel.close(promise: nil)
        isGone(closed, "it was silent, or no member of this pair with its key")
    }

    /// Closes everything.
    func shutDown() {
        looks?.cancel()
        listeners?.close()
        listeners = nil
        for link in links.values { link.channel.close(promise: nil) }
        links = [:]
    }

    // MARK: Which networks are down

    private func look() {
        let now = clock.now()
        for (index, address) in listeners?.bound ?? [:] {
            let why = "this host has no such address (is the interface configured, and the cable plugged in?)"
            watch.note(.own(index), isUp: HeartbeatAddress.isLocal(address), why: why, now: now)
        }
        for notice in watch.news(now: now) { log(notice) }
    }

    private func isDown(_ path: Int, _ why: String) { watch.note(.peer(path), isUp: false, why: why, now: clock.now()) }

    private func isGone(_ link: Link, _ why: String) {
        guard let path = link.path, !links.values.contains(where: { $0.path == path }) else { return }
        isDown(path, why)
    }

    private static func reason(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError, let first = error.connectionErrors.first {
            return reason(first.error)
        }
        if let error = error as? IOError { return SystemError.text(of: error.errnoCode) }
        if case ChannelError.connectTimeout = error { return "no answer" }
        return "\(error)"
    }

    private static func isRefusal(_ error: any Error) -> Bool {
        if let error = error as? IOError { return error.errnoCode == ECONNREFUSED }
        guard let error = error as? NIOConnectionError, error.dnsAError == nil || error.dnsAAAAError == nil else {
            return false
        }
        return !error.connectionErrors.isEmpty
            && error.connectionErrors.allSatisfy { ($0.error as? IOError)?.errnoCode == ECONNREFUSED }
    }

    fileprivate func opened(_ channel: any Channel, path: Int?) -> HeartbeatLink? {
        guard links.count < Self.connectionLimit else {
            channel.close(promise: nil)
            if let path { handler(.dialFailed(path: path, refused: false)) }
            return nil
        }
        counter += 1
        let link = HeartbeatLink(number: counter)
        links[link] = Link(channel: channel, path: path)
        if let path { watch.note(.peer(path), isUp: true, now: clock.now()) }
        handler(.opened(link, path: path))
        return link
    }

    fileprivate func received(_ bytes: [UInt8], on link: HeartbeatLink) {
        if links[link] != nil { handler(.received(link, bytes)) }
    }

    fileprivate func ended(_ link: HeartbeatLink, _ failure: (any Error)?) {
        guard let ended = links.removeValue(forKey: link) else { return }
        isGone(ended, failure.map(Self.reason) ?? "the peer closed it")
        handler(.closed(link))
    }
}

/// Hands what happens on one channel to the network.
private final class LinkHandler: ChannelInboundHandler, @unchecked Sendable {
    // SAFETY: a channel handler runs on its channel's event loop alone.
    typealias InboundIn = ByteBuffer
    private let network: HeartbeatNetwork
    private let path: Int?
    private var link: HeartbeatLink?
    private var failure: (any Error)?

    init(network: HeartbeatNetwork, path: Int?) {
        self.network = network
        self.path = path
    }

    func channelActive(context: ChannelHandlerContext) { link = network.opened(context.channel, path: path) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if let link { network.received(Array(buffer.readableBytesView), on: link) }
    }

    func channelInactive(context: ChannelHandlerContext) { if let link { network.ended(link, failure) } }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = error
        context.close(promise: nil)
    }
}
