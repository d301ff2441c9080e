public import Environment
import Synchronization

/// Keeps a message that would come again and again from filling the log: the first comes at once, then at most one in
/// each interval, with the number of those that were left out.
public final class RepeatLimiter: Sendable {
    private struct Entry {
        var lastShownAt: Nanoseconds
        var leftOut: UInt64 = 0
    }

    /// How many different messages are remembered; the one shown longest ago goes first. Addresses of unknown peers are
    /// part of messages, and there is no end of them.
    public static let limit = 64
    private let interval: Nanoseconds
    private let clock: any MonotonicClock
    private let entries = Mutex<[String: Entry]>([:])

    /// A limiter that lets each message through once in `interval`.
    public init(interval: Nanoseconds = .seconds(60), clock: any MonotonicClock) {
        self.interval = interval
        self.clock = clock
    }

    /// What is to be said now of a message of the kind `key`: nil if nothing, else `text`, and how many of the kind were
    /// left out since the last.
    public func tell(_ key: String, _ text: String) -> String? {
        guard let leftOut = admit(key) else { return nil }
        return leftOut == 0 ? text : "\(text) (\(leftOut) more since this was last told)"
    }

    private func admit(_ key: String) -> UInt64? {
        let now = clock.now()
        return entries.withLock { entries in
            if var entry = entries[key] {
                guard now >= entry.lastShownAt + interval else {
                    entry.leftOut += 1
                    entries[key] = entry
                    return nil
                }
                entries[key] = Entry(lastShownAt: now)
                return entry.leftOut
            }
            if entries.count >= Self.limit,
                let oldest = entries.min(by: { $0.value.lastShownAt < $1.value.lastShownAt })
            {
                entries[oldest.key] = nil
            }
            entries[key] = Entry(lastShownAt: now)
            return 0
        }
    }

    /// Forgets `key`: its next message is news.
    public func forget(_ key: String) { _ = entries.withLock { $0.removeValue(forKey: key) } }
}
