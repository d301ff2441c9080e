import Environment

/// Decides who serves the guest: one value on each host, fed with what the heartbeat, the replication channel, the
/// arbiter and the operator say.
///
/// The rules (docs/decisions/0002-failover-rules.md tells why):
///
/// 1. A side serves only in a term of its own that it has persisted, and only the highest term counts: a side that
///    hears a higher term of its peer stops its guest, discards the output it held and waits as secondary.
/// 2. To enter a new term a side needs a *grant*: the peer acknowledges the claim by persisting its term, or, when
///    the peer is lost, the arbiter says yes. "No" and a timeout change nothing; it asks again at a bounded rate.
/// 3. From the switchover of the initial synchronisation on, the serving side is *exposed*: the peer may hold a complete
///    checkpoint. All output is held, and leaving that state without a grant is impossible.
/// 4. Even output of a complete checkpoint is released only under the output lease: the peer has confirmed a recent
///    message of this side, and promised not to act on its own before this side was silent for the heartbeat
///    timeout. A side that was frozen wakes with an expired lease.
/// 5. Of two claims at once the higher term wins, which is the one of the side that serves.
/// 6. A claim is not granted while a question to the arbiter is open, nor does a side promise anything then.
/// 7. With no arbiter configured the answer is yes at once. That is safe against crashes and freezes, because a lost
///    peer is declared only after the heartbeat had its chance (HeartbeatMonitor), but not across a cut network.
public struct PairController: Sendable {
    /// What stays the same for the life of the process.
    public struct Configuration: Sendable, Equatable {
        /// Which host this is.
        public var member: PairMember
        /// Whether loss of the primary leads to a takeover by itself.
        public var failover = FailoverPolicy.automatic
        /// Whether an arbiter exists; without one every question is answered yes at once.
        public var hasArbiter = false
        /// How long a starting side listens for its peer before it asks the arbiter or starts a new pair.
        public var startWait: Nanoseconds
        /// From a refusal or timeout of the arbiter to the next question.
        public var askInterval = Nanoseconds.seconds(2)
        /// How long the arbiter may take; the edge reports `timedOut` itself, this bound is the last resort.
        public var arbiterTimeout = Nanoseconds.seconds(30)
        /// From an end of replication to the next attempt.
        public var reprotectDelay = Nanoseconds.seconds(1)
        /// How long a commanded failover or drill waits for the peer's grant.
        public var handoverTimeout = Nanoseconds.seconds(5)
        /// How long a claim may stay unanswered by a peer that is heard, before the arbiter is asked.
        public var acknowledgeTimeout: Nanoseconds
        /// A longer time between two events means that this side stood still: what it knows of the peer is stale, and
        /// every wait for the peer starts anew. Half of the heartbeat timeout.
        public var freezeLimit: Nanoseconds
        /// How long the output lease may be expired, or replication be unconfirmed, before replication is given up.
        public var leaseTimeout: Nanoseconds

        /// The default configuration of a member, with the limits that depend on the heartbeat's timeout.
        public init(member: PairMember, heartbeatTimeout: Nanoseconds = .milliseconds(500)) {
            self.member = member
            freezeLimit = Nanoseconds(heartbeatTimeout.count / 2)
            leaseTimeout = Nanoseconds(heartbeatTimeout.count * 4)
            startWait = max(.seconds(3), Nanoseconds(heartbeatTimeout.count * 4))
            acknowledgeTimeout = max(.seconds(5), Nanoseconds(heartbeatTimeout.count * 10))
        }
    }

