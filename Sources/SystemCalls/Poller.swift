import CLinux
import Glibc

/// Waits for many descriptors at once: epoll(7), level-triggered.
public final class Poller: Sendable {
    /// What to wait for, and what has come.
    public struct Readiness: OptionSet, Sendable, Hashable {
        /// The bits of epoll_event.
        public let rawValue: UInt32
        /// From the bits of epoll_event.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Something can be read, or the other side sends nothing more.
        public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
        /// Something can be written.
        public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
        /// The connection is gone in both directions; always waited for.
        public static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
    }

    /// A descriptor for which something has come.
    public struct Event: Sendable {
        /// What `add` was given for the descriptor.
        public let token: UInt64
        /// What has come.
        public let readiness: Readiness
    }

    private let descriptor: Descriptor

    /// A poller that waits for nothing yet.
    public init() throws(SystemError) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard number >= 0 else { throw .last("epoll_create1") }
        descriptor = Descriptor(owning: number)
    }

    /// Waits for `readiness` of the open descriptor `number` from now on; its events carry `token`.
    public func add(_ number: Int32, _ readiness: Readiness, token: UInt64) throws(SystemError) {
        guard control(EPOLL_CTL_ADD, number, readiness, token) else { throw .last("epoll_ctl") }
    }

    /// Waits for something else of `number`, which `add` was called with.
    public func change(_ number: Int32, _ readiness: Readiness, token: UInt64) {
        _ = control(EPOLL_CTL_MOD, number, readiness, token)
    }

    /// Forgets `number`; to be called before it is closed.
    public func remove(_ number: Int32) { _ = control(EPOLL_CTL_DEL, number, [], 0) }

    /// Waits up to `milliseconds` (negative: for ever) and puts what has come into `events`, 64 at most.
    public func wait(milliseconds: Int32, _ events: inout [Event]) {
        events.removeAll(keepingCapacity: true)
        unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { buffer in
            // SAFETY: epoll_wait writes at most as many entries as the buffer has, and only those it reports are read.
            let count = unsafe epoll_wait(descriptor.number, buffer.baseAddress, Int32(buffer.count), milliseconds)
            for index in 0..<max(0, Int(count)) {
                let event = unsafe buffer[index]
                unsafe events.append(Event(token: event.data.u64, readiness: Readiness(rawValue: event.events)))
            }
        }
    }

    private func control(_ operation: Int32, _ number: Int32, _ readiness: Readiness, _ token: UInt64) -> Bool {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var event = unsafe epoll_event()
        unsafe event.events = readiness.rawValue
        unsafe event.data.u64 = token
        return unsafe epoll_ctl(descriptor.number, operation, number, &event) == 0
    }
}
