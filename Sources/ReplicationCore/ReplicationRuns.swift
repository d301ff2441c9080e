public import Environment

/// Decides about replication runs on one host: which is wanted, when the switchover may go on, who resumes the guest, and
/// what a late step of a run may still do. It stands between the pair's controller, which says what is to be, and the
/// threads that send, receive and resume, which are always a little behind.
///
/// A run is known by the number that the controller gave it. What was stopped stays stopped, also a run that has not
/// begun yet; a fenced side resumes nothing any more, whatever a thread was about to do.
///
///     outgoing   none --start, mayBegin--> sending --switchover--> asking --continue--> committed --COLO--> colo
///                committed, colo --ended--> holding --all released--> none       sending, asking --ended--> none
///     incoming   none --listen--> listening --accepted--> receiving --COLO--> colo --take over--> resuming --> none
public struct ReplicationRuns: Sendable {
    /// What happened: the first group is the controller's word, the second comes from the threads of runs.
    public enum Event: Sendable, Equatable {
        /// PairController.Action.startReplication.
        case start(run: UInt64)
        /// PairController.Action.continueSwitchover.
        case continueSwitchover(run: UInt64)
        /// PairController.Action.stopReplication.
        case stop(run: UInt64)
        /// PairController.Action.listenForReplication.
        case listen(run: UInt64)
        /// PairController.Action.abandonCheckpoint.
        case abandon(run: UInt64)
        /// PairController.Action.takeOver.
        case takeOver(before: Nanoseconds)
        /// PairController.Action.releaseAllOutput was carried out in time.
        case released
        /// PairController.Action.fence.
        case fence
        /// The process ends: nobody decides about runs any more.
        case end

        /// The migration before this run is over, and it could begin.
        case mayBegin(run: UInt64)
        /// The guest stands, and only the last part of the synchronisation is still to be sent.
        case switchoverReached
        /// The synchronisation was sent wholly: COLO begins on this side.
        case primaryBegan
        /// The outgoing run is over, at whatever stage.
        case outgoingEnded(String)
        /// A channel was accepted and has proven itself.
        case accepted
        /// The synchronisation was loaded wholly: COLO begins on this side.
        case secondaryBegan
        /// A checkpoint is complete here.
        case held(checkpoint: UInt64)
        /// The incoming run is over; what is held stays held.
        case incomingEnded(String)
        /// The checkpoint is loaded into the machine: may the guest run?
        case readyToResume
        /// The guest runs from the checkpoint.
        case resumed
        /// The checkpoint could not be resumed.
        case resumeFailed(String)
    }

    /// What the edge has to do, in the order given.
    public enum Action: Sendable, Equatable {
        /// Wait until the migration before is over, and report `mayBegin`.
        case prepare(run: UInt64)
        /// Connect to the peer, prove this run, and synchronise.
        case connect(run: UInt64)
        /// Cut the outgoing channel: its thread ends with `outgoingEnded`.
        case cancelOutgoing
        /// Leave COLO as primary (COLOPrimary.failoverRequested).
        case leavePrimary
        /// From here on output is held; the guest stands.
        case hold
        /// Accept a channel for this run.
        case listen(run: UInt64)
        /// Stop listening, or cut a channel that brought no checkpoint yet.
        case cancelIncoming
        /// Forget the checkpoints (COLOSecondary.abandon).
        case abandonSecondary
        /// Load the last complete checkpoint (COLOSecondary.failoverRequested), then report `readyToResume`.
        case loadCheckpoint
        /// Let the guest run from what was loaded; then report `resumed` or `resumeFailed`.
        case resume
        /// Never release what is held, and retire the machine.
        case fence
        /// Begin anew with nothing left of the guest: replace the process.
        case restart(String)
        /// Tell the pair's controller.
        case report(PairController.Event)
    }

    enum Outgoing: Sendable, Equatable {
        case none
        case sending(run: UInt64)
        case asking(run: UInt64)
        case committed(run: UInt64)
        case colo(run: UInt64)
        /// The run is over, the output still held.
        case holding
    }

    enum Incoming: Sendable, Equatable {
        case none
        case listening(run: UInt64)
        case receiving(run: UInt64)
        /// `isOver`: its channel is gone, what it brought stays.
        case colo(run: UInt64, isOver: Bool)
        /// Being loaded, or loaded, until the guest runs; only before this time.
        case resuming(run: UInt64, isLoaded: Bool, before: Nanoseconds)
    }

