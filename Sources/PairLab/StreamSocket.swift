import CLinux
import Environment
public import Glibc
public import SystemCalls

/// A connected stream socket whose every wait ends at a deadline.
final class StreamSocket: Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    /// Connects to a TCP port from inside the network namespace of `host`.
    static func tcp(_ address: String, _ port: UInt16, from host: LabHost, within limit: Duration) throws
        -> StreamSocket
    {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, address, &target.sin_addr) == 1 else {
            throw LabError("\(address) is no IPv4 address")
        }
        let socket = try host.perform { try open(AF_INET) }
        SocketOption.set(socket.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, to: 1)
        try unsafe withUnsafePointer(to: target) { pointer in
            // SAFETY: every socket address starts with the generic one; the length given is the real one.
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try unsafe socket.connect(
                    $0, socklen_t(MemoryLayout<sockaddr_in>.size), "\(address):\(port)", within: limit)
            }
        }
        return socket
    }

    /// Connects to the Unix socket at `path`.
    static func unix(_ path: String, within limit: Duration) throws -> StreamSocket {
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: target.sun_path) else { throw LabError("\(path) is too long") }
        unsafe withUnsafeMutableBytes(of: &target.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let socket = try open(AF_UNIX)
        try unsafe withUnsafePointer(to: target) { pointer in
            // SAFETY: as above.
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try unsafe socket.connect($0, socklen_t(MemoryLayout<sockaddr_un>.size), path, within: limit)
            }
        }
        return socket
    }

    /// Sends all of `bytes`.
    func send(_ bytes: [UInt8], within limit: Duration) throws {
        let deadline = SystemClock().now() + Nanoseconds(limit)
        var offset = 0
        while offset < bytes.count {
            // SAFETY: the range lies in the array, which lives through the call.
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress.map { unsafe $0 + offset }, buffer.count - offset,
                    Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                offset += count
            } else if errno == EAGAIN {
                try wait(for: Int16(POLLOUT), until: deadline)
            } else if errno != EINTR {
                throw LabError("send: \(SystemError.text(of: errno))")
            }
        }
    }

    /// Sends all of `bytes`, which are few, and a copy of a descriptor with them.
    func send(_ bytes: [UInt8], passing other: Int32) throws {
        // SAFETY: the array lives through the call.
        let count = unsafe bytes.withUnsafeBytes { unsafe StreamMessage.send(descriptor, $0, descriptors: [other]) }
        guard count == bytes.count else { throw LabError("a descriptor cannot be passed") }
    }

    /// The bytes that come next; empty once the peer has closed.
    func receive(within limit: Duration) throws -> [UInt8] {
        let deadline = SystemClock().now() + Nanoseconds(limit)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // SAFETY: reads at most the buffer's length into it.
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count >= 0 { return Array(buffer[..<count]) }
            if errno == EAGAIN {
                try wait(for: Int16(POLLIN), until: deadline)
            } else if errno != EINTR {
                throw LabError("receive: \(SystemError.text(of: errno))")
            }
        }
    }

    /// Ends both directions, which wakes a thread that waits in `receive`.
    func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Ends the direction to the peer, which then reads the end of the stream.
    func shutDownSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    private static func open(_ family: Int32) throws -> StreamSocket {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = socket(family, kind, 0)
        guard number >= 0 else { throw LabError("socket: \(SystemError.text(of: errno))") }
        return StreamSocket(descriptor: number)
    }

    private func connect(
        _ target: UnsafePointer<sockaddr>, _ length: socklen_t, _ name: String, within limit: Duration
    ) throws {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        if unsafe Glibc.connect(descriptor, target, length) == 0 { return }
        guard errno == EINPROGRESS else {
            throw LabError("connect \(name): \(SystemError.text(of: errno))")
        }
        try wait(for: Int16(POLLOUT), until: SystemClock().now() + Nanoseconds(limit))
        var code: Int32 = 0
        var size = socklen_t(4)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        guard code == 0 else { throw LabError("connect \(name): \(SystemError.text(of: code))") }
    }

    private func wait(for events: Int16, until deadline: Nanoseconds) throws {
        let left = (deadline - SystemClock().now()).inMilliseconds
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        guard Poll.wait(for: &entry, milliseconds: Int32(left.rounded(.up))) != 0 || left <= 0 else {
            throw LabError("no answer in time")
        }
        if left <= 0, entry.revents == 0 { throw LabError("no answer in time") }
    }
}

extension LabHost {
    /// An IPv4 socket of `kind` (SOCK_STREAM, SOCK_RAW, …) that never blocks, connected from inside the network namespace of
    /// this host; of a stream the connection may still be under way.
    public func connect(
        _ kind: __socket_type, protocol: Int32 = 0, to address: String, port: UInt16 = 0
    ) throws -> Descriptor {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, address, &target.sin_addr) == 1 else {
            throw LabError("\(address) is no IPv4 address")
        }
        let flags = Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = try perform {
            let number = socket(AF_INET, flags, `protocol`)
            guard number >= 0 else { throw SystemError(code: errno, call: "socket") }
            return number
        }
        let descriptor = Descriptor(owning: number)
        // SAFETY: a sockaddr_in is a sockaddr of family AF_INET; the call does not keep the pointer.
        let failed = unsafe withUnsafePointer(to: target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) != 0
            }
        }
        if failed, errno != EINPROGRESS { throw SystemError(code: errno, call: "connect", subject: address) }
        return descriptor
    }
}
