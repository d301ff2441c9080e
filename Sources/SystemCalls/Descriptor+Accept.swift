import CLinux
import Glibc

extension Descriptor {
    /// The next connection of this listening socket, non-blocking and close-on-exec; nil if there is none now:
    /// accept4(2). Small packets of a TCP connection are not held back: tcp(7) TCP_NODELAY.
    public func accept() throws(SystemError) -> Descriptor? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let connection = clinux_accept(number, flags)
        if connection >= 0 {
            var on: Int32 = 1
            // Fails on other sockets, which need it not.
            unsafe setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            return Descriptor(owning: connection)
        }
        switch errno {
        case EAGAIN, ECONNABORTED, EINTR: return nil
        default: throw .last("accept4")
        }
    }
}
