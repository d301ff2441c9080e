public import Environment

/// Decides who serves the guest: one value on each host, fed with what the heartbeat, the replication channel, the
/// arbiter, the disk with the record and the operator say.
///
/// The rules (docs/decisions/0002-failover-rules.md tells why):
///
/// 1. A side serves only in a term of its own that it has persisted, and only the highest term counts: a side that
///    hears a higher term of its peer stops its guest, discards the output it held and waits as secondary.
/// 2. To enter a new term a side needs a *grant*: the peer acknowledges the claim by persisting its term, or, when
///    the peer is lost, the arbiter says yes. "No" and a timeout change nothing; it asks again at a bounded rate. A side
///    asks only once it has persisted the claim: nobody gives anything up for a side that cannot write.
/// 3. From the switchover of the initial synchronisation on, the serving side is *exposed*: the peer may hold a complete
///    checkpoint. All output is held, and leaving that state without a grant is impossible.
/// 4. Even output of a complete checkpoint is released only under the output lease: the peer has confirmed a recent
///    message of this side, and promised not to act on its own before this side was silent for the heartbeat
///    timeout. A side that was frozen wakes with an expired lease.
/// 5. Of two claims at once the higher term wins, which is the one of the side that serves.
/// 6. A claim is not granted while a question to the arbiter is open or a term is being entered, nor does a side promise
///    anything then.
/// 7. Writing takes as long as it takes, and the heartbeat goes on meanwhile; it tells the old term and that a term is
///    being entered. When the write is done the side looks again: a grant that rests on the peer's loss alone is void if
///    the peer is heard again, and what is done under it is done within a short time or not at all.
/// 8. A record that cannot be written is no reason to throw anything away: what is held stays held, and the write is tried
///    again.
/// 9. With no arbiter configured the answer is yes at once, as long as the peer stays lost. That is safe against crashes,
///    freezes and slow disks, because a lost peer is declared only after the heartbeat had its chance
///    (HeartbeatMonitor), but not across a cut network.
/// 10. Who leaves on purpose says so, and grants what its peer needs to go on.
public struct PairController: Sendable {
    /// What stays the same for the life of the process.
    public struct Configuration: Sendable, Equatable {
        /// Which host this is.
        public var member: PairMember
        /// Whether loss of the primary leads to a takeover by itself.
        public var failover = FailoverPolicy.automatic
        /// Whether an arbiter exists; without one every question is answered yes at once.
        public var hasArbiter = false
        /// The heartbeat's timeout.
        public var heartbeatTimeout: Nanoseconds
        /// How long a starting side listens for its peer before it asks the arbiter or starts a new pair.
        public var startWait: Nanoseconds
        /// From a refusal or timeout of the arbiter to the next question.
        public var askInterval = Nanoseconds.seconds(2)
        /// How long the arbiter may take; the edge reports `timedOut` itself, this bound is the last resort.
        public var arbiterTimeout = Nanoseconds.seconds(30)
        /// From an end of replication to the next attempt; doubled with every attempt that fails, up to the limit.
        public var reprotectDelay = Nanoseconds.seconds(1)
        /// The longest time between two attempts.
        public var reprotectLimit = Nanoseconds.seconds(10)
        /// How long the initial synchronisation may take.
        public var synchronisationTimeout = Nanoseconds.seconds(300)
        /// How long a commanded failover or drill waits for the peer's grant.
        public var handoverTimeout = Nanoseconds.seconds(5)
        /// How long a side that leaves waits for its peer.
        public var leaveTimeout = Nanoseconds.seconds(5)
        /// How long a side that was given the guest while it was leaving may take to protect it again on its peer, to
        /// hand it back. A whole initial synchronisation has to fit; the service manager waits longer.
        public var handBackTimeout = Nanoseconds.seconds(15)
        /// From `leaveCommanded` to `leave` at the longest: the peer takes over, or this side does, hands the guest back,
        /// and is taken over.
        public var longestLeave: Nanoseconds { leaveTimeout + handBackTimeout + leaveTimeout }
        /// How long a guest may be unable to do its work here before a peer that can is asked to take it over.
        public var impairmentLimit = Nanoseconds.seconds(3)
        /// How long a channel of a run that the peer does not know of any more is kept.
        public var strandedTimeout = Nanoseconds.seconds(3)
        /// How long a claim may stay unanswered by a peer that is heard, before the arbiter is asked.
        public var acknowledgeTimeout: Nanoseconds
        /// A longer time between two events means that this side stood still: what it knows of the peer is stale, and
        /// every wait for the peer starts anew. Half of the heartbeat timeout.
        public var freezeLimit: Nanoseconds
        /// How long the output lease may be expired, or replication be unconfirmed, before replication is given up.
        public var leaseTimeout: Nanoseconds
        /// How old the last complete checkpoint may be in a protected pair, beyond three times the checkpoint delay.
        public var checkpointGrace = Nanoseconds.seconds(2)
        /// From one checkpoint to the next, until `checkpointDelay` tells another one.
        public var checkpointDelay = Nanoseconds.milliseconds(50)
        /// From one write of the record to the next, which shows that it can still be written.
        public var probeInterval = Nanoseconds.seconds(5)
        /// From a failed write of the record to the next attempt.
        public var writeRetry = Nanoseconds.seconds(1)
        /// How long a write of the record may take before the record counts as unwritable.
        public var writeLimit = Nanoseconds.seconds(2)
        /// A rule that is broken on purpose, so that tests can show that the simulator's checkers notice; nil in
        /// production.
        package var brokenRule: Rule?

