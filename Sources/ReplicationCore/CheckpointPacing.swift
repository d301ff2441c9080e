public import Environment

/// When the next checkpoint of a run begins, and when the guest is captured for it.
///
/// QEMU's way is a period alone (x-checkpoint-delay), from one CHECKPOINT_REQUEST to the next. On output, which is the
/// default in a pair, the guest is captured as soon as something is held that the last checkpoint does not contain, and the
/// period is only the longest time between two captures. It is captured when its vCPUs wait for something, because what a
/// client asked for is done then; so the answers to requests that came together leave together. A guest that never waits is
/// captured after a gap, which keeps what checkpoints cost it below a share of its time. Unless the
/// period is long, the secondary is asked ahead, so that no client waits for its CHECKPOINT_REPLY.
public struct CheckpointPacing: Sendable, Equatable {
    /// From one capture to the next, while vCPUs are busy.
    public enum Gap: Sendable, Equatable {
        /// So long.
        case fixed(Nanoseconds)
        /// So long that checkpoints cost the guest that many hundredths of its time.
        case share(Int)
    }

    /// The writes of the guest after a capture cost it about as much as the capture: each page has to be marked again.
    private static let costFactor: UInt64 = 2
    /// A busy guest's clients do not wait longer than that for a capture.
    private static let longestGap = Nanoseconds.milliseconds(500)
    /// A secondary that was asked waits for the checkpoint (COLOSecondary.Limits.sendTimeout); with a longer period it is
    /// asked when one is due.
    private static let longestWait = Nanoseconds.seconds(1)

    /// The longest time between two checkpoints.
    public var period: Nanoseconds
    /// Nil: periods alone.
    public var onOutput: Gap?
    /// From when the period and the gap count: the last capture, or the last request of periods alone.
    private var startedAt: Nanoseconds
    /// How long the guest stands for a capture: mean of the last ones.
    private var pause = Nanoseconds.zero
    /// The checkpoint that will contain the output that was held last.
    private var outputIn: UInt64 = 0
    private var isWantedAtOnce = false
    private var guestRests = false

    /// A run that begins now.
    public init(period: Nanoseconds, onOutput: Gap? = nil, now: Nanoseconds) {
        self.period = period
        self.onOutput = onOutput
        startedAt = now
    }

    /// Counts from now on.
    mutating func begin(_ now: Nanoseconds) { startedAt = now }

    /// The secondary is asked for a checkpoint.
    mutating func requested(_ now: Nanoseconds) { if onOutput == nil { started(now) } }

    /// The guest is captured.
    mutating func captureBegan(_ now: Nanoseconds) { if onOutput != nil { started(now) } }

    private mutating func started(_ now: Nanoseconds) {
        startedAt = now
        isWantedAtOnce = false
        guestRests = false
    }

    /// The guest was captured and stood for `pause`.
    mutating func captured(pause last: Nanoseconds) {
        pause = pause == .zero ? last : Nanoseconds((pause.count * 7 + last.count) / 8)
    }

    /// A checkpoint is due, however things stand.
    mutating func wantAtOnce() { isWantedAtOnce = true }

    /// Output is held that `checkpoint` will contain.
    mutating func outputHeld(in checkpoint: UInt64) { outputIn = max(outputIn, checkpoint) }

    /// No vCPU has anything to do, since that was asked.
    mutating func guestCameToRest() { guestRests = true }

    /// When the secondary is to be asked for `checkpoint`.
    func request(of checkpoint: UInt64) -> Nanoseconds {
        if isWantedAtOnce || onOutput != nil && (outputIn >= checkpoint || period <= Self.longestWait) { return .zero }
        return startedAt + period
    }

    /// When the guest is to be captured for `checkpoint`, which the secondary is ready for.
    func capture(for checkpoint: UInt64) -> Nanoseconds {
        guard let onOutput, !isWantedAtOnce else { return .zero }
        guard outputIn >= checkpoint else { return startedAt + period }
        return guestRests ? .zero : startedAt + length(of: onOutput)
    }

    /// Whether it would be captured earlier if it came to rest.
    func waitsForRest(for checkpoint: UInt64, _ now: Nanoseconds) -> Bool {
        outputIn >= checkpoint && now < capture(for: checkpoint)
    }

    /// From one capture to the next, of a guest that does not rest.
    private func length(of gap: Gap) -> Nanoseconds {
        let length =
            switch gap {
            case .fixed(let length): length
            case .share(let share): Nanoseconds(pause.count * Self.costFactor * 100 / UInt64(max(1, share)))
            }
        return min(length, period, Self.longestGap)
    }
}
