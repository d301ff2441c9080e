public import Environment

/// When the next checkpoint of a run begins.
///
/// QEMU's way is a period alone (x-checkpoint-delay). On output, which is the default in a pair, one begins as soon as
/// something is held that the last one does not contain, and the period is only the longest time between two. The guest
/// is captured for it as soon as its vCPUs wait for something, because what a client asked for is done then; so the answers
/// to requests that came together leave together. A guest that never waits is captured after `gap`, which keeps what
/// checkpoints cost it below a share of its time.
public struct CheckpointPacing: Sendable, Equatable {
    /// From the start of one checkpoint to the capture of the next, while vCPUs are busy.
    public enum Gap: Sendable, Equatable {
        /// So long.
        case fixed(Nanoseconds)
        /// So long that checkpoints cost the guest that many hundredths of its time.
        case share(Int)
    }

    /// The writes of the guest after a capture cost it about as much as the capture: each page has to be marked again.
    private static let costFactor: UInt64 = 2
    /// A secondary that was asked for a checkpoint waits for it so long at least.
    private static let longestGap = Nanoseconds.milliseconds(500)

    /// The longest time from the start of one checkpoint to the start of the next.
    public var period: Nanoseconds
    /// Nil: periods alone.
    public var onOutput: Gap?
    /// When the last checkpoint began.
    private var startedAt: Nanoseconds
    /// How long the guest stands for a capture: mean of the last ones.
    private var pause = Nanoseconds.zero
    /// The checkpoint that will contain the output that was held last.
    private var outputIn: UInt64 = 0
    private var isWantedAtOnce = false
    /// The guest rests since output was held, or nothing is to be waited for.
    private(set) var mayCapture = false

    /// A run that begins now.
    public init(period: Nanoseconds, onOutput: Gap? = nil, now: Nanoseconds) {
        self.period = period
        self.onOutput = onOutput
        startedAt = now
    }

    /// Counts the period from now on.
    mutating func begin(_ now: Nanoseconds) { startedAt = now }

    /// Checkpoint `checkpoint` begins. Returns when the guest is to be captured for it, if it does not rest before.
    mutating func begin(_ checkpoint: UInt64, _ now: Nanoseconds) -> Nanoseconds {
        defer { startedAt = now }
        mayCapture = isWantedAtOnce || outputIn < checkpoint
        isWantedAtOnce = false
        return onOutput.map { startedAt + length(of: $0) } ?? .zero
    }

    /// A checkpoint is due at once, and the guest is captured for it at once.
    mutating func wantAtOnce() {
        isWantedAtOnce = true
        mayCapture = true
    }

    /// Output is held that `checkpoint` will contain.
    mutating func outputHeld(in checkpoint: UInt64) { outputIn = max(outputIn, checkpoint) }

    /// All vCPUs wait for something since it was asked for.
    mutating func guestCameToRest() { mayCapture = true }

    /// The guest was captured and stood for `pause`.
    mutating func captured(pause last: Nanoseconds) {
        pause = pause == .zero ? last : Nanoseconds((pause.count * 7 + last.count) / 8)
    }

    /// When the checkpoint `next` is to begin.
    func start(of next: UInt64) -> Nanoseconds {
        if isWantedAtOnce || onOutput != nil && outputIn >= next { return .zero }
        return startedAt + period
    }

    /// From the start of one checkpoint to the capture of the next, of a guest that does not rest.
    private func length(of gap: Gap) -> Nanoseconds {
        let length =
            switch gap {
            case .fixed(let length): length
            case .share(let share): Nanoseconds(pause.count * Self.costFactor * 100 / UInt64(max(1, share)))
            }
        return min(length, period, Self.longestGap)
    }
}