        /// The default configuration of a member, with the limits that depend on the heartbeat's timeout.
        public init(member: PairMember, heartbeatTimeout: Nanoseconds = .milliseconds(500)) {
            self.member = member
            self.heartbeatTimeout = heartbeatTimeout
            freezeLimit = Nanoseconds(heartbeatTimeout.count / 2)
            leaseTimeout = Nanoseconds(heartbeatTimeout.count * 4)
            startWait = max(.seconds(3), Nanoseconds(heartbeatTimeout.count * 4))
            acknowledgeTimeout = max(.seconds(5), Nanoseconds(heartbeatTimeout.count * 10))
        }
    }

    /// Rules that can be broken by name.
    package enum Rule: Sendable { case lease, lookAgain, claimFirst }

    /// What happened.
    public enum Event: Sendable, Equatable {
        /// An authenticated report of the peer; its promise (OutputLease) holds until then.
        case heard(PairReport, promisedUntil: Nanoseconds)
        /// The heartbeat declares the peer lost.
        case peerLost(PeerLoss)
        /// A process of the peer is heard for the first time; what differs from this side's profile.
        case peerIdentified(differences: [String])
        /// The record was written: it is on stable storage.
        case persisted(PairRecord)
        /// The record could not be written, and what was there before stands.
        case persistFailed(String)
        /// How the machine fares.
        case condition(MachineCondition)
        /// From one checkpoint to the next, from now on.
        case checkpointDelay(Nanoseconds)
        /// The arbiter answered the question about this term.
        case arbiterAnswered(Term, ArbiterVerdict)
        /// Outgoing replication is about to send its last part: after it the peer may hold a complete checkpoint. The
        /// guest is paused, and the edge waits for `continueSwitchover`.
        case switchoverReached(run: UInt64)
        /// The peer confirmed the initial synchronisation, or completed this checkpoint (COLOPrimary).
        case checkpointConfirmed(run: UInt64, checkpoint: UInt64)
        /// Outgoing replication ended, at whatever stage (COLOPrimary.leave, or the synchronisation failed).
        case replicationEnded(run: UInt64, String)
        /// A `releaseOutput` came too late for its lease and was not carried out.
        case releaseExpired(throughEpoch: UInt64)
        /// `releaseAllOutput` was carried out in time.
        case outputReleased
        /// `releaseAllOutput`, `takeOver` or `startGuest` came too late and was not carried out.
        case entryExpired
        /// The listener of this run is open.
        case listening(run: UInt64)
        /// A replication channel was accepted on the listener of this run, and its proof was right.
        case incomingStarted(run: UInt64)
        /// A checkpoint became complete here; 0 is the initial synchronisation.
        case checkpointHeld(run: UInt64, checkpoint: UInt64)
        /// The incoming channel ended; a complete checkpoint, if any, is kept.
        case incomingEnded(run: UInt64, String)
        /// The guest runs after `takeOver` or `startGuest` (or stands, if it was to stay stopped).
        case guestRuns
        /// `takeOver` or `startGuest` failed and nothing ran, or the guest broke down.
        case guestFailed(String)
        /// The guest has powered itself off.
        case guestPoweredOff
        /// The operator wants a failover; a lost peer is a question for the arbiter.
        case failoverCommanded
        /// x-colo-lost-heartbeat: the operator wants a failover and vouches that a peer that is not heard does not
        /// serve, so nobody is asked.
        case failoverVouched
        /// A failover drill: hand over to the peer, or take over from it, while both live.
        case drillCommanded
        /// The operator vouches that the peer does not serve: boot the guest here.
        case startCommanded
        /// The process is to end: `leave` follows within `leaveTimeout`, or, when the guest is given
        /// to this side meanwhile, once it was given back or `handBackTimeout` has passed.
        case leaveCommanded
        /// `nextDeadline` was reached.
        case timer
    }

