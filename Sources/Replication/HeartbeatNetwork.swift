import NIOCore
import NIOPosix
#if canImport(Glibc)
    import Glibc
#endif

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
/// into events. Knows nothing of the protocol.
final class HeartbeatNetwork: @unchecked Sendable {
    // SAFETY: `links` and `counter` are touched on `loop` alone.
    /// The longest time a dial may take.
    static let dialTimeout = TimeAmount.milliseconds(1000)
    /// Connections beyond this many are closed at once, so that a stranger cannot use up descriptors.
    static let connectionLimit = 16
    /// How long a connection lives whose bytes the other host does not confirm, so that a healed network is used again
    /// soon and not after the kernel's long retransmission delays.
    static let unconfirmedMilliseconds = 3000

    private let loop: any EventLoop
    private let handler: @Sendable (HeartbeatNetworkEvent) -> Void
    private var links: [HeartbeatLink: any Channel] = [:]
    private var listeners: [any Channel] = []
    private var counter: UInt64 = 0

    /// Reports to `handler`, on `loop`.
    init(loop: any EventLoop, handler: @escaping @Sendable (HeartbeatNetworkEvent) -> Void) {
        self.loop = loop
        self.handler = handler
    }

    /// Listens on an address; the future fails if that is not possible.
    func listen(host: String, port: Int) -> EventLoopFuture<Void> {
        ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 16)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(Self.userTimeout, value: SocketOptionValue(Self.unconfirmedMilliseconds))
            .childChannelInitializer { channel in
                channel.pipeline.addHandler(LinkHandler(network: self, path: nil))
            }
            .bind(host: host, port: port)
            .map { self.listeners.append($0) }
    }

    /// Dials peer address number `path`.
    func dial(path: Int, host: String, port: Int) {
        ClientBootstrap(group: loop)
            .connectTimeout(Self.dialTimeout)
            .channelOption(Self.userTimeout, value: SocketOptionValue(Self.unconfirmedMilliseconds))
            .channelInitializer { channel in
                channel.pipeline.addHandler(LinkHandler(network: self, path: path))
            }
            .connect(host: host, port: port)
            .whenFailure { error in self.handler(.dialFailed(path: path, refused: Self.isRefusal(error))) }
    }

    /// tcp(7): TCP_USER_TIMEOUT.
    private static let userTimeout = ChannelOptions.Types.SocketOption(
        level: .tcp, name: .init(rawValue: TCP_USER_TIMEOUT))

    /// Sends bytes; a link that is gone swallows them, and one that takes none is closed, with its event.
    func send(_ bytes: [UInt8], on link: HeartbeatLink) {
        guard let channel = links[link] else { return }
        guard channel.isWritable else { return channel.close(promise: nil) }
        channel.writeAndFlush(channel.allocator.buffer(bytes: bytes), promise: nil)
    }

    /// Closes a link; no `closed` event follows.
    func close(_ link: HeartbeatLink) { links.removeValue(forKey: link)?.close(promise: nil) }

    /// Closes everything.
    func shutDown() {
        for listener in listeners { listener.close(promise: nil) }
        for channel in links.values { channel.close(promise: nil) }
        listeners = []
        links = [:]
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
        links[link] = channel
        handler(.opened(link, path: path))
        return link
    }

    fileprivate func received(_ bytes: [UInt8], on link: HeartbeatLink) {
        if links[link] != nil { handler(.received(link, bytes)) }
    }

    fileprivate func ended(_ link: HeartbeatLink) {
        if links.removeValue(forKey: link) != nil { handler(.closed(link)) }
    }
}

/// Hands what happens on one channel to the network.
private final class LinkHandler: ChannelInboundHandler, @unchecked Sendable {
    // SAFETY: a channel handler runs on its channel's event loop alone.
    typealias InboundIn = ByteBuffer
    private let network: HeartbeatNetwork
    private let path: Int?
    private var link: HeartbeatLink?

    init(network: HeartbeatNetwork, path: Int?) {
        self.network = network
        self.path = path
    }

    func channelActive(context: ChannelHandlerContext) { link = network.opened(context.channel, path: path) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if let link { network.received(Array(buffer.readableBytesView), on: link) }
    }

    func channelInactive(context: ChannelHandlerContext) { if let link { network.ended(link) } }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
