import CLinux
import Glibc

/// A counter that a thread can wait for together with other descriptors: eventfd(2).
public final class EventSignal: Sendable {
    /// For poll and epoll: readable while the signal is raised.
    public let descriptor: Int32

    /// A signal that is not raised.
    public init() throws(SystemError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .last("eventfd") }
    }

    deinit { close(descriptor) }

    /// Raises the signal; safe from any thread.
    public func raise() {
        var one: UInt64 = 1
        // SAFETY: writes the eight bytes of a local.
        _ = unsafe write(descriptor, &one, 8)
    }

    /// Lowers the signal; returns whether it was raised.
    @discardableResult
    public func lower() -> Bool {
        var count: UInt64 = 0
        // SAFETY: reads eight bytes into a local of that size.
        return unsafe read(descriptor, &count, 8) == 8
    }
}
