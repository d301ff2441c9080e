import CLinux
public import Environment
import Glibc
import Synchronization
public import SystemCalls

/// Waits for the peer of an incoming migration: on sockets, or for the first bytes of a command or a passed descriptor.
/// A unix socket gets mode 0600, and its path is removed when the listener ends: by `stop`, or with its last reference.
public final class Listener: Sendable {
    private enum Source {
        case sockets([Int32])
        case channel(Channel)
    }

    /// Where it listens, numeric and with the port that the kernel chose if 0 was asked for; one entry a socket, none
    /// for commands and passed descriptors.
    public let addresses: [MigrationAddress]
    /// The first of `addresses`, or what was asked for.
    public let address: MigrationAddress
    private let source: Source
    private let path: String?
    private let isStopped = Mutex(false)
    /// How long no connection is accepted after the process ran out of descriptors or memory.
    private static let acceptPause = Nanoseconds.milliseconds(100)

    /// Binds and listens, on every address that the name stands for; or starts the command. Fails at once if that
    /// cannot be done for any of them. With `freeBind` an internet address that no interface has yet will do. Nothing is
    /// waited for but the lookup of a name, at most for `deadline`.
    public init(
        _ address: MigrationAddress, backlog: Int32 = 1, freeBind: Bool = false, cancellation: Cancellation? = nil,
        within deadline: Nanoseconds = .milliseconds(Transport.connectDeadlineMilliseconds),
        lookup: NameLookup = .system
    ) throws(TransportError) {
        if case .exec(let command) = address {
            self.address = address
            addresses = []
            path = nil
            source = .channel(try Channel.execute(command))
            return
        }
        guard !address.isDescriptor else { throw .unknownDescriptor(name: address.name) }
        var failure: TransportError?
        var sockets: [Int32] = []
        var bound: [MigrationAddress] = []
        let all = try SocketAddress.resolve(
            address, passive: true, by: lookup, until: SystemClock().now() + deadline, cancellation: cancellation)
        for candidate in Self.inOrder(all, of: address) {
            do {
                let socket = try Self.bind(candidate, address, backlog: backlog, freeBind: freeBind)
                sockets.append(socket)
                bound.append(Self.boundAddress(of: socket, candidate, address))
            } catch {
                failure = failure ?? error
            }
        }
        guard let first = bound.first else {
            throw failure ?? TransportError.badAddress("no address for '\(address.name)'")
        }
        source = .sockets(sockets)
        addresses = bound
        self.address = first
        if case .unix(let path) = address { self.path = path } else { path = nil }
    }

    /// A listener for the one peer that a passed descriptor leads to.
    public init(adopting channel: Channel, as address: MigrationAddress) {
        self.address = address
        addresses = []
        path = nil
        source = .channel(channel)
    }

    deinit { stop() }

    /// Listens no more: who connects from now on is refused, and the address is free when this returns. Not while
    /// another thread is in `accept`.
    public func stop() {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let wasStopped = isStopped.withLock { stopped in
            defer { stopped = true }
            return stopped
        }
        guard !wasStopped, case .sockets(let sockets) = source else { return }
        if let path { unsafe unlink(path) }
        for socket in sockets { close(socket) }
    }

    /// Waits for a connection, or for the first bytes of a command or a passed descriptor; `.closedByPeer` if those end
    /// without one. Not after `stop`.
    public func accept(cancellation: Cancellation, deadline: Nanoseconds = .never) throws(TransportError) -> Channel {
        switch source {
        case .channel(let channel):
            guard try channel.awaitBytes(cancellation: cancellation, deadline: deadline) else { throw .closedByPeer }
            return channel
        case .sockets:
            guard let channel = try accept(cancellation: cancellation, orUntil: nil, deadline: deadline) else {
                throw .cancelled
            }
            return channel
        }
    }

    /// Waits for a connection, or until `signal` is raised, which it leaves as it is: then nil. Whoever cancels the wait for
    /// a command or a passed descriptor raises `signal` as well. Not after `stop`.
    func accept(
        cancellation: Cancellation, orUntil signal: EventSignal?, deadline: Nanoseconds
    ) throws(TransportError) -> Channel? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let sockets: [Int32]
        switch source {
        case .sockets(let all): sockets = all
        case .channel(let channel):
            do throws(TransportError) {
                let other = signal?.descriptor ?? cancellation.descriptor
                guard try channel.awaitBytes(orUntil: other, deadline: deadline) else { throw .closedByPeer }
                return channel
            } catch .cancelled where !cancellation.isCancelled {
                return nil
            }
        }
        while true {
            let wait = waitAny(
                sockets, Int32(POLLIN), until: deadline,
                cancellations: (cancellation.descriptor, signal?.descriptor ?? -1))
            switch wait.result {
            case .cancelled:
                if cancellation.isCancelled { throw .cancelled }
                return nil
            case .timedOut: throw .stalled(action: "Waiting for a connection on \(address)", milliseconds: 0)
            case .ready: break
            }
            let number = unsafe accept4(
                sockets[wait.index], __SOCKADDR_ARG(), nil, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
            if number >= 0 { return Channel(Descriptor(owning: number), name: address.name) }
            switch errno {
            // A client that left again is no failure of the listener.
            case EAGAIN, EINTR, ECONNABORTED: break
            // The client waits until there is room; nothing tells of that.
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                let pauseEnd = min(deadline, SystemClock().now() + Self.acceptPause)
                if waitReady(-1, 0, until: pauseEnd, cancellation: cancellation.descriptor) == .cancelled {
                    throw .cancelled
                }
            default: throw .last("Unable to accept connection")
            }
        }
    }

    /// The addresses in the order in which clients know them: of "any", that of IPv6 comes first.
    private static func inOrder(_ all: [SocketAddress], of address: MigrationAddress) -> [SocketAddress] {
        guard case .tcp("", _) = address else { return all }
        return all.filter { $0.family == AF_INET6 } + all.filter { $0.family != AF_INET6 }
    }

    private static func bind(
        _ candidate: SocketAddress, _ address: MigrationAddress, backlog: Int32, freeBind: Bool
    ) throws(TransportError) -> Int32 {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let number = try candidate.makeSocket()
        let descriptor = Descriptor(owning: number)
        var place = "socket"
        if case .unix(let path) = address {
            // The mode must be right before the path exists; a stale path of an earlier process is in the way.
            fchmod(number, 0o600)
            unsafe unlink(path)
            place = "socket to \(path)"
        } else {
            setOption(number, SOL_SOCKET, SO_REUSEADDR, 1)
            // ip(7), of both families.
            if freeBind, candidate.isInternet { setOption(number, Int32(IPPROTO_IP), IP_FREEBIND, 1) }
            // Each family has a socket of its own.
            if candidate.family == AF_INET6 { setOption(number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        }
        guard unsafe candidate.withSocketAddress({ unsafe Glibc.bind(number, $0, $1) }) == 0 else {
            throw .last(errno == EADDRINUSE ? "Failed to find an available port" : "Failed to bind \(place)")
        }
        guard listen(number, backlog) == 0 else {
            throw .last(errno == EADDRINUSE ? "Failed to find an available port" : "Failed to listen on socket")
        }
        return descriptor.release()
    }

    private static func boundAddress(
        of socket: Int32, _ candidate: SocketAddress, _ asked: MigrationAddress
    ) -> MigrationAddress {
        guard let bound = SocketAddress.bound(to: socket, family: candidate.family) else { return asked }
        if let name = bound.numericName { return .tcp(host: name.host, port: name.port) }
        if let name = bound.vsockName { return .vsock(cid: name.cid, port: name.port) }
        return asked
    }
}
