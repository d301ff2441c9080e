import Environment
import Synchronization
import SystemCalls

/// When the last failure happened, so that an old one is not taken for a present one.
final class FailureHistory: Sendable {
    private struct Last {
        var text: String?
        var at = Nanoseconds.zero
    }

    private let clock: any MonotonicClock
    private let last = Mutex(Last())

    init(clock: any MonotonicClock = SystemClock()) { self.clock = clock }

    /// A failure has happened just now, be it in the same words as the one before.
    func renew() {
        let now = clock.now()
        last.withLock { $0 = Last(text: nil, at: now) }
    }

    /// How long ago the failure with that text happened. A text that was not seen before is as new as the last `renew`,
    /// or is of now.
    func age(of text: String) -> Nanoseconds {
        let now = clock.now()
        return last.withLock { last in
            if last.text != text { last = Last(text: text, at: last.text == nil && last.at > .zero ? last.at : now) }
            return now - last.at
        }
    }
}
