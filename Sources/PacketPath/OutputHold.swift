public import Environment
import Synchronization
import SystemCalls

/// Output commit for one network device: stands between the device and the real back-end and lets a frame out only
/// when the checkpoint that contains its cause is complete on the secondary.
///
/// The rules are `OutputHoldState`; this class adds threads. Two locks: `state` for the length of one step, and
/// `outlet`, held by the thread that sends held frames, so that two releases cannot mix. A guest that sends while a release is
/// under way waits for neither the release nor the network. Order: `outlet`, then `state`.
public final class OutputHold: NetworkBackend {
    /// How a release ended.
    public enum ReleaseOutcome: Sendable, Equatable {
        /// Everything of these epochs was sent.
        case finished
        /// The permission ran out first; what was not sent is still held.
        case expired
        /// This side was superseded; nothing more was sent.
        case fenced
    }

    /// The default for `holdLimit`: 4 MiB.
    public static let defaultHoldLimit = 4 << 20
    /// The default for `dropLimit`: 64 MiB.
    public static let defaultDropLimit = 64 << 20

    /// What is held now, for whoever decides about checkpoints.
    public enum Notice: Sendable, Equatable {
        /// The first frame that checkpoint `checkpoint` of the run will contain.
        case first(checkpoint: UInt64)
        /// More than the limit.
        case pastLimit
    }

    private let backend: any NetworkBackend
    private let onHeld: @Sendable (Notice) -> Void
    private let clock = SystemClock()
    private let state: Mutex<OutputHoldState>
    private let outlet = Mutex<Void>(())
    /// Whether the next frame that passes is to be remembered, and when that was.
    private let watchesNext = Atomic<Bool>(false)
    private let nextPassedAt = Atomic<UInt64>(0)

    /// A hold in front of `backend` that passes everything on until `beginHolding`.
    ///
    /// - Parameters:
    ///   - holdLimit: bytes of memory that the open epoch may fill.
    ///   - dropLimit: bytes of memory that all held frames may fill. Beyond it the newest ones are dropped and counted: a
    ///     network may lose frames, but memory must not grow without bound while a checkpoint takes long.
    ///   - onHeld: called for the first frame of each epoch, and once in each that passes the limit ("checkpoint at
    ///     once"), from the thread that sent, with the machine lock held as a rule. So it only raises a signal and never
    ///     blocks.
    public init(
        _ backend: any NetworkBackend, holdLimit: Int = defaultHoldLimit, dropLimit: Int = defaultDropLimit,
        onHeld: @escaping @Sendable (Notice) -> Void = { _ in }
    ) {
        self.backend = backend
        self.onHeld = onHeld
        state = Mutex(OutputHoldState(limit: holdLimit, dropLimit: dropLimit))
    }

    /// What the guest sends: passed on, held or dropped, see `OutputHoldState`. Never blocks.
    public func send(_ frame: [UInt8]) {
        let (verdict, checkpoint) = state.withLock { state in
            let verdict = state.send(frame)
            // Inside the lock, so that `beginHolding` and `fence` mean what they say once they have returned.
            if verdict == .pass { backend.send(frame) }
            return (verdict, state.openCheckpoint)
        }
        if verdict == .pass, watchesNext.load(ordering: .relaxed), watchesNext.exchange(false, ordering: .relaxed) {
            nextPassedAt.store(clock.now().count, ordering: .relaxed)
        }
        switch verdict {
        case .heldFirst: onHeld(.first(checkpoint: checkpoint))
        case .heldPastLimit: onHeld(.pastLimit)
        case .pass, .held, .dropped: break
        }
    }

    /// Remembers when the next frame passes that is not held.
    public func watchNextFrame() {
        nextPassedAt.store(0, ordering: .relaxed)
        watchesNext.store(true, ordering: .relaxed)
    }

    /// When the first frame after `watchNextFrame` passed; nil if none has.
    public var watchedFrameAt: Nanoseconds? {
        let time = nextPassedAt.load(ordering: .relaxed)
        return time == 0 ? nil : Nanoseconds(time)
    }

    /// Inbound frames pass straight through.
    public func start(receiver: @escaping @Sendable ([UInt8]) -> Void) throws(NetworkError) {
        try backend.start(receiver: receiver)
    }

