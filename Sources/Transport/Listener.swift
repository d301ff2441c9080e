import CLinux
import Environment
import Glibc
import Synchronization
import SystemCalls

/// A socket that waits for the peer of an incoming migration. A unix socket gets mode 0600, and its path is removed
/// when the listener ends: by `stop`, or with its last reference.
public final class Listener: Sendable {
    /// Where it listens; with the port that the kernel chose, if 0 was asked for.
    public let address: MigrationAddress
    private let descriptor: Int32
    private let path: String?
    private let isStopped = Mutex(false)

    /// Binds and listens. Fails at once if the address cannot be resolved or is taken.
    public init(_ address: MigrationAddress, backlog: Int32 = 1) throws(TransportError) {
        var failure = TransportError.badAddress("no address for '\(address.name)'")
        var bound: Int32 = -1
        for candidate in try SocketAddress.resolve(address, passive: true) {
            do {
                bound = try Self.bind(candidate, address, backlog: backlog)
                break
            } catch {
                failure = error
            }
        }
        guard bound >= 0 else { throw failure }
        descriptor = bound
        switch address {
        case .unix(let path):
            self.path = path
            self.address = address
        case .tcp(let host, let port):
            path = nil
            self.address = .tcp(host: host, port: Self.port(of: bound) ?? port)
        }
    }

    deinit { stop() }

    /// Listens no more: who connects from now on is refused, and the address is free when this returns. Not while
    /// another thread is in `accept`.
    public func stop() {
        let wasStopped = isStopped.withLock { stopped in
            defer { stopped = true }
            return stopped
        }
        guard !wasStopped else { return }
        if let path { unlink(path) }
        close(descriptor)
    }

    /// Waits for a connection. Not after `stop`.
    public func accept(cancellation: Cancellation, deadline: Nanoseconds = .never) throws(TransportError) -> Channel {
        while true {
            switch waitReady(descriptor, POLLIN, until: deadline, cancellation: cancellation.descriptor) {
            case .cancelled: throw .cancelled
            case .timedOut: throw .stalled(action: "Waiting for a connection on \(address)", milliseconds: 0)
            case .ready: break
            }
            let number = accept4(
                descriptor, __SOCKADDR_ARG(), nil, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
            if number >= 0 { return Channel(Descriptor(owning: number), name: address.name) }
            // A client that left again is no failure of the listener.
            guard [EAGAIN, EINTR, ECONNABORTED].contains(errno) else { throw .last("Unable to accept connection") }
        }
    }

    private static func bind(
        _ candidate: SocketAddress, _ address: MigrationAddress, backlog: Int32
    ) throws(TransportError) -> Int32 {
        let number = try candidate.makeSocket()
        let descriptor = Descriptor(owning: number)
        if case .unix(let path) = address {
            // The mode must be right before the path exists; a stale path of an earlier process is in the way.
            fchmod(number, 0o600)
            unlink(path)
        } else {
            setOption(number, SOL_SOCKET, SO_REUSEADDR, 1)
        }
        guard candidate.withSocketAddress({ Glibc.bind(number, $0, $1) }) == 0 else {
            throw .last("Failed to bind socket to \(address.name)")
        }
        guard listen(number, backlog) == 0 else { throw .last("Failed to listen on \(address.name)") }
        return descriptor.release()
    }

    private static func port(of descriptor: Int32) -> String? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutableBytes(of: &storage) { raw in
            // SAFETY: getsockname writes at most `length` bytes, the size of the storage.
            raw.baseAddress.map { getsockname(descriptor, $0.assumingMemoryBound(to: sockaddr.self), &length) } ?? -1
        }
        guard result == 0 else { return nil }
        // Family, then the port in network order: the same place for IPv4 and IPv6.
        return withUnsafeBytes(of: &storage) {
            String(UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        }
    }
}
