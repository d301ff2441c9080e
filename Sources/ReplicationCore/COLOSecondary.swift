public import Environment
public import MigrationFormat

/// The secondary's side of one COLO run, from the complete load of the initial synchronisation to a takeover or to
/// the moment in which its checkpoint is worth nothing any more.
///
///     waitingRequest --REQUEST--> waitingSend --SEND--> receivingLiveState --live state--> waitingSize
///       --SIZE--> receivingDeviceState --validated--> committing --committed--> waitingRequest
///     any of them --failure--> left (keeps the last complete checkpoint) --failover--> takenOver
///     any of them --abandon--> abandoned
///
/// A checkpoint is received into a staging area and made current in one step (I2): a failure before `commit` discards
/// the staging area and the last complete checkpoint stays; from `commit` on the checkpoint counts, whatever happens
/// to the channel meanwhile, and a failover waits for the step to end.
public struct COLOSecondary: Sendable {
    /// What the secondary accepts and how long it waits for the primary within a checkpoint. Until it is asked for one
    /// it waits without limit: the heartbeat tells whether the primary lives.
    public struct Limits: Sendable, Equatable {
        /// From CHECKPOINT_REPLY to VMSTATE_SEND. The primary may have asked ahead (`CheckpointPacing`), and captures in
        /// between.
        public var sendTimeout = Nanoseconds.seconds(5)
        /// From VMSTATE_SEND to the end of the live state.
        public var liveStateTimeout = Nanoseconds.seconds(10)
        /// From the end of the live state to VMSTATE_SIZE.
        public var sizeTimeout = Nanoseconds.seconds(3)
        /// From VMSTATE_SIZE to the last byte of device state.
        public var deviceStateTimeout = Nanoseconds.seconds(5)
        /// The largest device state in bytes that is accepted.
        public var maximumDeviceState: UInt64 = 64 << 20

        /// The default limits.
        public init() {}
    }

    /// What happened.
    public enum Event: Sendable, Equatable {
        /// A message of the primary was read.
        case message(COLOMessage)
        /// `nextDeadline` was reached.
        case timer
        /// `receiveLiveState` is done: all RAM records are in the staging area and valid.
        case liveStateReceived
        /// `receiveDeviceState` is done: all bytes are there and every section was decoded and validated.
        case deviceStateValidated
        /// Bytes of the primary are no message, no valid record or no valid device state.
        case malformed(String)
        /// `commit` is done.
        case committed
        /// `commit` failed; which checkpoint is current is no longer certain.
        case commitFailed(String)
        /// The channel failed, was closed or ended.
        case channelLost(String)
        /// Take over from the last complete checkpoint. The sender has the right to serve already.
        case failoverRequested
        /// The primary goes on without this side: its checkpoint must never be used.
        case abandon
    }

    /// What the edge has to do, in the order given.
    public enum Action: Sendable, Equatable {
        /// Send a message.
        case send(COLOMessage)
        /// Read RAM records into the staging area until their end of file mark; then report `liveStateReceived`.
        case receiveLiveState(checkpoint: UInt64)
        /// Read this many bytes of device state and validate them wholly; then report `deviceStateValidated`.
        case receiveDeviceState(checkpoint: UInt64, bytes: UInt64)
        /// Make the staged checkpoint current in one step; then report `committed`.
        case commit(checkpoint: UInt64)
        /// Forget the staging area; the last complete checkpoint stays.
        case discardStaging
        /// Close the channel and raise COLO_EXIT (reason `request` for `.requested`, else `error`); keep the last
        /// complete checkpoint.
        case leave(COLORunEnd)
        /// Resume the guest from this complete checkpoint as the service VM.
        case takeOver(checkpoint: UInt64)
        /// Close the channel and forget every checkpoint.
        case discardAll
    }

    /// Where the run is.
    public enum Phase: String, Sendable, Equatable {
        case waitingRequest = "waiting for CHECKPOINT_REQUEST"
        case waitingSend = "waiting for VMSTATE_SEND"
        case receivingLiveState = "receiving RAM records"
        case waitingSize = "waiting for VMSTATE_SIZE"
        case receivingDeviceState = "receiving device state"
        case committing = "making the checkpoint current"
        case left = "left with a complete checkpoint"
        case takenOver = "taken over"
        case abandoned = "abandoned"
    }

    /// What is to be done as soon as the step under way has ended.
    private enum Pending: Equatable { case leave(COLORunEnd), takeOver, discardAll }

    /// The limits.
    public let limits: Limits
    /// Where the run is.
    public private(set) var phase = Phase.waitingRequest
    /// The checkpoint from which the guest can be resumed; 0 is the initial synchronisation.
    public private(set) var lastComplete: UInt64 = 0
    /// When `.timer` is wanted.
    public private(set) var nextDeadline = Nanoseconds.never

    private var pending: Pending?
    private var hasLeft = false

