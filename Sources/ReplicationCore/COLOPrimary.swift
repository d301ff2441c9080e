public import Environment
public import MigrationFormat

/// The primary's side of one COLO run, from the last byte of the initial synchronisation to the end of the channel.
///
///     waitingReady --READY--> running --due--> waitingReply --REPLY--> waitingCapture --output, timer-->
///     capturing --captured--> waitingReceived --RECEIVED--> waitingLoaded --LOADED--> running     any --failure--> left
///
/// The guest stands still only in `capturing` (and before READY). While a checkpoint travels the guest runs on in the
/// next epoch, whose output is held. When one begins says `CheckpointPacing`. After `leave` the machine answers nothing any more, and the output that is still
/// held is not its business: the side that may serve the guest alone decides that (PairController).
public struct COLOPrimary: Sendable {
    /// How long the primary waits for the secondary, and how often it takes checkpoints.
    public struct Limits: Sendable, Equatable {
        /// From the end of the initial synchronisation to CHECKPOINT_READY.
        public var readyTimeout = Nanoseconds.seconds(20)
        /// From CHECKPOINT_REQUEST to CHECKPOINT_REPLY.
        public var replyTimeout = Nanoseconds.seconds(3)
        /// From the first try to a guest that stands and is captured; shorter than the secondary waits for it
        /// (COLOSecondary.Limits.sendTimeout).
        public var captureTimeout = Nanoseconds.milliseconds(4500)
        /// From the capture to VMSTATE_RECEIVED; sending the checkpoint is part of it.
        public var transferTimeout = Nanoseconds.seconds(10)
        /// From VMSTATE_RECEIVED to VMSTATE_LOADED.
        public var loadTimeout = Nanoseconds.seconds(5)
        /// x-checkpoint-delay: from the start of one checkpoint to the start of the next; on output, the longest time from
        /// one capture to the next.
        public var checkpointDelay = Nanoseconds.milliseconds(20_000)
        /// Checkpoints on output; nil as QEMU does, which takes them after the delay alone.
        public var onOutput: CheckpointPacing.Gap?

        /// The default limits with the given checkpoint delay.
        public init(
            checkpointDelay: Nanoseconds = .milliseconds(20_000), onOutput: CheckpointPacing.Gap? = nil
        ) {
            self.checkpointDelay = checkpointDelay
            self.onOutput = onOutput
        }
    }

    /// What happened.
    public enum Event: Sendable, Equatable {
        /// A message of the secondary was read.
        case message(COLOMessage)
        /// `nextDeadline` was reached.
        case timer
        /// Output is held, the first that checkpoint `checkpoint` will contain.
        case outputHeld(checkpoint: UInt64)
        /// Since `watchRest`, all vCPUs wait for an interrupt at the same time, or did.
        case guestRests
        /// The held output passed its limit: a checkpoint is due at once.
        case holdLimitReached
        /// x-checkpoint-delay was changed; a checkpoint starts at once and the new delay counts from it.
        case checkpointDelayChanged(Nanoseconds)
        /// `pauseAndCapture` is done and the guest runs again.
        case captured(pause: Nanoseconds)
        /// The guest did not come to a stand for `pauseAndCapture`, and goes on; it is tried again, for a while.
        case captureTimedOut(String)
        /// `pauseAndCapture` failed; the guest runs again, and its output stays held.
        case captureFailed(String)
        /// Bytes of the secondary are no message.
        case malformed(String)
        /// The channel failed, was closed or ended.
        case channelLost(String)
        /// The failover command, or the pair's decision to end the run.
        case failoverRequested
    }

    /// What the edge has to do, in the order given.
    public enum Action: Sendable, Equatable {
        /// Resume the guest after the initial synchronisation. Its output is held from the switchover on.
        case startGuest
        /// Send a message.
        case send(COLOMessage)
        /// Report `guestRests` once, as soon as no vCPU has anything to do.
        case watchRest
        /// Pause the guest, harvest the dirty log, copy the pages and the device state, seal the output of epoch
        /// `checkpoint`, resume the guest; then report `captured`. The guest waits for no network here.
        case pauseAndCapture(checkpoint: UInt64)
        /// Send VMSTATE_SEND, the RAM records, VMSTATE_SIZE and the device state of the capture, in this order. May
        /// be done while the guest runs; a failure is reported as `channelLost`.
        case sendCheckpoint(UInt64)
        /// The checkpoint is complete on the secondary: the output of all epochs up to this one may be released. In
        /// a pair this goes through PairController (`checkpointComplete`), which gates it with the output lease.
        case releaseOutput(throughEpoch: UInt64)
        /// The run is over: close the channel, keep holding all output, raise COLO_EXIT (reason `request` for
        /// `.requested`, else `error`), and let the pair decide about going on.
        case leave(COLORunEnd)
    }

    /// Where the run is.
    public enum Phase: String, Sendable, Equatable {
        case waitingReady = "waiting for CHECKPOINT_READY"
        case running = "running"
        case waitingReply = "waiting for CHECKPOINT_REPLY"
        case waitingCapture = "waiting for output, the delay, or the guest to rest"
        case capturing = "capturing"
        case waitingReceived = "waiting for VMSTATE_RECEIVED"
        case waitingLoaded = "waiting for VMSTATE_LOADED"
        case left = "left"
    }

