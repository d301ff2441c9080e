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
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let number = unsafe clinux_open(path, flags | O_CLOEXEC, mode)
        guard number >= 0 else { throw .last("open", path) }
        return Descriptor(owning: number)
    }

    /// The two ends of a pipe: pipe2(2), close-on-exec.
    public static func pipe() throws(SystemError) -> PipeEnds {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var numbers: [Int32] = [-1, -1]
        guard unsafe pipe2(&numbers, O_CLOEXEC) == 0 else { throw .last("pipe2") }
        return PipeEnds(reading: Descriptor(owning: numbers[0]), writing: Descriptor(owning: numbers[1]))
    }

    /// A second descriptor of the same open file: fcntl(2) F_DUPFD_CLOEXEC.
    public func duplicate() throws(SystemError) -> Descriptor {
        let copy = clinux_fcntl(number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .last("dup") }
        return Descriptor(owning: copy)
    }

    /// Makes every descriptor of this process but 0, 1 and 2 close-on-exec, whoever made it: close_range(2).
    public static func closeAllOnExec() throws(SystemError) {
        guard clinux_close_range(3, UInt32.max, UInt32(CLOSE_RANGE_CLOEXEC)) == 0 else { throw .last("close_range") }
    }

    /// Makes one descriptor, which somebody else owns, close-on-exec.
    public static func closeOnExec(_ number: Int32) { _ = clinux_fcntl(number, F_SETFD, FD_CLOEXEC) }

    /// Opens /dev/null in the place of each of descriptors 0, 1 and 2 that is closed, so that no file or socket is ever
    /// taken for standard output or standard error.
    public static func fillStandardNumbers() throws(SystemError) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        while true {
            let number = unsafe clinux_open("/dev/null", O_RDWR, 0)
            guard number >= 0 else { throw .last("open", "/dev/null") }
            guard number <= 2 else {
                _ = Glibc.close(number)
                return
            }
        }
    }

    /// The next connection of this listening socket, non-blocking and close-on-exec; nil if there is none now:
    /// accept4(2). Small packets of a TCP connection are not held back: tcp(7) TCP_NODELAY.
    public func accept() throws(SystemError) -> Descriptor? {
        let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let connection = clinux_accept(number, flags)
        if connection >= 0 {
            // Fails on other sockets, which need it not.
            SocketOption.set(connection, Int32(IPPROTO_TCP), TCP_NODELAY, to: 1)
            return Descriptor(owning: connection)
        }
        switch errno {
        case EAGAIN, ECONNABORTED, EINTR: return nil
        default: throw .last("accept4")
        }
    }

    /// Makes reads and writes return at once instead of waiting.
    public func setNonBlocking(_ on: Bool) throws(SystemError) {
        let flags = clinux_fcntl(number, F_GETFL, 0)
        guard flags >= 0 else { throw .last("fcntl") }
        let wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        guard clinux_fcntl(number, F_SETFL, wanted) == 0 else { throw .last("fcntl") }
    }
}

/// What pipe2(2) made.
public struct PipeEnds: ~Copyable, Sendable {
    /// Where bytes come out.
    public let reading: Descriptor
    /// Where bytes go in.
    public let writing: Descriptor

    /// The reading end; the other one is closed.
    public consuming func takeReading() -> Descriptor { reading }

    /// The writing end; the other one is closed.
    public consuming func takeWriting() -> Descriptor { writing }
}
