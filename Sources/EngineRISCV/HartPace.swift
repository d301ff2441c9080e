import Environment
import Synchronization

/// What slows a hart down, as any thread may order it at any time.
struct PaceOrders: ~Copyable, Sendable {
    private let throttleOrder = Atomic<UInt64>(0)
    private let dirtyLimitOrder = Atomic<UInt64>(0)

    /// Hundredths of its time that the hart rests; 0 to 99.
    var throttle: UInt64 { throttleOrder.load(ordering: .relaxed) }
    /// Pages that the hart may dirty in a second; 0 for as many as it likes.
    var dirtyLimit: UInt64 { dirtyLimitOrder.load(ordering: .relaxed) }

    /// Whether the hart has to look at its pace at all.
    @inline(__always)
    var areGiven: Bool { throttle | dirtyLimit != 0 }

    func setThrottle(_ percentage: UInt64) { throttleOrder.store(percentage, ordering: .relaxed) }
    func setDirtyLimit(_ pagesPerSecond: UInt64) { dirtyLimitOrder.store(pagesPerSecond, ordering: .relaxed) }
}

/// How a hart keeps to its orders: when it rests, and until when. A plain value, with time coming in.
struct HartPace {
    private var throttle = Throttle(percentage: 0)
    private var bucket = DirtyBucket(pagesPerSecond: 0, now: .zero)

    /// Until when the hart has to rest; nil if it may run. A new order ends the rest that an old one imposed.
    mutating func restEnd(throttle percentage: UInt64, dirtyLimit: UInt64, now: Nanoseconds) -> Nanoseconds? {
        take(percentage, dirtyLimit, now)
        let end = max(throttle.restsUntil, bucket.restsUntil)
        return end > now ? end : nil
    }

    /// The hart ran from `start` to `now`.
    mutating func noteRun(throttle percentage: UInt64, from start: Nanoseconds, to now: Nanoseconds) {
        if throttle.percentage != percentage { throttle = Throttle(percentage: percentage) }
        throttle.note(ran: now - start, now: now)
    }

    /// The hart dirtied a page; true if it has to rest now.
    mutating func noteDirtied(limit: UInt64, now: Nanoseconds) -> Bool {
        if bucket.pagesPerSecond != limit { bucket = DirtyBucket(pagesPerSecond: limit, now: now) }
        return bucket.spend(now: now)
    }

    private mutating func take(_ percentage: UInt64, _ dirtyLimit: UInt64, _ now: Nanoseconds) {
        if throttle.percentage != percentage { throttle = Throttle(percentage: percentage) }
        if bucket.pagesPerSecond != dirtyLimit { bucket = DirtyBucket(pagesPerSecond: dirtyLimit, now: now) }
    }
}

/// Rests after each slice of running for so long that the slice is its allowed part of the whole.
struct Throttle {
    /// How long a hart runs between two rests.
    static let slice = Nanoseconds.milliseconds(10)

    let percentage: UInt64
    private(set) var restsUntil = Nanoseconds.zero
    private var ran = Nanoseconds.zero

    init(percentage: UInt64) { self.percentage = percentage }

    mutating func note(ran duration: Nanoseconds, now: Nanoseconds) {
        ran = ran + duration
        guard percentage > 0, ran >= Self.slice else { return }
        // A slice during which the host ran something else is not made up for beyond measure.
        let counted = min(ran.count, 2 * Self.slice.count)
        restsUntil = now + Nanoseconds(counted * percentage / (100 - percentage))
        ran = .zero
    }
}

/// A token bucket of pages: filled at the allowed rate up to a small store, emptied by dirtying. It may fall below zero,
/// as a hart stands only at the end of its slice; what is owed is waited for.
struct DirtyBucket {
    /// The store, in parts of a second. Big enough to make up for a hart that is woken late, and small against any
    /// period over which a rate is judged.
    static let storeSeconds = 0.1
    /// A hart rests until it may go on for this part of a second, so that it is not woken for every page.
    static let portionSeconds = 0.01

    let pagesPerSecond: UInt64
    private(set) var restsUntil = Nanoseconds.zero
    private var pages: Double
    private var filledAt: Nanoseconds

    init(pagesPerSecond: UInt64, now: Nanoseconds) {
        self.pagesPerSecond = pagesPerSecond
        pages = Self.portion(Double(pagesPerSecond))
        filledAt = now
    }

    private static func portion(_ rate: Double) -> Double { max(1, rate * portionSeconds) }

    /// Takes a page out; true if the bucket is empty now.
    mutating func spend(now: Nanoseconds) -> Bool {
        guard pagesPerSecond > 0 else { return false }
        let rate = Double(pagesPerSecond)
        let seconds = Double((now - filledAt).count) / 1e9
        filledAt = now
        pages = min(pages + rate * seconds, max(1, rate * Self.storeSeconds)) - 1
        guard pages <= 0 else { return false }
        let missing = Self.portion(rate) - pages
        restsUntil = now + Nanoseconds(UInt64(missing / rate * 1e9))
        return true
    }
}