    /// What happened.
    public enum Event: Sendable, Equatable {
        /// An authenticated report of the peer; its promise (OutputLease) holds until then.
        case heard(PairReport, promisedUntil: Nanoseconds)
        /// The heartbeat declares the peer lost.
        case peerLost(PeerLoss)
        /// The arbiter answered the question about this term.
        case arbiterAnswered(Term, ArbiterVerdict)
        /// Outgoing replication is about to send its last part: after it the peer may hold a complete checkpoint. The
        /// guest is paused, and the edge waits for `continueSwitchover`.
        case switchoverReached(run: UInt64)
        /// The peer confirmed the initial synchronisation, or completed this checkpoint (ColoPrimary).
        case checkpointConfirmed(run: UInt64, checkpoint: UInt64)
        /// Outgoing replication ended, at whatever stage (ColoPrimary.leave, or the synchronisation failed).
        case replicationEnded(run: UInt64, String)
        /// A `releaseOutput` came too late for its lease and was not carried out.
        case releaseExpired(throughEpoch: UInt64)
        /// A replication channel was accepted on the listener of this run.
        case incomingStarted(run: UInt64)
        /// A checkpoint became complete here; 0 is the initial synchronisation.
        case checkpointHeld(run: UInt64, checkpoint: UInt64)
        /// The incoming channel ended; a complete checkpoint, if any, is kept.
        case incomingEnded(run: UInt64, String)
        /// The guest runs after `takeOver` or `startGuest`.
        case guestRuns
        /// `takeOver` or `startGuest` failed, or the guest broke down.
        case guestFailed(String)
        /// The operator wants a failover; a lost peer is a question for the arbiter.
        case failoverCommanded
        /// x-colo-lost-heartbeat: the operator wants a failover and vouches that a peer that is not heard does not
        /// serve, so nobody is asked.
        case failoverVouched
        /// A failover drill: hand over to the peer, or take over from it, while both live.
        case drillCommanded
        /// The operator vouches that the peer does not serve: boot the guest here.
        case startCommanded
        /// `nextDeadline` was reached.
        case timer
    }

    /// What the edge has to do, in the order given.
    public enum Action: Sendable, Equatable {
        /// Write the term, and `peerMayHaveTakenOver` as it is now, to stable storage before anything that follows; if
        /// that fails, stop the process.
        case persist(Term)
        /// Send this report to the peer now and with every heartbeat from now on.
        case announce(PairReport)
        /// Boot the guest and let its output flow.
        case startGuest
        /// Resume the guest from the last complete checkpoint (ColoSecondary.failoverRequested), announce its
        /// addresses, let its output flow; then report `guestRuns`.
        case takeOver
        /// Start outgoing replication to the peer. Output flows until the switchover and is held from there on.
        case startReplication(run: UInt64)
        /// Go on after `switchoverReached`; the guest's output is held from now on.
        case continueSwitchover(run: UInt64)
        /// End outgoing replication (ColoPrimary.failoverRequested) and keep holding what is held.
        case stopReplication(run: UInt64)
        /// Accept one replication channel. Whoever reads it gives up a channel that stays silent during the initial
        /// synchronisation.
        case listenForReplication(run: UInt64)
        /// End the incoming run and forget its checkpoints (ColoSecondary.abandon).
        case abandonCheckpoint(run: UInt64)
        /// Release the output of all epochs up to this one, if it is not yet `before` when it is done; else report
        /// `releaseExpired` and release nothing.
        case releaseOutput(throughEpoch: UInt64, before: Nanoseconds)
        /// Release everything that is held and stop holding.
        case releaseAllOutput
        /// Never release what is held; stop the guest for good. Done before whatever follows.
        case fence
        /// Ask the arbiter whether this side may serve in the term; answer with `arbiterAnswered`.
        case askArbiter(Term, ArbiterPurpose)
        /// Tell operators and logs.
        case raise(PairEvent)
    }

    /// The configuration.
    public let configuration: Configuration
    /// The highest term that is persisted here.
    public internal(set) var term: Term
    /// Persisted with the term: this side served and the peer may have held a complete checkpoint, so it may have taken
    /// over if this side died. Then only the peer itself or the operator can tell whether this side may boot afresh.
    public internal(set) var peerMayHaveTakenOver: Bool
    /// The last report of the peer, and until when its promise holds.
    public internal(set) var peer: (report: PairReport, promisedUntil: Nanoseconds)?
    /// Whether the heartbeat considers the peer alive.
    public internal(set) var peerIsAlive = false
    /// The last thing that went wrong; it stays readable after the state moved on (I6).
    public internal(set) var lastFailure: String?
    /// A higher term of the peer stopped this side, or kept it from starting, since the process started.
    public internal(set) var wasSuperseded = false

