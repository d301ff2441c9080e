/// The rules of output commit as a pure state machine: events in, verdicts and frames out, no lock and no I/O.
///
/// Epochs are numbered from 1 and never reused. Exactly one epoch is open at any time; a frame belongs to the epoch that
/// is open when it is sent. `seal` closes it and opens the next. A frame leaves only through `nextFrame(through:)` with
/// an epoch that was sealed, or through `nextFrameWhileLeaving` after the decision to serve on alone.
public struct OutputHoldState: Sendable {
    /// What the hold does with what the guest sends.
    public enum Mode: Sendable, Equatable {
        /// The guest is not protected: frames go straight to the network.
        case passing
        /// Frames wait for the checkpoint that contains their cause.
        case holding
        /// Everything held is on its way out, in order; frames sent meanwhile queue up behind it.
        case leaving
        /// Superseded: no frame leaves again, for ever.
        case fenced
    }

    /// What becomes of one frame.
    public enum Verdict: Sendable, Equatable {
        /// Send it now.
        case pass
        /// It is held.
        case held
        /// It is held, as the first of its epoch.
        case heldFirst
        /// It is held, and with it the open epoch has passed the limit: take a checkpoint at once. Once per epoch.
        case heldPastLimit
        /// It is lost: the hold is full or fenced.
        case dropped
    }

    /// What one held frame costs beyond its own bytes, for the limits: array header, queue slot, allocation rounding.
    public static let frameOverhead = 64

    /// How many bytes of memory the open epoch may fill before a checkpoint is due.
    public let limit: Int
    /// How many bytes of memory all held frames may fill; what comes then is dropped.
    public let dropLimit: Int
    /// What happens to frames now.
    public private(set) var mode: Mode = .passing
    /// The epoch that frames sent now belong to.
    public private(set) var openEpoch: UInt64 = 1
    /// What happened to frames so far.
    public private(set) var counters = OutputHoldCounters()
    /// The last epoch before the run: checkpoint `n` of the run closes epoch `runBase + n`.
    public private(set) var runBase: UInt64 = 0
    private var queue = FrameQueue()
    private var openEpochCost = 0
    private var limitReported = false

    /// A hold that passes everything on. `limit` is what an epoch may fill, `dropLimit` what all of them may.
    public init(limit: Int, dropLimit: Int) {
        self.limit = max(1, limit)
        self.dropLimit = max(self.limit, dropLimit)
    }

    /// How many frames are held.
    public var heldPackets: Int { queue.count }

    /// The bytes of all held frames, without overhead.
    public var heldBytes: Int { queue.bytes }

    /// The memory that the held frames take, which the limits are about.
    private var cost: Int { queue.bytes + queue.count * Self.frameOverhead }

    /// The guest sends `frame`.
    public mutating func send(_ frame: [UInt8]) -> Verdict {
        switch mode {
        case .passing:
            counters.passed.add(frame.count)
            return .pass
        case .fenced:
            counters.fenced.add(frame.count)
            return .dropped
        case .holding, .leaving:
            return hold(frame)
        }
    }

    private mutating func hold(_ frame: [UInt8]) -> Verdict {
        let frameCost = frame.count + Self.frameOverhead
        guard frameCost <= dropLimit - cost else {
            counters.dropped.add(frame.count)
            return .dropped
        }
        queue.append(frame, epoch: openEpoch)
        let isFirst = openEpochCost == 0
        openEpochCost += frameCost
        guard mode == .holding else { return .held }
        guard openEpochCost > limit, !limitReported else { return isFirst ? .heldFirst : .held }
        limitReported = true
        return .heldPastLimit
    }

    /// Epochs of the run that begins now count from the one that opens here. Closes the open one.
    public mutating func beginRun() {
        beginHolding()
        runBase = seal()
    }

    /// Which checkpoint of the run contains what is held now.
    public var openCheckpoint: UInt64 { openEpoch - runBase }

    /// Replication begins: hold from now on. Frames that were on their way out while leaving stay releasable by
    /// the thread that releases them now; later ones belong to a new epoch.
    public mutating func beginHolding() {
        guard mode == .passing || mode == .leaving else { return }
        mode = .holding
        _ = seal()
    }

    /// Closes the open epoch and returns its number. Costs the same however much is held.
    public mutating func seal() -> UInt64 {
        defer {
            openEpoch += 1
            openEpochCost = 0
            limitReported = false
        }
        return openEpoch
    }

    /// Takes the next frame of the epochs up to `epoch`, which must be sealed; nil when there is none left.
    public mutating func nextFrame(through epoch: UInt64) -> [UInt8]? {
        precondition(epoch < openEpoch, "an epoch is released only after it was sealed")
        guard mode != .fenced, let first = queue.firstEpoch, first <= epoch, let frame = queue.popFirst() else {
            return nil
        }
        counters.released.add(frame.count)
        return frame
    }

    /// The decision to serve on alone: everything held may leave, whatever its epoch.
    public mutating func beginLeaving() { if mode == .holding { mode = .leaving } }

    /// Takes the next frame on the way back to passing. When nothing is left it returns nil and the mode is `passing`,
    /// in one step, so that no later frame overtakes an earlier one.
    public mutating func nextFrameWhileLeaving() -> [UInt8]? {
        guard mode == .leaving else { return nil }
        guard let frame = queue.popFirst() else {
            mode = .passing
            queue.removeAll()
            return nil
        }
        counters.released.add(frame.count)
        return frame
    }

    /// The open epoch and all sealed ones that were not released have failed: forgets their frames.
    public mutating func discardAll() {
        counters.discarded.add(frames: queue.count, bytes: queue.bytes)
        queue.removeAll()
        _ = seal()
    }

    /// This side was superseded: forgets everything, for ever.
    public mutating func fence() {
        discardAll()
        mode = .fenced
    }
}
