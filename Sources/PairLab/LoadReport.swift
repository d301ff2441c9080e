public import Environment

/// What a load generator's ledger says.
public struct LoadReport: Sendable {
    /// One report a connection.
    public var connections: [ConnectionReport]

    /// Writes acknowledged, over all connections.
    public var acknowledged: Int { connections.reduce(0) { $0 + $1.acknowledged.count } }

    /// The same in `span`.
    public func acknowledged(in span: ClosedRange<Nanoseconds>) -> Int {
        connections.reduce(0) { $0 + $1.acknowledged.count { span.contains($0.time) } }
    }

    /// Why connections were lost; empty if all lived.
    public var failures: [String] { connections.compactMap(\.failure) }

    /// How long after `failure` the service answered again: the end of the longest silence, over all connections,
    /// that began before or just after it. What was on its way already when the host died does not count as an answer.
    /// Nil if nothing was answered afterwards.
    public func firstAnswer(after failure: Nanoseconds) -> Nanoseconds? {
        let times = connections.flatMap { $0.acknowledged.map(\.time) }.sorted()
        guard var begin = times.lastIndex(where: { $0 <= failure }) ?? times.indices.first else { return nil }
        var longest = Nanoseconds.zero
        var answer: Nanoseconds?
        while begin + 1 < times.count, times[begin] <= failure + Self.leftoverTime {
            let silence = times[begin + 1] - times[begin]
            if silence > longest, times[begin + 1] > failure {
                longest = silence
                answer = times[begin + 1] - failure
            }
            begin += 1
        }
        return answer
    }

    /// The longest time that a connection waited for its next answer in or just after `span`.
    public func longestGap(in span: ClosedRange<Nanoseconds>) -> Nanoseconds {
        connections.reduce(.zero) { longest, connection in
            let times = connection.acknowledged.map(\.time)
            return zip(times, times.dropFirst()).reduce(longest) { longest, gap in
                gap.1 >= span.lowerBound && gap.0 <= span.upperBound ? max(longest, gap.1 - gap.0) : longest
            }
        }
    }

    /// How long after the death of a host its last packets may still be read.
    static let leftoverTime = Nanoseconds.milliseconds(20)

    /// The acknowledged writes that the server at `client` does not hold (any more).
    public func lostWrites(askedOf client: RedisClient, within limit: Duration = .seconds(20)) throws
        -> [AcknowledgedWrite]
    {
        var lost: [AcknowledgedWrite] = []
        for connection in connections {
            var rest = connection.acknowledged[...]
            while !rest.isEmpty {
                let batch = rest.prefix(Self.batchSize)
                rest = rest.dropFirst(batch.count)
                try client.send([["MGET"] + batch.map(\.key)], within: limit)
                guard case .array(let values) = try client.reply(within: limit), values.count == batch.count else {
                    throw LabError("MGET was not answered with \(batch.count) values")
                }
                lost += zip(batch, values).filter { .string($0.value) != $1 }.map(\.0)
            }
        }
        return lost
    }

    private static let batchSize = 200
}

/// Median, 99th percentile and maximum of a few measurements.
public struct Spread: Sendable, Equatable {
    /// The middle one.
    public let median: Double
    /// Exceeded by one in a hundred.
    public let p99: Double
    /// The largest.
    public let max: Double

    /// Of measurements taken elsewhere.
    public init(median: Double, p99: Double, max: Double) {
        self.median = median
        self.p99 = p99
        self.max = max
    }

    /// Of `values`, in any order; all zero if there are none.
    public init(_ values: [Double]) {
        let sorted = values.sorted()
        func nearest(_ fraction: Double) -> Double {
            guard !sorted.isEmpty else { return 0 }
            return sorted[Swift.min(sorted.count - 1, Int((fraction * Double(sorted.count)).rounded(.up)) - 1)]
        }
        median = nearest(0.5)
        p99 = nearest(0.99)
        max = sorted.last ?? 0
    }
}