    private(set) var outgoing = Outgoing.none
    private(set) var incoming = Incoming.none
    /// This side gave its guest up for good.
    public private(set) var isFenced = false
    /// This process ends.
    public private(set) var isEnding = false
    /// RAM may hold what a source sent: the guest must not be booted on it.
    public private(set) var memoryIsForeign = false
    /// The output that the present run held was let out, whether its thread knows of its end or not.
    private var isReleased = false
    private var stoppedRun: UInt64 = 0
    private var abandonedRun: UInt64 = 0

    /// No run, and a machine that was never used.
    public init() {}

    /// The number of the outgoing run; 0 if there is none.
    public var outgoingRun: UInt64 {
        switch outgoing {
        case .sending(let run), .asking(let run), .committed(let run), .colo(let run): run
        case .none, .holding: 0
        }
    }

    /// The number of the incoming run; 0 if there is none.
    public var incomingRun: UInt64 {
        switch incoming {
        case .listening(let run), .receiving(let run), .colo(let run, _), .resuming(let run, _, _): run
        case .none: 0
        }
    }

    /// Nobody wants this outgoing run any more. Its thread has to look after every step that nothing could cut.
    public func isVoid(outgoing run: UInt64) -> Bool { isEnding || isFenced || run <= stoppedRun }

    /// The answer to `switchoverReached`; nil while there is none.
    public var mayGoOn: Bool? {
        switch outgoing {
        case .asking(let run): isEnding || isFenced || run <= stoppedRun ? false : nil
        case .committed, .colo: !isEnding && !isFenced
        case .none, .sending, .holding: false
        }
    }

    /// How the output of a run that is over was decided about: true for released, false for fenced; nil while it waits.
    public var wasReleased: Bool? {
        if isFenced || isEnding { return false }
        return outgoing == .none ? true : nil
    }

    /// Until when the guest may be resumed from what was loaded.
    public var resumeDeadline: Nanoseconds {
        if case .resuming(_, _, let before) = incoming { before } else { .zero }
    }

    /// The RAM was put back to power-on.
    public mutating func memoryWasReset() { memoryIsForeign = false }

    /// Takes one event and returns what to do.
    public mutating func handle(_ event: Event, now: Nanoseconds) -> [Action] {
        switch event {
        case .start(let run): isEnding || isFenced || run <= stoppedRun ? [] : [.prepare(run: run)]
        case .mayBegin(let run): begin(run)
        case .continueSwitchover(let run): continueSwitchover(run)
        case .stop(let run): stop(run)
        case .switchoverReached: switchoverReached()
        case .primaryBegan: primaryBegan()
        case .outgoingEnded(let why): outgoingEnded(why)
        case .released: released()
        case .fence: fence()
        case .end: end()
        case .listen(let run): listen(run)
        case .abandon(let run): abandon(run)
        case .accepted: accepted()
        case .secondaryBegan: secondaryBegan()
        case .held(let checkpoint): held(checkpoint)
        case .incomingEnded(let why): incomingEnded(why)
        case .takeOver(let before): takeOver(before, now)
        case .readyToResume: readyToResume(now)
        case .resumed: resumed()
        case .resumeFailed(let why): resumeFailed(why)
        }
    }

    // MARK: Outgoing

    private mutating func begin(_ run: UInt64) -> [Action] {
        guard !isVoid(outgoing: run) else { return [] }
        // Its thread may still connect; when it ends, that must not be taken for the end of this one.
        guard outgoingRun == 0 else { return [.report(.replicationEnded(run: run, "the run before has not ended"))] }
        outgoing = .sending(run: run)
        return [.connect(run: run)]
    }

    private mutating func switchoverReached() -> [Action] {
        guard case .sending(let run) = outgoing, run > stoppedRun, !isEnding, !isFenced else { return [] }
        outgoing = .asking(run: run)
        return [.report(.switchoverReached(run: run))]
    }

    private mutating func continueSwitchover(_ run: UInt64) -> [Action] {
        guard outgoing == .asking(run: run), run > stoppedRun, !isEnding, !isFenced else { return [] }
        outgoing = .committed(run: run)
        isReleased = false
        return [.hold]
    }

    private mutating func primaryBegan() -> [Action] {
        guard case .committed(let run) = outgoing else { return [.leavePrimary] }
        outgoing = .colo(run: run)
        return run <= stoppedRun || isEnding || isFenced ? [.leavePrimary] : []
    }

    private mutating func stop(_ run: UInt64) -> [Action] {
        stoppedRun = max(stoppedRun, run)
        guard outgoingRun == run else { return [] }
        if case .colo = outgoing { return [.leavePrimary] }
        return [.cancelOutgoing]
    }

