import CLinux
import Glibc

/// An open file descriptor with one owner; closed when the owner goes away.
public struct Descriptor: ~Copyable, Sendable {
    /// The number, valid as long as this value lives.
    public let number: Int32

    /// Takes over `number`, which must be open and owned by nobody else.
    public init(owning number: Int32) { self.number = number }

    deinit { _ = Glibc.close(number) }

    /// Gives the number away without closing it.
    public consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// Opens `path`: open(2), always close-on-exec.
    public static func open(_ path: String, flags: Int32, mode: UInt32 = 0o600) throws(SystemError) -> Descriptor {
        let number = clinux_open(path, flags | O_CLOEXEC, mode)
        guard number >= 0 else { throw .last("open", path) }
        return Descriptor(owning: number)
    }

    /// A second descriptor of the same open file: fcntl(2) F_DUPFD_CLOEXEC.
    public func duplicate() throws(SystemError) -> Descriptor {
        let copy = clinux_fcntl(number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .last("dup") }
        return Descriptor(owning: copy)
    }

    /// Makes reads and writes return at once instead of waiting.
    public func setNonBlocking(_ on: Bool) throws(SystemError) {
        let flags = clinux_fcntl(number, F_GETFL, 0)
        guard flags >= 0 else { throw .last("fcntl") }
        let wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        guard clinux_fcntl(number, F_SETFL, wanted) == 0 else { throw .last("fcntl") }
    }
}