    /// What the edge has to do, in the order given.
    public enum Action: Sendable, Equatable {
        /// Write the record to stable storage, off the event loop; then report `persisted` or `persistFailed`. No other
        /// write is asked for meanwhile.
        case persist(PairRecord)
        /// Send this report to the peer now and with every heartbeat from now on.
        case announce(PairReport)
        /// Boot the guest and let its output flow, if it is not yet `before` when it is done; then report `guestRuns`,
        /// else `entryExpired`.
        case startGuest(before: Nanoseconds)
        /// Resume the guest from the last complete checkpoint (COLOSecondary.failoverRequested) and let its output flow,
        /// if it is not yet `before` when it is done; then report `guestRuns`, else `entryExpired`. A guest that was
        /// stopped stays so.
        case takeOver(before: Nanoseconds, staysStopped: Bool)
        /// Start outgoing replication to the peer. Output flows until the switchover and is held from there on.
        case startReplication(run: UInt64)
        /// Go on after `switchoverReached`; the guest's output is held from now on.
        case continueSwitchover(run: UInt64)
        /// End outgoing replication (COLOPrimary.failoverRequested) and keep holding what is held.
        case stopReplication(run: UInt64)
        /// Accept one replication channel that proves itself; report `listening`.
        case listenForReplication(run: UInt64)
        /// End the incoming run and forget its checkpoints (COLOSecondary.abandon).
        case abandonCheckpoint(run: UInt64)
        /// Release the output of all epochs up to this one, if it is not yet `before` when it is done; else report
        /// `releaseExpired` and release nothing.
        case releaseOutput(throughEpoch: UInt64, before: Nanoseconds)
        /// Release everything that is held and stop holding, if it is not yet `before` when it is done; then report
        /// `outputReleased`, else `entryExpired`.
        case releaseAllOutput(before: Nanoseconds)
        /// Tell the guest's networks where it is now.
        case announceGuest
        /// Never release what is held; stop the guest for good. Done before whatever follows.
        case fence
        /// Ask the arbiter whether this side may serve in the term; answer with `arbiterAnswered`.
        case askArbiter(Term, ArbiterPurpose)
        /// The question about this term is settled otherwise: the arbiter that answers it, and would fence the peer for it, is to
        /// stop. An answer that comes all the same is ignored.
        case withdrawQuestion(Term)
        /// What this side had to say is said: the process may end.
        case leave(Leaving)
        /// Tell operators and logs.
        case raise(PairEvent)
    }

