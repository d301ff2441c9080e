import CSystemd
import Glibc
import SystemCalls

/// A socket that systemd opened for this process.
public struct ListenDescriptor: Sendable, Equatable {
    /// `FileDescriptorName=` of the socket unit; "unknown" if it has none.
    public let name: String
    /// The open descriptor, which is now the caller's to close.
    public let number: Int32
}

/// The sockets that systemd handed to this process, in their order; none if it was not started by a socket unit.
/// Call it once, before threads start: sd_listen_fds_with_names(3).
public func listenDescriptors() throws(SystemError) -> [ListenDescriptor] {
    var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    let count = sd_listen_fds_with_names(0, &names)
    guard count >= 0 else { throw SystemError(code: -count, call: "sd_listen_fds_with_names") }
    // SAFETY: on success `names` is nil or an array of `count` strings and a nil, all of them ours to free.
    defer { free(names) }
    return (0..<count).map { index in
        let raw = names?[Int(index)]
        defer { free(raw) }
        let name = raw.map { String(cString: $0) } ?? "unknown"
        return ListenDescriptor(name: name, number: SD_LISTEN_FDS_START + index)
    }
}
