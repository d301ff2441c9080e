import CLinux
import Environment
import Glibc
import SystemCalls

@testable import PacketPath

/// What arrives for the guest, kept until a test looks for it.
final class Inbox: Sendable {
    private let frames = ThreadGate<[[UInt8]]>([])

    func take(_ frame: [UInt8]) { frames.withLock { $0.append(frame) } }

    /// All frames that nobody took out.
    func drain() -> [[UInt8]] {
        frames.withLock { frames in
            defer { frames = [] }
            return frames
        }
    }

    /// The first frame that fits, which is taken out; nil after ten seconds.
    func first(where fits: ([UInt8]) -> Bool) -> [UInt8]? {
        frames.wait(until: SystemClock().now() + .seconds(10)) { frames in
            frames.firstIndex(where: fits).map { frames.remove(at: $0) }
        }
    }
}

/// Why network namespaces and taps cannot be had here; nil if they can.
let missingPrivilege: String? = {
    guard geteuid() == 0 else { return "needs root, to make a network namespace and taps in it" }
    guard access("/dev/net/tun", R_OK | W_OK) == 0 else { return "needs /dev/net/tun" }
    return nil
}()

/// Runs `body` on this thread in a network namespace of its own, which vanishes with all that was made in it.
func inOwnNetworkNamespace(_ body: () throws -> Void) throws {
    let home = try Descriptor.open("/proc/self/task/\(clinux_gettid())/ns/net", flags: O_RDONLY)
    guard clinux_unshare_network() == 0 else { throw SystemError(code: errno, call: "unshare") }
    defer { precondition(clinux_set_network_namespace(home.number) == 0, "this thread has lost its network namespace") }
    try body()
}

/// A bridge in the namespace of the calling thread, set up.
func makeBridge(_ name: String) throws {
    let control = try controlSocket()
    let added = name.withCString {
        clinux_ioctl(control.number, UInt(SIOCBRADDBR), UnsafeMutableRawPointer(mutating: $0))
    }
    guard added == 0 else { throw SystemError(code: errno, call: "SIOCBRADDBR") }
    let flags = clinux_interface_flags(control.number, name)
    guard clinux_set_interface_flags(control.number, name, flags | Int32(IFF_UP)) == 0 else {
        throw SystemError(code: errno, call: "SIOCSIFFLAGS")
    }
}

/// Whether an interface exists in the namespace of the calling thread.
func interfaceExists(_ name: String) throws -> Bool {
    let control = try controlSocket()
    return clinux_interface_index(control.number, name) > 0
}

private func controlSocket() throws -> Descriptor { try inetSocket(datagram: true) }

/// An IPv4 socket.
func inetSocket(datagram: Bool = false) throws -> Descriptor {
    let kind = datagram ? SOCK_DGRAM : SOCK_STREAM
    let number = socket(AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { throw SystemError(code: errno, call: "socket") }
    return Descriptor(owning: number)
}

/// Binds to 127.0.0.1 and returns the port; 0 asks for a free one.
func bindLoopback(_ socket: borrowing Descriptor, port: UInt16 = 0) throws -> UInt16 {
    var address = loopback(port)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(socket.number, $0, length) == 0 && getsockname(socket.number, $0, &length) == 0 ? 0 : errno
        }
    }
    guard code == 0 else { throw SystemError(code: code, call: "bind") }
    return UInt16(bigEndian: address.sin_port)
}

/// Connects to a port of 127.0.0.1; a listener's backlog takes the connection without anybody accepting.
func connectLoopback(_ socket: borrowing Descriptor, port: UInt16) throws {
    var address = loopback(port)
    let code = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(socket.number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? 0 : errno
        }
    }
    guard code == 0 else { throw SystemError(code: code, call: "connect") }
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
    return address
}

/// A port of 127.0.0.1 that nobody uses at this moment.
func freePort() throws -> UInt16 {
    let probe = try inetSocket()
    return try bindLoopback(probe)
}
