import CLinux
import Glibc

extension Descriptor {
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
}