    /// The configuration.
    public let configuration: Configuration
    /// The term that this side serves in or acknowledges. It was persisted before.
    public internal(set) var term: Term
    /// The record as it is on stable storage.
    public internal(set) var durable: PairRecord
    /// This side served and the peer may have held a complete checkpoint, so it may have taken over if this side died.
    /// Then only the peer itself or the operator can tell whether this side may boot afresh.
    public internal(set) var peerMayHaveTakenOver: Bool
    /// The last report of the peer, and until when its promise holds.
    public internal(set) var peer: (report: PairReport, promisedUntil: Nanoseconds)?
    /// Whether the heartbeat considers the peer alive.
    public internal(set) var peerIsAlive = false
    /// The last thing that went wrong, and when; it stays readable after the state moved on (I6).
    public internal(set) var lastFailure: (text: String, at: Nanoseconds)?
    /// Why the arbiter said no to the last question about a term, as long as that stands: until it is asked again, somebody
    /// agrees, or the peer is back.
    public internal(set) var arbiterRefusal: String?
    /// The term that superseded this side, until it holds a checkpoint or the guest again.
    public internal(set) var supersededBy: Term?
    /// What differs between the two sides.
    public internal(set) var differences: [String] = []
    /// How the machine fares.
    public internal(set) var condition = MachineCondition()
    /// From one checkpoint to the next.
    public internal(set) var checkpointDelay: Nanoseconds
    /// Why the record could not be written the last time; nil if it was.
    public internal(set) var recordFailure: String?

    var phase: Phase
    var entry: Entry?
    /// A claim of the peer that this side is about to grant.
    var granting: Term?
    /// A higher term of the peer that this side is about to acknowledge.
    var adopting: Term?
    var leaving = Leaving.stays
    var leaveDeadline = Nanoseconds.never
    var hasLeft = false
    /// The guest of this process was given up for good: to be a secondary it has to begin anew.
    var wasFenced = false
    /// This side took over when it was about to leave.
    var servesWhileLeaving = false
    var question: Question?
    var nextQuestionAt = Nanoseconds.zero
    var quietSince: Nanoseconds
    /// This side stood still until then.
    var awakeSince: Nanoseconds
    var writing: PairRecord?
    var writingSince = Nanoseconds.zero
    var nextWriteAt = Nanoseconds.zero
    var lastWrittenAt = Nanoseconds.zero
    var lastRun: UInt64 = 0
    var announced: PairReport?
    var lastEventAt: Nanoseconds

    /// A side that has just started with what it persisted (term `none` if there is no record).
    public init(configuration: Configuration, record: PairRecord, now: Nanoseconds) {
        self.configuration = configuration
        term = record.term
        durable = record
        checkpointDelay = configuration.checkpointDelay
        peerMayHaveTakenOver = record.peerMayHaveTakenOver
        supersededBy = record.supersededBy
        phase = .standby(Standby())
        quietSince = now
        awakeSince = now
        lastEventAt = now
    }

    /// When `.timer` is wanted: often, because a gap between two events is how this side notices that it stood still.
    public var nextDeadline: Nanoseconds { lastEventAt + Nanoseconds(configuration.freezeLimit.count / 4) }

