import Glibc
public import QAPI
import QMP
import Synchronization

/// Carries events to every connection that has negotiated.
///
/// `emit` may be called on any thread. The events of one thread arrive in the order it emitted them, the same on all
/// connections, and before the reply of a command that returns afterwards.
public final class EventHub: Sendable {
    /// The time since 1970.
    public struct Timestamp: Sendable, Hashable {
        /// Whole seconds.
        public var seconds: Int64
        /// The rest.
        public var microseconds: Int64

        /// A point in time.
        public init(seconds: Int64, microseconds: Int64) {
            self.seconds = seconds
            self.microseconds = microseconds
        }

        /// clock_gettime(2) CLOCK_REALTIME.
        public static func now() -> Timestamp {
            // SAFETY: the calls use the places of their arguments until they return, and no longer.
            var time = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(seconds: Int64(time.tv_sec), microseconds: Int64(time.tv_nsec / 1000))
        }
    }

    private struct State {
        var outboxes: [ObjectIdentifier: Outbox] = [:]
        var observers: [@Sendable (Event) -> Void] = []
    }

    private let clock: @Sendable () -> Timestamp
    private let state = Mutex(State())

    /// A hub without connections.
    public init(clock: @escaping @Sendable () -> Timestamp = Timestamp.now) { self.clock = clock }

    /// Tells everybody of `event`.
    public func emit(_ event: Event) {
        // The lock is held over the delivery: all connections see the same order.
        state.withLock { state in
            if !state.outboxes.isEmpty {
                let time = clock()
                let value = Reply.event(
                    event.name, data: event.data, seconds: time.seconds, microseconds: time.microseconds)
                let outboxes = state.outboxes.values
                for isPretty in [false, true] where outboxes.contains(where: { $0.isPretty == isPretty }) {
                    let bytes = Reply.encode(value, pretty: isPretty)
                    for outbox in outboxes where outbox.isPretty == isPretty { outbox.append(event: bytes) }
                }
            }
            for observer in state.observers { observer(event) }
        }
    }

    /// Calls `observer` with each event from now on, on the thread that emits it. It must be quick, and must neither
    /// emit nor observe itself.
    public func observe(_ observer: @escaping @Sendable (Event) -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    /// Sends `reply`, and events from then on.
    func subscribe(_ outbox: Outbox, after reply: [UInt8]) {
        state.withLock { state in
            outbox.append(reply: reply)
            state.outboxes[ObjectIdentifier(outbox)] = outbox
        }
    }

    func unsubscribe(_ outbox: Outbox) {
        _ = state.withLock { $0.outboxes.removeValue(forKey: ObjectIdentifier(outbox)) }
    }
}
