import CSystemd
import Glibc
public import SystemCalls

/// A socket that systemd opened for this process.
public struct ListenDescriptor: Sendable, Equatable {
    /// `FileDescriptorName=` of the socket unit; "unknown" if it has none.
    public let name: String
    /// The open descriptor. It stays open as long as the process, and through `keepListenDescriptors` beyond it.
    public let number: Int32

    /// Whether it is a stream socket that clients can connect to: sd_is_socket(3).
    public var isListening: Bool { sd_is_socket(number, AF_UNSPEC, Int32(SOCK_STREAM.rawValue), 1) > 0 }

    /// A second descriptor of the same socket.
    public func duplicate() throws(SystemError) -> Descriptor {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SystemError(code: errno, call: "dup", subject: name) }
        return Descriptor(owning: copy)
    }
}

/// Leaves the passed sockets open for the program that this process is about to become: execve(2).
public func keepListenDescriptors() {
    let count = max(0, sd_listen_fds(0))
    for number in SD_LISTEN_FDS_START..<(SD_LISTEN_FDS_START + count) { _ = fcntl(number, F_SETFD, 0) }
}

/// The sockets that systemd handed to this process, in their order; none if it was not started by a socket unit.
/// Call it once, before threads start: sd_listen_fds_with_names(3).
public func listenDescriptors() throws(SystemError) -> [ListenDescriptor] {
    var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    let count = unsafe sd_listen_fds_with_names(0, &names)
    guard count >= 0 else { throw SystemError(code: -count, call: "sd_listen_fds_with_names") }
    // SAFETY: on success `names` is nil or an array of `count` strings and a nil, all of them ours to free.
    defer { unsafe free(names) }
    return (0..<count).map { index in
        let raw = unsafe names?[Int(index)]
        defer { unsafe free(raw) }
        let name = unsafe raw.map { unsafe String(cString: $0) } ?? "unknown"
        return ListenDescriptor(name: name, number: SD_LISTEN_FDS_START + index)
    }
}