    /// Stops the back-end behind the hold.
    public func stop() { backend.stop() }

    /// What keeps the back-end behind the hold from its network.
    public var failure: NetworkError? { backend.failure }

    /// Holds everything sent from now on. To be called while the guest stands (or before it runs), so that the first
    /// checkpoint covers all that was sent before.
    public func beginHolding() { state.withLock { $0.beginHolding() } }

    /// The same for a run whose first checkpoint closes the epoch that opens now.
    public func beginRun() { state.withLock { $0.beginRun() } }

    /// Sends what checkpoint `checkpoint` of the run contains and everything before, as `release(through:)`.
    @discardableResult
    public func release(throughCheckpoint checkpoint: UInt64, before deadline: Nanoseconds = .never) -> ReleaseOutcome {
        release(through: state.withLock { $0.runBase } + checkpoint, before: deadline)
    }

    /// Closes the open epoch during a checkpoint's pause and returns its number: frames sent so far belong to it or to
    /// earlier ones, frames sent later do not. Takes the same short time however much is held.
    public func sealEpoch() -> UInt64 { state.withLock { $0.seal() } }

    /// Sends every frame of the epochs up to `epoch`, in order and exactly once; the checkpoint that closed it is
    /// complete on the secondary.
    ///
    /// A process can be frozen anywhere, also in here, and wake after the secondary took over. So the permission ends:
    /// before each frame the clock is compared with `deadline`, the time until which the secondary is known not to
    /// take over. What is left then stays held, and the caller finds out who serves before it releases again.
    @discardableResult
    public func release(through epoch: UInt64, before deadline: Nanoseconds = .never) -> ReleaseOutcome {
        outlet.withLock { _ in
            while true {
                if deadline != .never, clock.now() >= deadline {
                    return state.withLock { $0.mode } == .fenced ? .fenced : .expired
                }
                guard let frame = state.withLock({ $0.nextFrame(through: epoch) }) else { break }
                backend.send(frame)
            }
            return state.withLock { $0.mode } == .fenced ? .fenced : .finished
        }
    }

    /// Forgets every frame that is held: the epochs they belong to have failed. Holding goes on with a new epoch.
    public func discardAll() { outlet.withLock { _ in state.withLock { $0.discardAll() } } }

    /// Leaves replication: sends everything held, in order, and passes frames on from then on. To be called only when
    /// the secondary is known not to take over (the arbiter said so), or is known not to before `deadline`: it is
    /// compared with the clock before each frame, as in `release`, and once more before frames pass. When it has passed,
    /// holding goes on. Does nothing once fenced.
    @discardableResult
    public func releaseAllAndPass(before deadline: Nanoseconds = .never) -> ReleaseOutcome {
        outlet.withLock { _ in
            state.withLock { $0.beginLeaving() }
            while true {
                if deadline != .never, clock.now() >= deadline { return state.withLock { Self.holdOn(&$0) } }
                guard let frame = state.withLock({ $0.nextFrameWhileLeaving() }) else { break }
                backend.send(frame)
            }
            return state.withLock { $0.mode } == .fenced ? .fenced : .finished
        }
    }

    private static func holdOn(_ state: inout OutputHoldState) -> ReleaseOutcome {
        if state.mode == .leaving { state.beginHolding() }
        return state.mode == .fenced ? .fenced : .expired
    }

    /// This side was superseded: when the call returns, no frame is on its way to the back-end, and none ever will be.
    /// There is no way back; a machine that serves again gets a new hold.
    public func fence() {
        state.withLock { $0.fence() }
        // A release in progress took its last frame before; wait until it has handed that over.
        outlet.withLock { _ in }
    }

    /// What the hold does with frames now.
    public var mode: OutputHoldState.Mode { state.withLock { $0.mode } }
    /// The bytes of all held frames.
    public var heldBytes: Int { state.withLock { $0.heldBytes } }
    /// How many frames are held.
    public var heldPackets: Int { state.withLock { $0.heldPackets } }
    /// What became of the frames so far.
    public var counters: OutputHoldCounters { state.withLock { $0.counters } }
}