    /// Takes one event and returns what to do.
    public mutating func handle(_ event: Event, now: Nanoseconds) -> [Action] {
        var actions = Actions()
        if now > lastEventAt + configuration.freezeLimit { stoodStill(now) }
        lastEventAt = max(lastEventAt, now)
        let asked = question
        switch event {
        case .heard(let report, let promisedUntil):
            heard(report, configuration.brokenRule == .lease ? .never : promisedUntil, now, &actions)
        case .peerLost(let loss): peerWasLost(loss, now, &actions)
        case .peerIdentified(let differences): peerIdentified(differences, now, &actions)
        case .persisted(let record): persisted(record, now, &actions)
        case .persistFailed(let why): persistFailed(why, now, &actions)
        case .condition(let condition): self.condition = condition
        case .checkpointDelay(let delay): checkpointDelay = delay
        case .arbiterAnswered(let asked, let verdict): arbiterAnswered(asked, verdict, now, &actions)
        case .failoverCommanded, .failoverVouched, .drillCommanded, .startCommanded: commanded(event, now, &actions)
        case .leaveCommanded: leaveCommanded(now, &actions)
        case .guestPoweredOff: guestPoweredOff(now, &actions)
        case .timer: break
        default: phaseEvent(event, now, &actions)
        }
        settle(now, &actions)
        // A grant goes out before whatever may take its time.
        if let announced, announced.term != term { announce(now, &actions) }
        proceed(now, &actions)
        settle(now, &actions)
        write(now, &actions)
        announce(now, &actions)
        withdraw(asked, event, &actions)
        return actions.list
    }

    /// A question that was settled in another way than by its answer must not fence a peer that is well again.
    private func withdraw(_ asked: Question?, _ event: Event, _ actions: inout Actions) {
        guard let asked, question?.term != asked.term else { return }
        if case .arbiterAnswered(let term, _) = event, term == asked.term { return }
        actions.append(.withdrawQuestion(asked.term))
    }

    private mutating func announce(_ now: Nanoseconds, _ actions: inout Actions) {
        let report = report(now)
        guard report != announced else { return }
        announced = report
        actions.append(.announce(report))
    }

    private mutating func phaseEvent(_ event: Event, _ now: Nanoseconds, _ actions: inout Actions) {
        if entryEvent(event, now, &actions) { return }
        switch phase {
        case .serving(let serving): servingEvent(serving, event, now, &actions)
        case .standby(let standby): standbyEvent(standby, event, now)
        case .failed: break
        }
    }

    /// Gives the peer its chance again before any wait for it counts as over.
    private mutating func stoodStill(_ now: Nanoseconds) {
        quietSince = now
        awakeSince = now
        guard case .serving(var serving) = phase else { return }
        serving.leaseSeenAt = now
        if case .deciding = serving.replication { serving.replication = .deciding(since: now) }
        phase = .serving(serving)
    }

    mutating func note(failure text: String, _ now: Nanoseconds) { lastFailure = (text, now) }

    // MARK: The arbiter

    mutating func arbiterAnswered(
        _ asked: Term, _ verdict: ArbiterVerdict, _ now: Nanoseconds, _ actions: inout Actions
    ) {
        guard let open = question, open.term == asked else { return }
        question = nil
        guard verdict == .yes else {
            nextQuestionAt = now + configuration.askInterval
            if case .no(let why) = verdict {
                arbiterRefusal = why
                note(failure: "arbiter refused term \(asked)\(why.isEmpty ? "" : ": \(why)")", now)
            } else {
                note(failure: "arbiter did not answer term \(asked)", now)
            }
            actions.append(.raise(.arbiterRefused(asked, open.purpose, verdict)))
            return
        }
        // A claim that was settled meanwhile, by a grant or by a higher term, makes the answer worthless.
        guard asked > term, claim?.term == asked else { return }
        granted(asked, .arbiter)
    }

    /// Asks the arbiter, unless a question is open or was refused a moment ago. A peer that is heard is nobody's to
    /// replace without an arbiter, and no peer is fenced for a side that cannot write its record.
    mutating func ask(_ claimed: Term, _ purpose: ArbiterPurpose, _ now: Nanoseconds, _ actions: inout Actions) {
        guard question == nil, entry == nil, now >= nextQuestionAt else { return }
        guard configuration.hasArbiter else {
            if !peerIsAlive { granted(claimed, .loss) }
            return
        }
        guard isDurable(claim: claimed), isRecordGood(now) else { return }
        arbiterRefusal = nil
        question = Question(term: claimed, purpose: purpose, deadline: now + configuration.arbiterTimeout)
        actions.append(.askArbiter(claimed, purpose))
    }
}