    private mutating func outgoingEnded(_ why: String) -> [Action] {
        let run = outgoingRun
        guard run > 0 else { return [] }
        switch outgoing {
        case .committed, .colo: outgoing = isReleased ? .none : .holding
        case .none, .sending, .asking, .holding: outgoing = .none
        }
        // A side that ends itself decides nothing any more: a claim to go on would make the peer forget its checkpoint.
        return isEnding ? [] : [.report(.replicationEnded(run: run, why))]
    }

    private mutating func released() -> [Action] {
        isReleased = true
        if outgoing == .holding { outgoing = .none }
        return []
    }

    // MARK: Both

    private mutating func fence() -> [Action] {
        isFenced = true
        var actions: [Action] = [.fence]
        if case .resuming = incoming { incoming = .none }
        switch outgoing {
        case .sending, .asking, .committed: actions.append(.cancelOutgoing)
        case .none, .colo, .holding: break
        }
        return actions
    }

    private mutating func end() -> [Action] {
        isEnding = true
        (stoppedRun, abandonedRun) = (.max, .max)
        var actions: [Action] = []
        switch outgoing {
        case .colo: actions += [.leavePrimary]
        case .sending, .asking, .committed: actions += [.cancelOutgoing]
        case .none, .holding: break
        }
        switch incoming {
        case .colo, .resuming: actions += [.abandonSecondary]
        case .listening, .receiving: actions += [.cancelIncoming]
        case .none: break
        }
        return actions
    }

    // MARK: Incoming

    private mutating func listen(_ run: UInt64) -> [Action] {
        guard !isEnding, run > abandonedRun else { return [] }
        guard !isFenced else {
            return [.restart("this side gave its guest up and begins anew as a waiting secondary")]
        }
        incoming = .listening(run: run)
        return [.listen(run: run)]
    }

    private mutating func accepted() -> [Action] {
        guard case .listening(let run) = incoming, run > abandonedRun, !isEnding else { return [.cancelIncoming] }
        incoming = .receiving(run: run)
        memoryIsForeign = true
        return [.report(.incomingStarted(run: run))]
    }

    private mutating func secondaryBegan() -> [Action] {
        guard case .receiving(let run) = incoming, run > abandonedRun, !isEnding else { return [.abandonSecondary] }
        incoming = .colo(run: run, isOver: false)
        return []
    }

    private mutating func held(_ checkpoint: UInt64) -> [Action] {
        guard case .colo(let run, _) = incoming else { return [] }
        return [.report(.checkpointHeld(run: run, checkpoint: checkpoint))]
    }

    private mutating func incomingEnded(_ why: String) -> [Action] {
        let run = incomingRun
        switch incoming {
        case .none, .resuming: return []
        case .listening, .receiving: incoming = .none
        case .colo(_, let isOver):
            guard !isOver else { return [] }
            incoming = .colo(run: run, isOver: true)
        }
        return isEnding ? [] : [.report(.incomingEnded(run: run, why))]
    }

    private mutating func abandon(_ run: UInt64) -> [Action] {
        abandonedRun = max(abandonedRun, run)
        guard incomingRun == run else { return [] }
        defer { incoming = .none }
        switch incoming {
        case .none: return []
        case .listening, .receiving: return [.cancelIncoming]
        case .colo: return [.abandonSecondary]
        // The machine holds a guest that must never run.
        case .resuming: return [.restart("the checkpoint that was being resumed is void")]
        }
    }

    private mutating func takeOver(_ before: Nanoseconds, _ now: Nanoseconds) -> [Action] {
        switch incoming {
        case .colo(let run, _):
            incoming = .resuming(run: run, isLoaded: false, before: before)
            return [.loadCheckpoint]
        case .resuming(let run, let isLoaded, _):
            incoming = .resuming(run: run, isLoaded: isLoaded, before: before)
            guard isLoaded else { return [] }
            return now < before ? [.resume] : [.report(.entryExpired)]
        case .none, .listening, .receiving:
            return [.report(.guestFailed("there is no checkpoint to take over from"))]
        }
    }

    private mutating func readyToResume(_ now: Nanoseconds) -> [Action] {
        guard case .resuming(let run, _, let before) = incoming, !isFenced, !isEnding else { return [] }
        incoming = .resuming(run: run, isLoaded: true, before: before)
        return now < before ? [.resume] : [.report(.entryExpired)]
    }

    private mutating func resumed() -> [Action] {
        guard case .resuming = incoming else { return [] }
        incoming = .none
        return [.report(.guestRuns)]
    }

    private mutating func resumeFailed(_ why: String) -> [Action] {
        guard case .resuming = incoming else { return [] }
        incoming = .none
        return [.report(.guestFailed(why))]
    }
}
