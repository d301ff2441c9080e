import Environment
import PairLab

/// What a pair has counted up to a moment.
struct PairCounters: Equatable {
    /// The moment.
    var time: Nanoseconds
    /// Complete checkpoints.
    var checkpoints: UInt64 = 0
    /// Their bytes, all together.
    var checkpointBytes: UInt64 = 0
    /// How many pauses were of each length, which is in microseconds; nil if colod does not tell.
    var pauses: [UInt64: UInt64]?
    /// CPU time of the colod that runs the guest.
    var primary = Nanoseconds.zero
    /// CPU time of the colod that holds the checkpoints; zero without one.
    var secondary = Nanoseconds.zero
    /// Bytes through the primary's end of the replication network, both ways.
    var linkBytes: UInt64 = 0
}

/// What happened between two such moments.
struct PairRates: Equatable {
    var checkpointsPerSecond: Double
    /// On average; nil if there was none.
    var bytesPerCheckpoint: Double?
    /// In milliseconds; nil if there was none, or colod does not tell.
    var pause: Spread?
    /// How many cores each colod kept busy.
    var primaryCores: Double
    var secondaryCores: Double
    var linkBytesPerSecond: Double

    /// Throws if a count has gone back, as that of a colod that began anew.
    init(from start: PairCounters, to end: PairCounters) throws {
        let seconds = (end.time - start.time).inMilliseconds / 1000
        let counts = [
            (start.checkpoints, end.checkpoints), (start.primary.count, end.primary.count),
            (start.secondary.count, end.secondary.count), (start.linkBytes, end.linkBytes),
        ]
        guard seconds > 0, counts.allSatisfy({ $0 <= $1 }) else {
            throw LabError("a colod began anew while it was measured")
        }
        let checkpoints = end.checkpoints - start.checkpoints
        checkpointsPerSecond = Double(checkpoints) / seconds
        // The sums are made of rounded averages, so that of none may seem to shrink by a few bytes.
        let bytes = end.checkpointBytes - min(start.checkpointBytes, end.checkpointBytes)
        bytesPerCheckpoint = checkpoints == 0 ? nil : Double(bytes) / Double(checkpoints)
        pause = end.pauses.flatMap { Spread(microseconds: $0.subtracting(start.pauses ?? [:])) }
        primaryCores = (end.primary - start.primary).inMilliseconds / 1000 / seconds
        secondaryCores = (end.secondary - start.secondary).inMilliseconds / 1000 / seconds
        linkBytesPerSecond = Double(end.linkBytes - start.linkBytes) / seconds
    }
}

extension [UInt64: UInt64] {
    /// The counts that have grown since `earlier`, by how much.
    func subtracting(_ earlier: Self) -> Self {
        var result: Self = [:]
        for (length, count) in self {
            let before = earlier[length] ?? 0
            if count > before { result[length] = count - before }
        }
        return result
    }
}

extension Spread {
    /// In milliseconds, of how many were of each length in microseconds; nil if there are none.
    init?(microseconds counts: [UInt64: UInt64]) {
        let total = counts.values.reduce(0, +)
        let lengths = counts.keys.sorted()
        guard total > 0, let longest = lengths.last else { return nil }
        func nearest(_ fraction: Double) -> Double {
            let rank = UInt64((fraction * Double(total)).rounded(.up))
            var seen: UInt64 = 0
            for length in lengths {
                seen += counts[length] ?? 0
                if seen >= rank { return Double(length) / 1000 }
            }
            return Double(longest) / 1000
        }
        self.init(median: nearest(0.5), p99: nearest(0.99), max: Double(longest) / 1000)
    }
}
