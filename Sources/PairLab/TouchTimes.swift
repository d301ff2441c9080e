public import Environment

/// How long touches of memory took.
public struct TouchTimes: Sendable {
    /// One time a touch, in the order in which they were taken.
    public let samples: [Nanoseconds]

    /// These times.
    public init(_ samples: [Nanoseconds]) { self.samples = samples }

    /// The time that half of the touches took at most; zero if there was none.
    public var median: Nanoseconds { quantile(0.5) }

    /// The time that 99 of 100 touches took at most; zero if there was none.
    public var p99: Nanoseconds { quantile(0.99) }

    private func quantile(_ share: Double) -> Nanoseconds {
        guard !samples.isEmpty else { return .zero }
        let rank = Int((Double(samples.count) * share).rounded(.up))
        return samples.sorted()[max(1, rank) - 1]
    }
}
