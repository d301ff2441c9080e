import CLinux
import Glibc

/// `count` different TCP ports of 127.0.0.1 that nobody used a moment ago.
public func freeLoopbackPorts(_ count: Int) throws -> [UInt16] {
    // Bound all at once, so that they differ, and given back together.
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    return try (0..<count).map { _ in
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        sockets.append(number)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            // SAFETY: every socket address starts with the generic one; the length is the real one.
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, length) != 0 || getsockname(number, $0, &length) != 0
            }
        }
        if failed { throw LabError("no free port on the loopback interface") }
        return UInt16(bigEndian: address.sin_port)
    }
}

/// The ports of a pair that has no hosts of its own.
struct LoopbackPorts: Sendable {
    private let ports: [UInt16]

    init() throws { ports = try freeLoopbackPorts(6) }

    func redis(_ side: Side) -> UInt16 { ports[side == .a ? 0 : 1] }

    func addresses(_ side: Side) -> PairConfiguration.Addresses {
        let first = side == .a ? 2 : 4
        return .init(replication: "tcp:127.0.0.1:\(ports[first])", heartbeat: ["tcp:127.0.0.1:\(ports[first + 1])"])
    }
}
