public import Environment
import Histogram
import Synchronization

/// What a pause histogram knows, in milliseconds.
public struct PauseSummary: Sendable, Equatable {
    /// How many pauses were recorded.
    public let count: UInt64
    /// Half of them were shorter.
    public let median: Double
    /// 99 of 100 were shorter.
    public let p99: Double
    /// The longest.
    public let max: Double
}

/// How long the guest stood still for checkpoints. Values are kept to three significant digits, in microseconds, up to
/// one minute; longer ones count as one minute.
public final class PauseHistogram: Sendable {
    /// The longest pause that is told apart, in microseconds.
    public static let longest: UInt64 = 60_000_000
    private let histogram = Mutex(
        Histogram<UInt32>(highestTrackableValue: longest, numberOfSignificantValueDigits: .three))

    /// An empty histogram.
    public init() {}

    /// Records one pause. About as costly as an uncontended lock.
    public func record(_ pause: Nanoseconds) { record(microseconds: pause.count / 1000) }

    /// Records one pause of that many microseconds.
    public func record(microseconds: UInt64) {
        histogram.withLock { _ = $0.record(min(microseconds, Self.longest)) }
    }

    /// Forgets everything.
    public func reset() { histogram.withLock { $0.reset() } }

    /// How many pauses were of each length, the shortest first; lengths that count as one are told as the longest of them.
    public var counts: [(microseconds: UInt64, count: UInt64)] {
        histogram.withLock { histogram in
            histogram.totalCount == 0 ? [] : histogram.recordedValues().map { ($0.value, UInt64($0.count)) }
        }
    }

    /// What was recorded; nil if nothing was.
    public var summary: PauseSummary? {
        histogram.withLock { histogram in
            guard histogram.totalCount > 0 else { return nil }
            func milliseconds(_ microseconds: UInt64) -> Double { Double(microseconds) / 1000 }
            return PauseSummary(
                count: histogram.totalCount, median: milliseconds(histogram.valueAtPercentile(50)),
                p99: milliseconds(histogram.valueAtPercentile(99)), max: milliseconds(histogram.maxRecorded))
        }
    }
}
