/// A point in time or a span of it, in nanoseconds of a clock that never goes back.
///
/// Pure state machines get the time with each event; only the edges read a clock.
public struct Nanoseconds: Sendable, Hashable, Comparable, AdditiveArithmetic, CustomStringConvertible {
    /// The count of nanoseconds.
    public var count: UInt64

    /// A span of `count` nanoseconds.
    public init(_ count: UInt64) { self.count = count }

    /// A span of `count` milliseconds.
    public static func milliseconds(_ count: UInt64) -> Nanoseconds { Nanoseconds(count &* 1_000_000) }

    /// A span of `count` seconds.
    public static func seconds(_ count: UInt64) -> Nanoseconds { Nanoseconds(count &* 1_000_000_000) }

    /// No time at all, and the start of every clock.
    public static let zero = Nanoseconds(0)
    /// The end of time: a deadline that never comes.
    public static let never = Nanoseconds(.max)

    /// The span in milliseconds, with its fraction.
    public var inMilliseconds: Double { Double(count) / 1_000_000 }

    /// The sum; `.never` if it is past the end of time.
    public static func + (left: Nanoseconds, right: Nanoseconds) -> Nanoseconds {
        let (sum, overflow) = left.count.addingReportingOverflow(right.count)
        return Nanoseconds(overflow ? .max : sum)
    }

    /// The span from `right` to `left`; zero if `right` is later.
    public static func - (left: Nanoseconds, right: Nanoseconds) -> Nanoseconds {
        Nanoseconds(left.count > right.count ? left.count - right.count : 0)
    }

    /// Whether `left` is shorter or earlier.
    public static func < (left: Nanoseconds, right: Nanoseconds) -> Bool { left.count < right.count }

    /// In milliseconds to the microsecond, for logs.
    public var description: String { "\((inMilliseconds * 1000).rounded() / 1000) ms" }
}

/// A clock that never goes back; the real one is in SystemCalls, the simulated one in Simulation.
public protocol MonotonicClock: Sendable {
    /// The time since an arbitrary start that stays the same for the life of the process.
    func now() -> Nanoseconds
}

/// What time it is in the world. Such a clock may be set, forwards and backwards, so no deadline is measured by it.
public protocol WallClock: Sendable {
    /// The time since 1970-01-01 00:00 UTC.
    func sinceEpoch() -> Nanoseconds
}
