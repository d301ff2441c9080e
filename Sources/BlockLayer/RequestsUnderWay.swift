import Environment
import Synchronization

/// When the requests began that a disk has not answered yet. From any thread; held only for a look.
final class RequestsUnderWay: Sendable {
    private struct State {
        var next: UInt64 = 0
        /// In the order in which they began.
        var requests: [(number: UInt64, start: Nanoseconds)] = []
    }
    private let state = Mutex(State())

    /// A request begins at `now`; returns its number.
    func begin(now: Nanoseconds) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.requests.append((state.next, now))
            return state.next
        }
    }

    /// Request `number` has come back.
    func end(_ number: UInt64) { state.withLock { $0.requests.removeAll { $0.number == number } } }

    /// When the oldest one began; nil if none is under way.
    var oldestStart: Nanoseconds? { state.withLock { $0.requests.first?.start } }
}