    var phase: Phase
    var question: Question?
    var nextQuestionAt = Nanoseconds.zero
    var quietSince: Nanoseconds
    var lastRun: UInt64 = 0
    var announced: PairReport?
    var lastEventAt: Nanoseconds

    /// A side that has just started with what it persisted (`none` if there is no record).
    public init(
        configuration: Configuration, persisted: Term, peerMayHaveTakenOver: Bool = false, now: Nanoseconds
    ) {
        self.configuration = configuration
        term = persisted
        self.peerMayHaveTakenOver = peerMayHaveTakenOver
        phase = .standby(Standby())
        quietSince = now
        lastEventAt = now
    }

    /// When `.timer` is wanted: often, because a gap between two events is how this side notices that it stood still.
    public var nextDeadline: Nanoseconds { lastEventAt + Nanoseconds(configuration.freezeLimit.count / 4) }

    /// Takes one event and returns what to do.
    public mutating func handle(_ event: Event, now: Nanoseconds) -> [Action] {
        var actions = Actions()
        if now > lastEventAt + configuration.freezeLimit { stoodStill(now) }
        lastEventAt = max(lastEventAt, now)
        switch event {
        case .heard(let report, let promisedUntil): heard(report, promisedUntil, now, &actions)
        case .peerLost(let loss): peerWasLost(loss, now, &actions)
        case .arbiterAnswered(let asked, let verdict): arbiterAnswered(asked, verdict, now, &actions)
        case .failoverCommanded, .failoverVouched, .drillCommanded, .startCommanded: commanded(event, now, &actions)
        case .timer: break
        default: phaseEvent(event, now, &actions)
        }
        // A grant goes out before whatever may take its time.
        if let announced, announced.term != term { announce(&actions) }
        proceed(now, &actions)
        announce(&actions)
        return actions.list
    }

    private mutating func announce(_ actions: inout Actions) {
        let report = self.report
        guard report != announced else { return }
        announced = report
        actions.append(.announce(report))
    }

    /// Gives the peer its chance again before any wait for it counts as over.
    private mutating func stoodStill(_ now: Nanoseconds) {
        quietSince = now
        guard case .serving(var serving) = phase else { return }
        serving.leaseSeenAt = now
        if case .deciding = serving.replication { serving.replication = .deciding(since: now) }
        phase = .serving(serving)
    }

    mutating func arbiterAnswered(
        _ asked: Term, _ verdict: ArbiterVerdict, _ now: Nanoseconds, _ actions: inout Actions
    ) {
        guard let open = question, open.term == asked else { return }
        question = nil
        guard verdict == .yes else {
            nextQuestionAt = now + configuration.askInterval
            lastFailure = "arbiter \(verdict == .no ? "refused" : "did not answer") term \(asked)"
            actions.append(.raise(.arbiterRefused(asked, open.purpose, verdict)))
            return
        }
        // A claim that was settled meanwhile, by a grant or by a higher term, makes the answer worthless.
        guard asked > term, claim?.term == asked else { return }
        granted(asked, now, &actions)
    }

    /// Asks the arbiter, unless a question is open or was refused a moment ago.
    mutating func ask(_ claimed: Term, _ purpose: ArbiterPurpose, _ now: Nanoseconds, _ actions: inout Actions) {
        guard question == nil, now >= nextQuestionAt else { return }
        guard configuration.hasArbiter else { return granted(claimed, now, &actions) }
        question = Question(term: claimed, purpose: purpose, deadline: now + configuration.arbiterTimeout)
        actions.append(.askArbiter(claimed, purpose))
    }

    /// Enters the claimed term: the one place where a side begins to serve, or goes on, in a new term.
    mutating func granted(_ claimed: Term, _ now: Nanoseconds, _ actions: inout Actions) {
        question = nil
        switch phase {
        case .serving(let serving): continueAlone(serving, claimed, now, &actions)
        case .standby(let standby): serveFromStandby(standby, claimed, &actions)
        case .takingOver, .failed: break
        }
    }

    /// Takes over a term that the peer may serve in, or that was learned from it.
    mutating func adopt(_ higher: Term, _ actions: inout Actions) {
        term = higher
        peerMayHaveTakenOver = false
        actions.append(.persist(higher))
    }
}
