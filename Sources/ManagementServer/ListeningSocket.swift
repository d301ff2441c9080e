import Environment
import Glibc
import SystemCalls

/// A socket that clients connect to.
struct ListeningSocket: ~Copyable {
    let descriptor: Descriptor
    /// Where it listens, with the port that the kernel chose.
    let address: ManagementAddress
    /// Its file, if it is ours to remove.
    let file: SocketFile?

    /// Listens on `address`. A socket file that nobody listens on any more is replaced.
    static func open(_ address: ManagementAddress, backlog: Int32) throws(SystemError) -> ListeningSocket {
        switch address {
        case .unix(let path):
            let descriptor = try UnixSocket.bind(path)
            try start(descriptor, backlog, address)
            return ListeningSocket(descriptor: descriptor, address: address, file: SocketFile(path))
        case .tcp(let host, let port):
            let descriptor = try bind(host, port)
            try start(descriptor, backlog, address)
            let chosen = Self.port(of: descriptor.number) ?? port
            return ListeningSocket(descriptor: descriptor, address: .tcp(host: host, port: chosen), file: nil)
        }
    }

    /// Takes over a socket that somebody else, such as systemd, listens on.
    static func adopt(_ descriptor: consuming Descriptor) throws(SystemError) -> ListeningSocket {
        try descriptor.setNonBlocking(true)
        let address = address(of: descriptor.number)
        return ListeningSocket(descriptor: descriptor, address: address, file: nil)
    }

    private static func start(
        _ descriptor: borrowing Descriptor, _ backlog: Int32, _ address: ManagementAddress
    ) throws(SystemError) {
        guard listen(descriptor.number, backlog) == 0 else {
            throw SystemError(code: errno, call: "listen", subject: address.description)
        }
        try descriptor.setNonBlocking(true)
    }

    /// How long a name server may take.
    private static let lookupDeadline = Nanoseconds.seconds(10)

    private static func bind(_ host: String, _ port: UInt16) throws(SystemError) -> Descriptor {
        let addresses: [NameLookup.Address]
        do {
            addresses = try NameLookup.system.addresses(
                .init(host: host, port: "\(port)", isPassive: true), until: SystemClock().now() + lookupDeadline)
        } catch {
            throw SystemError(code: EADDRNOTAVAIL, call: "getaddrinfo", subject: host)
        }
        var problem = SystemError(code: EADDRNOTAVAIL, call: "bind", subject: host)
        for address in addresses {
            let number = socket(address.family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard number >= 0 else { continue }
            let descriptor = Descriptor(owning: number)
            SocketOption.set(number, SOL_SOCKET, SO_REUSEADDR, to: 1)
            let isBound = unsafe address.bytes.withUnsafeBytes { raw in
                // SAFETY: the array holds a whole sockaddr of its family, and outlives the call.
                unsafe raw.baseAddress.map {
                    unsafe Glibc.bind(number, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count)) == 0
                } ?? false
            }
            if isBound { return descriptor }
            problem = SystemError(code: errno, call: "bind", subject: "\(host):\(port)")
        }
        throw problem
    }

    private static func port(of number: Int32) -> UInt16? {
        if case .tcp(_, let port) = address(of: number) { port } else { nil }
    }

    /// getsockname(2), as an address.
    private static func address(of number: Int32) -> ManagementAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // SAFETY: getsockname fills the storage up to `length`, and each family's structure fits into it.
        return unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            guard let base = bytes.baseAddress,
                unsafe getsockname(number, base.assumingMemoryBound(to: sockaddr.self), &length) == 0
            else { return .unix(path: "") }
            var host = [CChar](repeating: 0, count: 256)
            switch unsafe Int32(base.loadUnaligned(as: sa_family_t.self)) {
            case AF_INET, AF_INET6:
                var service = [CChar](repeating: 0, count: 16)
                unsafe getnameinfo(
                    base.assumingMemoryBound(to: sockaddr.self), length, &host, socklen_t(host.count), &service,
                    socklen_t(service.count), NI_NUMERICHOST | NI_NUMERICSERV)
                return .tcp(host: text(host), port: UInt16(text(service)) ?? 0)
            default:
                let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
                let path = unsafe bytes[offset..<max(offset, min(Int(length), bytes.count))].prefix { $0 != 0 }
                return unsafe .unix(path: String(decoding: path, as: UTF8.self))
            }
        }
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
