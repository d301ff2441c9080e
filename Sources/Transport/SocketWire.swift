import CLinux
import Environment
import Glibc
import SystemCalls

/// A connected stream socket.
final class SocketWire: WireEnd, Sendable {
    let name = "socket"
    let canReceive = true
    private let descriptor: Descriptor

    /// Sets the options: no delay, keep-alive, and a limit for data that the peer does not acknowledge (all three only
    /// mean something to TCP).
    init(_ descriptor: consuming Descriptor) {
        let number = descriptor.number
        self.descriptor = descriptor
        setNonBlocking(number)
        setOption(number, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        setOption(number, SOL_SOCKET, SO_KEEPALIVE, 1)
        if isLocal(number) {
            setOption(number, SOL_SOCKET, SO_SNDBUF, Transport.localSendBuffer)
        } else if endsOnThisHost(number) {
            setOption(number, SOL_SOCKET, SO_SNDBUF, Transport.loopbackSendBuffer)
        }
        limitUnacknowledged(to: .milliseconds(Transport.stallDeadlineMilliseconds))
    }

    /// tcp(7) TCP_USER_TIMEOUT. Does nothing on other sockets.
    func limitUnacknowledged(to span: Nanoseconds) {
        setOption(
            descriptor.number, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32(clamping: span.count / 1_000_000))
    }

    func read(_ places: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome {
        // SAFETY: the entries describe memory that the reader lends until the call returns.
        Wire.Outcome(uninterrupted { unsafe readv(descriptor.number, places, Int32(count)) }, .reading)
    }

    func write(_ pieces: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome {
        // SAFETY: the entries describe memory that the writer keeps valid until the call returns.
        var message = unsafe msghdr()
        unsafe message.msg_iov = unsafe pieces
        unsafe message.msg_iovlen = count
        return Wire.Outcome(
            uninterrupted { unsafe sendmsg(descriptor.number, &message, Int32(MSG_NOSIGNAL)) }, .writing)
    }

    /// Has the kernel send from where the bytes lie, where it can: SO_ZEROCOPY. False if this socket has no such thing.
    func enableZeroCopy() -> Bool { clinux_enable_zero_copy(descriptor.number) == 0 }

    /// As `write`, but the kernel reads the bytes later, until it gives a notice of it: MSG_ZEROCOPY.
    func writeZeroCopy(_ pieces: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome {
        // SAFETY: the entries describe memory that the writer keeps valid until the kernel's notice.
        var message = unsafe msghdr()
        unsafe message.msg_iov = unsafe pieces
        unsafe message.msg_iovlen = count
        let flags = Int32(MSG_NOSIGNAL) | clinux_msg_zero_copy
        return Wire.Outcome(uninterrupted { unsafe sendmsg(descriptor.number, &message, flags) }, .writing)
    }

    /// Takes a notice that is there: of how many sends, and whether they were copied after all. Nil if there is none.
    func takeZeroCopyNotice() -> (sends: UInt32, copied: Bool)? {
        var copied: Int32 = 0
        // SAFETY: the call uses the place until it returns, and no longer.
        let sends = unsafe clinux_take_zero_copy_notice(descriptor.number, &copied)
        return sends > 0 ? (sends, copied != 0) : nil
    }

    /// Whether the other end has closed, and nothing that it sent is left to be read.
    var isExhausted: Bool {
        var byte: UInt8 = 0
        // SAFETY: looks at one byte, into a local of that size.
        return unsafe recv(descriptor.number, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 0
    }

    /// The error that has ended the connection; nil if none has.
    var pendingError: Int32? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        // SAFETY: the call uses the places until it returns, and no longer.
        guard unsafe getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &code, &length) == 0, code != 0 else {
            return nil
        }
        return code
    }

    /// Waits for a notice: poll(2) says POLLERR, which need not be asked for.
    func awaitNotice(until deadline: Nanoseconds) -> PollResult {
        waitReady(descriptor.number, 0, until: deadline, cancellation: -1)
    }

    func wait(for direction: Wire.Direction, until deadline: Nanoseconds, orUntil other: Int32) -> PollResult {
        waitReady(descriptor.number, direction.events, until: deadline, cancellation: other)
    }

    var holdsBytes: Bool { isReadable(descriptor.number) }

    func interrupt() { Glibc.shutdown(descriptor.number, Int32(SHUT_RDWR)) }

    func closeWriting() { Glibc.shutdown(descriptor.number, Int32(SHUT_WR)) }
}
