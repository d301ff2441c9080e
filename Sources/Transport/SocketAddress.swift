import CLinux
import Environment
import Glibc
import SystemCalls

/// A resolved address, as bind(2) and connect(2) take it.
struct SocketAddress {
    let family: Int32
    let bytes: [UInt8]

    /// Every address that `address` stands for. A name is looked up until `deadline`, or until `cancellation` is raised.
    static func resolve(
        _ address: MigrationAddress, passive: Bool, by lookup: NameLookup, until deadline: Nanoseconds,
        cancellation: Cancellation?
    ) throws(TransportError) -> [SocketAddress] {
        switch address {
        case .unix(let path): return [try unix(path)]
        case .vsock(let cid, let port): return [try vsock(cid, port)]
        case .exec, .fd: preconditionFailure("only sockets have addresses")
        case .tcp(let host, let port):
            if let number = UInt64(port), number > 65535 {
                throw .resolution(address: address.name, reason: "port number \(port) exceeds 65535")
            }
            do throws(NameLookup.Failure) {
                let found = try lookup.addresses(
                    .init(host: host, port: port, isPassive: passive), until: deadline, orUntil: cancellation?.signal)
                return found.map { SocketAddress(family: $0.family, bytes: $0.bytes) }
            } catch .withdrawn {
                throw .cancelled
            } catch {
                throw .resolution(address: address.name, reason: error.description)
            }
        }
    }

    /// struct sockaddr_vm, vsock(7): family, reserved, port, context id, zeroes.
    private static func vsock(_ cid: String, _ port: String) throws(TransportError) -> SocketAddress {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        guard let cidNumber = number(cid) else { throw .badAddress("Failed to parse cid '\(cid)'") }
        guard let portNumber = number(port) else { throw .badAddress("Failed to parse port '\(port)'") }
        var bytes: [UInt8] = []
        unsafe withUnsafeBytes(of: sa_family_t(AF_VSOCK)) { unsafe bytes += $0 }
        bytes += [0, 0]
        unsafe withUnsafeBytes(of: portNumber) { unsafe bytes += $0 }
        unsafe withUnsafeBytes(of: cidNumber) { unsafe bytes += $0 }
        return SocketAddress(family: AF_VSOCK, bytes: bytes + [0, 0, 0, 0])
    }

    private static func number(_ text: String) -> UInt32? {
        text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
    }

    private static func unix(_ path: String) throws(TransportError) -> SocketAddress {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let raw = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        guard raw.count < capacity else { throw .badAddress("UNIX socket path '\(path)' is too long") }
        guard !raw.contains(0) else { throw .badAddress("invalid Unix socket address") }
        var value = sockaddr_un()
        value.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &value.sun_path) { unsafe $0.copyBytes(from: raw) }
        return unsafe withUnsafeBytes(of: value) { unsafe SocketAddress(family: AF_UNIX, bytes: Array($0)) }
    }

    /// Calls `body` with the C structure.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        unsafe bytes.withUnsafeBytes { raw in
            // SAFETY: the array holds a whole sockaddr of its family, and outlives the call.
            guard let base = raw.baseAddress else { preconditionFailure("a socket address is never empty") }
            return unsafe body(base.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
    }

    /// Whether it is an address of IPv4 or IPv6.
    var isInternet: Bool { family == AF_INET || family == AF_INET6 }

    /// The numeric host and port: getnameinfo(3). Nil if this is no internet address.
    var numericName: (host: String, port: String)? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        guard isInternet else { return nil }
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let code = unsafe withSocketAddress { address, length in
            unsafe getnameinfo(
                address, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
                NI_NUMERICHOST | NI_NUMERICSERV)
        }
        guard code == 0 else { return nil }
        func text(_ raw: [CChar]) -> String {
            String(decoding: raw.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return (text(host), text(port))
    }

    /// Context id and port. Nil if this is no address of vsock(7).
    var vsockName: (cid: String, port: String)? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        guard family == AF_VSOCK, bytes.count >= 12 else { return nil }
        func number(at offset: Int) -> String {
            unsafe String(bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) })
        }
        return (number(at: 8), number(at: 4))
    }

    /// The address that a socket is bound to: getsockname(2).
    static func bound(to descriptor: Int32, family: Int32) -> SocketAddress? {
        // SAFETY: the call uses the places of its arguments until it returns, and no longer.
        unsafe read(family) { unsafe getsockname(descriptor, $0, $1) }
    }

    /// The address that a socket is connected to: getpeername(2).
    static func peer(of descriptor: Int32, family: Int32) -> SocketAddress? {
        // SAFETY: the call uses the places of its arguments until it returns, and no longer.
        unsafe read(family) { unsafe getpeername(descriptor, $0, $1) }
    }

    /// Which host it is, without the port; nil if the family has no such thing.
    var host: ArraySlice<UInt8>? {
        switch family {
        case AF_INET where bytes.count >= 8: bytes[4..<8]
        case AF_INET6 where bytes.count >= 24: bytes[8..<24]
        default: nil
        }
    }

    private static func read(
        _ family: Int32, by call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
        var length = socklen_t(bytes.count)
        let result = unsafe bytes.withUnsafeMutableBytes { raw in
            // SAFETY: the call writes at most `length` bytes, the size of the buffer.
            unsafe raw.baseAddress.map { unsafe call($0.assumingMemoryBound(to: sockaddr.self), &length) } ?? -1
        }
        guard result == 0, Int(length) <= bytes.count else { return nil }
        return SocketAddress(family: family, bytes: Array(bytes.prefix(Int(length))))
    }

    /// A new socket for this address: socket(2), not blocking, close-on-exec.
    func makeSocket() throws(TransportError) -> Int32 {
        let descriptor = socket(
            family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw .last("Failed to create socket") }
        return descriptor
    }
}

/// Sets an integer option: setsockopt(2). What the kernel does not know is no reason to give up a channel.
func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    // SAFETY: the calls use the places of their arguments until they return, and no longer.
    var value = value
    _ = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
}

/// Whether a socket is of AF_UNIX.
func isLocal(_ descriptor: Int32) -> Bool { family(of: descriptor) == AF_UNIX }

/// Whether a TCP socket is connected to an address of this host: a host talks to itself from the address that it talks to.
func endsOnThisHost(_ descriptor: Int32) -> Bool {
    guard let family = family(of: descriptor),
        let own = SocketAddress.bound(to: descriptor, family: family)?.host
    else { return false }
    return own == SocketAddress.peer(of: descriptor, family: family)?.host
}

/// The family of a socket: SO_DOMAIN of socket(7).
private func family(of descriptor: Int32) -> Int32? {
    // SAFETY: the call uses the places of its arguments until it returns, and no longer.
    var domain: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 ? domain : nil
}