    /// The limits; the checkpoint delay in them changes with `checkpointDelayChanged`.
    public private(set) var limits: Limits
    /// Where the run is.
    public private(set) var phase = Phase.waitingReady
    /// The last checkpoint that is complete on the secondary; `nil` before READY, then 0 for the initial one.
    public private(set) var lastComplete: UInt64?
    /// When `.timer` is wanted.
    public private(set) var nextDeadline: Nanoseconds

    private var checkpoint: UInt64 = 0
    private var pacing: CheckpointPacing
    /// Whether `guestRests` was asked for and has not come.
    private var watchesRest = false
    private var captureDeadline = Nanoseconds.never

    /// A run whose initial synchronisation was sent wholly at `now`, with the guest paused.
    public init(limits: Limits, now: Nanoseconds) {
        self.limits = limits
        pacing = CheckpointPacing(period: limits.checkpointDelay, onOutput: limits.onOutput, now: now)
        nextDeadline = now + limits.readyTimeout
    }

    /// Takes one event and returns what to do.
    public mutating func handle(_ event: Event, now: Nanoseconds) -> [Action] {
        guard phase != .left else { return [] }
        switch event {
        case .message(let message): return receive(message, now)
        case .timer: return now >= nextDeadline ? deadlineReached(now) : []
        case .outputHeld(let checkpoint):
            pacing.outputHeld(in: checkpoint)
            return proceed(now)
        case .guestRests:
            guard watchesRest else { return [] }
            pacing.guestCameToRest()
            return proceed(now)
        case .holdLimitReached:
            pacing.wantAtOnce()
            return proceed(now)
        case .checkpointDelayChanged(let delay):
            limits.checkpointDelay = delay
            pacing.period = delay
            pacing.wantAtOnce()
            return proceed(now)
        case .captured(let pause):
            guard phase == .capturing else { return [] }
            pacing.captured(pause: pause)
            wait(.waitingReceived, now, limits.transferTimeout)
            return [.sendCheckpoint(checkpoint)]
        case .captureTimedOut(let why):
            guard phase == .capturing else { return [] }
            guard now < captureDeadline else { return leave(.machineFailed(why)) }
            return [.pauseAndCapture(checkpoint: checkpoint)]
        case .captureFailed(let why): return leave(.machineFailed(why))
        case .malformed(let what): return leave(.malformed(what))
        case .channelLost(let why): return leave(.channelLost(why))
        case .failoverRequested: return leave(.requested)
        }
    }

    private mutating func receive(_ message: COLOMessage, _ now: Nanoseconds) -> [Action] {
        switch (phase, message) {
        case (.waitingReady, .checkpointReady):
            lastComplete = 0
            pacing.begin(now)
            return [.startGuest] + runOn(now)
        case (.waitingReply, .checkpointReply):
            phase = .waitingCapture
            return proceed(now)
        case (.waitingReceived, .vmstateReceived):
            wait(.waitingLoaded, now, limits.loadTimeout)
            return []
        case (.waitingLoaded, .vmstateLoaded):
            lastComplete = checkpoint
            return [.releaseOutput(throughEpoch: checkpoint)] + runOn(now)
        default:
            return leave(.unexpectedMessage(message, phase: phase.rawValue))
        }
    }

    private mutating func deadlineReached(_ now: Nanoseconds) -> [Action] {
        switch phase {
        case .running, .waitingCapture: return proceed(now)
        case .waitingReady: return leave(.deadline(wait: "readyTimeout", limit: limits.readyTimeout))
        case .waitingReply: return leave(.deadline(wait: "replyTimeout", limit: limits.replyTimeout))
        case .waitingReceived: return leave(.deadline(wait: "transferTimeout", limit: limits.transferTimeout))
        case .waitingLoaded: return leave(.deadline(wait: "loadTimeout", limit: limits.loadTimeout))
        case .capturing, .left: return []
        }
    }

    /// Back to `running`, unless the next checkpoint is already due.
    private mutating func runOn(_ now: Nanoseconds) -> [Action] {
        phase = .running
        return proceed(now)
    }

    /// Asks for a checkpoint, or captures the guest for the one that was asked for, if it is time.
    private mutating func proceed(_ now: Nanoseconds) -> [Action] {
        switch phase {
        case .running:
            nextDeadline = pacing.request(of: checkpoint + 1)
            return now >= nextDeadline ? request(now) : []
        case .waitingReply: return watchRest(now)
        case .waitingCapture:
            nextDeadline = pacing.capture(for: checkpoint)
            return now >= nextDeadline ? capture(now) : watchRest(now)
        default: return []
        }
    }

    private mutating func request(_ now: Nanoseconds) -> [Action] {
        checkpoint += 1
        pacing.requested(now)
        wait(.waitingReply, now, limits.replyTimeout)
        return [.send(.checkpointRequest)] + watchRest(now)
    }

    private mutating func watchRest(_ now: Nanoseconds) -> [Action] {
        guard !watchesRest, pacing.waitsForRest(for: checkpoint, now) else { return [] }
        watchesRest = true
        return [.watchRest]
    }

    private mutating func capture(_ now: Nanoseconds) -> [Action] {
        wait(.capturing, now, .never)
        captureDeadline = now + limits.captureTimeout
        watchesRest = false
        pacing.captureBegan(now)
        return [.pauseAndCapture(checkpoint: checkpoint)]
    }

    private mutating func wait(_ next: Phase, _ now: Nanoseconds, _ limit: Nanoseconds) {
        phase = next
        nextDeadline = now + limit
    }

    private mutating func leave(_ reason: COLORunEnd) -> [Action] {
        wait(.left, .zero, .never)
        return [.leave(reason)]
    }
}