    /// A run that starts as soon as the initial synchronisation is loaded wholly.
    public init(limits: Limits) { self.limits = limits }

    /// What to do first: tell the primary that the initial synchronisation is complete here.
    public func start() -> [Action] { [.send(.checkpointReady)] }

    /// Takes one event and returns what to do.
    public mutating func handle(_ event: Event, now: Nanoseconds) -> [Action] {
        guard phase != .takenOver, phase != .abandoned else { return [] }
        switch event {
        case .message(let message): return receive(message, now)
        case .timer: return now >= nextDeadline ? deadlineReached() : []
        case .liveStateReceived:
            guard phase == .receivingLiveState else { return [] }
            wait(.waitingSize, now, limits.sizeTimeout)
            return []
        case .deviceStateValidated:
            guard phase == .receivingDeviceState else { return [] }
            wait(.committing, now, .never)
            return [.send(.vmstateReceived), .commit(checkpoint: lastComplete + 1)]
        case .committed: return phase == .committing ? committed(now) : []
        case .commitFailed(let why): return phase == .committing ? commitFailed(why) : []
        case .malformed(let what): return end(.leave(.malformed(what)))
        case .channelLost(let why): return end(.leave(.channelLost(why)))
        case .failoverRequested: return end(.takeOver)
        case .abandon: return end(.discardAll)
        }
    }

    private mutating func receive(_ message: COLOMessage, _ now: Nanoseconds) -> [Action] {
        switch (phase, message) {
        case (.left, _): return []
        case (.waitingRequest, .checkpointRequest):
            wait(.waitingSend, now, limits.sendTimeout)
            return [.send(.checkpointReply)]
        case (.waitingSend, .vmstateSend):
            wait(.receivingLiveState, now, limits.liveStateTimeout)
            return [.receiveLiveState(checkpoint: lastComplete + 1)]
        case (.waitingSize, .vmstateSize(let bytes)):
            guard bytes <= limits.maximumDeviceState else {
                return end(
                    .leave(.malformed("VMSTATE_SIZE of \(bytes) bytes, at most \(limits.maximumDeviceState) allowed")))
            }
            wait(.receivingDeviceState, now, limits.deviceStateTimeout)
            return [.receiveDeviceState(checkpoint: lastComplete + 1, bytes: bytes)]
        default:
            return end(.leave(.unexpectedMessage(message, phase: phase.rawValue)))
        }
    }

    private mutating func deadlineReached() -> [Action] {
        let name: (String, Nanoseconds)? =
            switch phase {
            case .waitingSend: ("sendTimeout", limits.sendTimeout)
            case .receivingLiveState: ("liveStateTimeout", limits.liveStateTimeout)
            case .waitingSize: ("sizeTimeout", limits.sizeTimeout)
            case .receivingDeviceState: ("deviceStateTimeout", limits.deviceStateTimeout)
            default: nil
            }
        guard let (wait, limit) = name else { return [] }
        return end(.leave(.deadline(wait: wait, limit: limit)))
    }

    private mutating func committed(_ now: Nanoseconds) -> [Action] {
        lastComplete += 1
        guard let what = pending else {
            wait(.waitingRequest, now, .never)
            return [.send(.vmstateLoaded)]
        }
        // The checkpoint counts, but nobody may release output on the word of a side that is leaving.
        pending = nil
        phase = .waitingRequest
        return end(what)
    }

    private mutating func commitFailed(_ why: String) -> [Action] {
        pending = nil
        wait(.abandoned, .zero, .never)
        return (hasLeft ? [] : [.leave(.machineFailed(why))]) + [.discardAll]
    }

    /// Ends the run, or notes that it has to end once the commit under way is done.
    private mutating func end(_ what: Pending) -> [Action] {
        if phase == .committing {
            // A later wish overrules the loss of the channel; nothing overrules a takeover that may have been promised.
            if pending != .takeOver { pending = what == .discardAll || pending != .discardAll ? what : pending }
            return []
        }
        let isReceiving = phase != .waitingRequest && phase != .left
        let discard: [Action] = isReceiving ? [.discardStaging] : []
        switch what {
        case .leave(let reason):
            guard !hasLeft else { return [] }
            hasLeft = true
            wait(.left, .zero, .never)
            return discard + [.leave(reason)]
        case .takeOver:
            wait(.takenOver, .zero, .never)
            return discard + (hasLeft ? [] : [.leave(.requested)]) + [.takeOver(checkpoint: lastComplete)]
        case .discardAll:
            wait(.abandoned, .zero, .never)
            return discard + (hasLeft ? [] : [.leave(.channelLost("the primary goes on alone"))]) + [.discardAll]
        }
    }

    private mutating func wait(_ next: Phase, _ now: Nanoseconds, _ limit: Nanoseconds) {
        phase = next
        nextDeadline = now + limit
    }
}
