public import Environment
public import NIOCore
public import ReplicationCore
public import SystemCalls

/// One member of a pair at work: the heartbeat's sockets, the record, the arbiter, and the controller that decides.
public final class PairService: @unchecked Sendable {
    // SAFETY: `driver`, `timer`, `network` and what the loop remembers are touched on `loop` alone; the rest is constant
    // or has a lock of its own.
    /// What a pair is made of.
    public struct Settings: Sendable {
        /// Which host this is.
        public var member: PairMember
        /// The pair's name; the same on both sides.
        public var pair: String
        /// The pre-shared keys, of which the first is used and the others are accepted.
        public var keys: [[UInt8]]
        /// Whether replication channels are encrypted, with keys made of the pair's.
        public var encrypts: Bool
        /// Where this side listens for heartbeats.
        public var listen: [(host: String, port: Int)]
        /// Where the peer listens.
        public var peer: [(host: String, port: Int)]
        /// From one message to the next.
        public var interval: Nanoseconds
        /// How long silence lasts before the peer counts as lost.
        public var timeout: Nanoseconds
        /// Whether the secondary takes over by itself.
        public var failover: FailoverPolicy
        /// Who is asked before one side goes on alone; nil for nobody.
        public var arbiter: (any Arbiter)?
        /// What has to be equal on both sides.
        public var profile: PairProfile
        /// From one checkpoint to the next.
        public var checkpointDelay: Nanoseconds
        /// How long the initial synchronisation may take.
        public var synchronisationTimeout: Nanoseconds
        /// How long the replication link may be silent while the heartbeat goes on; nil for three timeouts.
        public var replicationTimeout: Nanoseconds?

        /// Settings with every value given.
        public init(
            member: PairMember, pair: String, keys: [[UInt8]], encrypts: Bool = true,
            listen: [(host: String, port: Int)], peer: [(host: String, port: Int)], interval: Nanoseconds,
            timeout: Nanoseconds,
            failover: FailoverPolicy, arbiter: (any Arbiter)?, profile: PairProfile = PairProfile(),
            checkpointDelay: Nanoseconds = .milliseconds(50), synchronisationTimeout: Nanoseconds = .seconds(300),
            replicationTimeout: Nanoseconds? = nil
        ) {
            self.member = member
            self.pair = pair
            self.keys = keys
            self.encrypts = encrypts
            self.listen = listen
            self.peer = peer
            self.interval = interval
            self.timeout = timeout
            self.failover = failover
            self.arbiter = arbiter
            self.profile = profile
            self.checkpointDelay = checkpointDelay
            self.synchronisationTimeout = synchronisationTimeout
            self.replicationTimeout = replicationTimeout
        }
    }

    /// What other threads may see.
    private struct Published {
        var snapshot: PairSnapshot
        var outputPermit: OutputPermit?
        var failures: [String] = []
        var hasLeft = false
    }

    let settings: Settings
    let loop: any EventLoop
    let clock = SystemClock()
    private let operations: any PairOperations
    private let writer: RecordWriter
    private let observer: @Sendable (PairEvent?) -> Void
    /// Tells the observer: the log and management clients may keep a caller waiting, and the loop must not be.
    private let teller: WorkerThread
    private let published: ThreadGate<Published>
    private let keys: PairKeys
    /// This process, as its heartbeat names it.
    let instance: UInt64
    private var driver: PairDriver
    private var network: HeartbeatNetwork?
    private var timer: Scheduled<Void>?
    private var conditionSeenAt = Nanoseconds.zero
    /// What the arbiter is being asked, and what ends its command.
    private var openQuestion: (term: Term, withdrawn: EventSignal)?
    private var ended = false
    private var isTurning = false

    /// A member that has read its `record` and does nothing yet. `observer` is called on a thread of its own with each
    /// event, in order, and with nil when only the status changed.
    public init(
        settings: Settings, record: PairRecord, file: DurableFile, operations: any PairOperations,
        loop: any EventLoop, observer: @escaping @Sendable (PairEvent?) -> Void
    ) throws(SystemError) {
        self.settings = settings
        self.loop = loop
        self.operations = operations
        self.observer = observer
        writer = try RecordWriter(file: file)
        teller = try WorkerThread(name: "pair-observer")
        let now = clock.now()
        let controller = PairController(configuration: Self.rules(settings), record: record, now: now)
        var beat = HeartbeatMonitor.Configuration(addresses: settings.peer.count)
        beat.interval = settings.interval
        beat.timeout = settings.timeout
        instance = UInt64.random(in: 1...UInt64.max)
        keys = PairKeys(settings.keys)
        let identity = HeartbeatIdentity(
            member: settings.member, instance: instance, pair: settings.pair, profile: settings.profile)
        let monitor = HeartbeatMonitor(
            configuration: beat, identity: identity, authenticator: keys, report: controller.report(now),
            now: now)
        driver = PairDriver(controller: controller, monitor: monitor, profile: settings.profile)
        published = ThreadGate(Published(snapshot: PairSnapshot(driver: driver, now: now)))
    }

    static func rules(_ settings: Settings) -> PairController.Configuration {
        var rules = PairController.Configuration(member: settings.member, heartbeatTimeout: settings.timeout)
        rules.failover = settings.failover
        if let arbiter = settings.arbiter {
            rules.hasArbiter = true
            // The arbiter's own deadline comes first: a question that is withdrawn ends the command that fences the peer.
            rules.arbiterTimeout = max(
                rules.arbiterTimeout, arbiter.timeout + .milliseconds(ReplicationLimits.arbiterGraceMilliseconds))
        }
        rules.synchronisationTimeout = settings.synchronisationTimeout
        rules.checkpointDelay = settings.checkpointDelay
        return rules
    }

    /// Listens on all heartbeat addresses, also on those that do not exist yet, and begins. Throws if an address cannot
    /// be used. `log` is called like the observer, with what an operator is told about the networks.
    public func start(log: @escaping @Sendable (PairNotice) -> Void = { _ in }) async throws {
        let network = HeartbeatNetwork(
            loop: loop, own: settings.listen.map { HeartbeatAddress(host: $0.host, port: $0.port) },
            peer: settings.peer.map { HeartbeatAddress(host: $0.host, port: $0.port) },
            log: { [teller] notice in teller.perform { log(notice) } }
        ) { [weak self] in self?.networkEvent($0) }
        // Before anybody can connect, or the greeting of an early peer would find no way out.
        try await loop.submit { [self] in self.network = network }.get()
        do {
            try await network.listen().get()
        } catch {
            throw PairStartError(description: "\(error)")
        }
        try await loop.submit { [self] in take(.timer) }.get()
    }

    /// Hands an event to the controller; from any thread.
    public func post(_ event: PairController.Event) { loop.execute { [self] in take(.pair(event)) } }

    /// How things stand; from any thread, and without waiting for the event loop.
    public var snapshot: PairSnapshot { published.withLock(notify: false) { $0.snapshot } }

    /// Whether output of complete checkpoints may leave now; from any thread, and without waiting for the event loop.
    var outputPermit: OutputPermit? { published.withLock(notify: false) { $0.outputPermit } }

    /// How long a replication channel may show no sign of a peer whose heartbeat is heard, before it counts as cut:
    /// longer than the heartbeat's timeout, because one lost segment is no cut.
    var replicationSilence: Nanoseconds {
        settings.replicationTimeout ?? max(.seconds(1), Nanoseconds(settings.timeout.count * 3))
    }

    /// The marks of the pair's keys, as people read them, that of the used one first.
    public var keyMarks: [String] { keys.marks.map(PairKeys.text) }

    /// Those of the peer, as far as it was heard; nil if it is not heard now.
    public var peerKeyMarks: [String]? {
        let snapshot = self.snapshot
        guard snapshot.peerIsAlive, let report = snapshot.peerReport, let used = keys.peerMark else { return nil }
        return [used, report.secondKeyMark].filter { $0 != 0 }.map(PairKeys.text)
    }

    /// Takes these keys from now on, the first to use and the others to accept. Throws, and changes nothing, if the two
    /// sides would no longer understand each other.
    public func exchangeKeys(for keys: [[UInt8]]) throws(PairKeys.Refusal) {
        let snapshot = self.snapshot
        try self.keys.exchange(for: keys, peer: snapshot.peerIsAlive ? snapshot.peerReport : nil)
    }

    /// Why a command would be refused now; nil if it would be carried out.
    public func refusal(of command: PairController.Command) -> String? {
        snapshot.refusals[command] ?? nil
    }

    /// How many commands have failed so far; for `wait`.
    public var failedCommands: Int { published.withLock(notify: false) { $0.failures.count } }

    /// How a wait for a command's outcome ended.
    public enum Outcome: Sendable {
        /// The goal holds.
        case reached
        /// A command was not carried out; the text says why.
        case failed(String)
        /// The deadline passed.
        case timedOut
    }

    /// Waits, blocking the calling thread, until `goal` holds, a command fails (of those after the first `known`), or
    /// `deadline` passes.
    public func wait(until deadline: Nanoseconds, known: Int, goal: (PairSnapshot) -> Bool) -> Outcome {
        published.wait(until: deadline) { published -> Outcome? in
            if goal(published.snapshot) { return .reached }
            return published.failures.count > known ? .failed(published.failures[known]) : nil
        } ?? .timedOut
    }

    /// Runs `work` on the event loop after a while.
    func after(_ delay: Nanoseconds, _ work: @escaping @Sendable () -> Void) {
        loop.scheduleTask(in: .nanoseconds(Int64(clamping: delay.count)), work)
    }

    /// Calls `answer` from the event loop, to show that it turns.
    public func ask(_ answer: @escaping @Sendable () -> Void) { loop.execute(answer) }

    /// This side is to end: tells the peer, and waits, blocking the calling thread, until what the peer needs to go on is
    /// granted; at most `slack` longer than the rules allow. False if that passed.
    public func leave(slack: Nanoseconds) -> Bool {
        let deadline = clock.now() + Self.rules(settings).longestLeave + slack
        post(.leaveCommanded)
        return published.wait(until: deadline) { $0.hasLeft ? true : nil } ?? false
    }

    /// Leaves the heartbeat; nothing happens afterwards.
    public func shutDown() async {
        try? await loop.submit { [self] in
            ended = true
            timer?.cancel()
            network?.shutDown()
        }.get()
        writer.shutDown()
        teller.shutDown()
    }

    // MARK: The loop

    /// Hands an event to the driver, and carries out everything that follows. A call from within only adds to the line.
    private func take(_ input: PairDriver.Input) {
        guard !ended else { return }
        driver.post(input)
        guard !isTurning else { return }
        isTurning = true
        while !ended, let effect = driver.next(now: clock.now()) { carryOut(effect) }
        isTurning = false
        lookAtTheMachine()
        publish(nil)
        schedule()
    }

    /// How the machine fares is asked now and then; a change is an event like any other.
    private func lookAtTheMachine() {
        let now = clock.now()
        guard !ended, now >= conditionSeenAt + .milliseconds(ReplicationLimits.conditionMilliseconds) else { return }
        conditionSeenAt = now
        let condition = operations.condition
        if condition != driver.controller.condition { take(.pair(.condition(condition))) }
    }

    private func networkEvent(_ event: HeartbeatNetworkEvent) {
        switch event {
        case .opened(let link, let path):
            var random = SystemRandomNumberGenerator()
            let nonce = (0..<HeartbeatCoding.nonceLength).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            take(.network(.opened(link.number, dialled: path, nonce: nonce)))
        case .received(let link, let bytes): take(.network(.received(link.number, bytes)))
        case .closed(let link): take(.network(.closed(link.number)))
        case .dialFailed(let path, let refused): take(.network(.dialFailed(address: path, refused: refused)))
        }
    }

    private func carryOut(_ effect: PairDriver.Effect) {
        switch effect {
        case .send(let id, let bytes): network?.send(bytes, on: HeartbeatLink(number: id))
        case .close(let id): network?.close(HeartbeatLink(number: id))
        case .dial(let address):
            let peer = settings.peer[address]
            network?.dial(path: address, host: peer.host, port: peer.port)
        case .ignored(let id, let fault):
            publish(.connectionIgnored(address: network?.address(of: HeartbeatLink(number: id)), fault))
        case .pair(let action): carryOut(action)
        }
    }

    private func carryOut(_ action: PairController.Action) {
        switch action {
        case .persist(let record): persist(record)
        case .announce: break
        case .startGuest(let deadline): operations.startGuest(before: deadline)
        case .takeOver(let deadline, let staysStopped):
            operations.keepStopped(staysStopped)
            operations.runs(.takeOver(before: deadline))
        case .startReplication(let run):
            // The thread of the run proves itself with what is published: the term may be one that has just begun.
            publish(nil)
            operations.runs(.start(run: run))
        case .continueSwitchover(let run): operations.runs(.continueSwitchover(run: run))
        case .stopReplication(let run): operations.runs(.stop(run: run))
        case .listenForReplication(let run): operations.runs(.listen(run: run))
        case .abandonCheckpoint(let run): operations.runs(.abandon(run: run))
        case .releaseOutput(let checkpoint, let deadline):
            if !operations.releaseOutput(throughCheckpoint: checkpoint, before: deadline) {
                take(.pair(.releaseExpired(throughEpoch: checkpoint)))
            }
        case .releaseAllOutput(let deadline):
            let isDone = operations.releaseAllOutput(before: deadline)
            take(.pair(isDone ? .outputReleased : .entryExpired))
        case .announceGuest: operations.announceGuest()
        case .fence: operations.fence()
        case .askArbiter(let term, let purpose): askArbiter(term, purpose)
        case .withdrawQuestion(let term): withdrawQuestion(term)
        case .leave(let reason):
            published.withLock { $0.hasLeft = true }
            operations.left(reason)
        case .raise(let event): publish(event)
        }
    }

    private func persist(_ record: PairRecord) {
        writer.write(record) { [self] failure in
            post(failure.map { .persistFailed($0) } ?? .persisted(record))
        }
    }

    private func askArbiter(_ term: Term, _ purpose: ArbiterPurpose) {
        guard let arbiter = settings.arbiter else { return take(.pair(.arbiterAnswered(term, .yes))) }
        let request = ArbitrationRequest(purpose: purpose, guest: settings.pair, term: term.number)
        do {
            let withdrawn = try EventSignal()
            openQuestion = (term, withdrawn)
            _ = try Thread(name: "arbiter") { [self] in
                let verdict = arbiter.decide(request, orUntil: withdrawn)
                loop.execute { [self] in arbiterAnswered(verdict, term, withdrawn) }
            }
        } catch {
            take(.pair(.arbiterAnswered(term, .timedOut)))
        }
    }

    private func withdrawQuestion(_ term: Term) {
        guard let open = openQuestion, open.term == term else { return }
        openQuestion = nil
        open.withdrawn.raise()
    }

    /// An answer to a question that was withdrawn, or followed by another one, is none.
    private func arbiterAnswered(_ verdict: ArbitrationVerdict, _ term: Term, _ question: EventSignal) {
        guard let open = openQuestion, open.withdrawn === question else { return }
        openQuestion = nil
        switch verdict {
        case .granted: take(.pair(.arbiterAnswered(term, .yes)))
        case .refused(let why): take(.pair(.arbiterAnswered(term, .no(why))))
        }
    }

    private func publish(_ event: PairEvent?) {
        let next = PairSnapshot(driver: driver, now: clock.now())
        let changed = published.withLock { published in
            let before = published.snapshot
            published.snapshot = next
            published.outputPermit = driver.controller.outputPermit
            if case .commandFailed(let why) = event { published.failures.append(why.description) }
            return !published.snapshot.looksLike(before)
        }
        if event != nil || changed { teller.perform { [observer] in observer(event) } }
    }

    private func schedule() {
        timer?.cancel()
        guard !ended else { return }
        // A fraction of a millisecond later rather than earlier: an early timer would only be set again.
        let delay = Int64(clamping: (driver.nextDeadline - clock.now()).count) / 1000 + 50
        timer = loop.scheduleTask(in: .microseconds(min(delay, 1_000_000))) { [weak self] in self?.take(.timer) }
    }
}

// MARK: - Proofs

extension PairService {
    /// The answer to a challenge of the peer, for this side's outgoing run.
    func proof(run: UInt64, challenge: [UInt8]) -> ChannelProof {
        let snapshot = self.snapshot
        let key = keys.current
        let proof = ReplicationProof(
            pair: settings.pair, term: snapshot.term,
            sender: .init(member: settings.member, instance: instance, run: run),
            receiver: .init(
                member: settings.member.other, instance: snapshot.peerInstance ?? 0,
                run: snapshot.peerReport?.run ?? 0),
            challenge: challenge, authenticator: key)
        return ChannelProof(bytes: proof.bytes, protection: protection(proof, key))
    }

    /// Waits until the peer's heartbeat tells of the run that these bytes prove, and says how the channel goes on; nil if
    /// that does not happen by then. A channel may come before the heartbeat that announces it. Nor does it wait on once
    /// `isUseless`.
    func admission(
        _ offered: [UInt8], run: UInt64, challenge: [UInt8], until deadline: Nanoseconds,
        unless isUseless: () -> Bool = { false }
    ) -> ChannelProtection? {
        published.wait(until: deadline) { [self] published -> ChannelProtection?? in
            if isUseless() { return .some(nil) }
            for key in keys.accepted {
                guard let proof = expected(published.snapshot, run, challenge, key), proof.matches(offered) else {
                    continue
                }
                return protection(proof, key)
            }
            return nil
        } ?? nil
    }

    private func protection(_ proof: ReplicationProof, _ key: SharedKeyAuthenticator) -> ChannelProtection {
        settings.encrypts ? .encrypted(key: proof.sessionKey(key)) : .none
    }

    /// The proof that the peer has to show, as its heartbeat describes it, if it uses `key`.
    private func expected(
        _ snapshot: PairSnapshot, _ run: UInt64, _ challenge: [UInt8], _ key: SharedKeyAuthenticator
    ) -> ReplicationProof? {
        guard snapshot.peerIsAlive, let report = snapshot.peerReport, let peer = snapshot.peerInstance,
            report.term == snapshot.term, report.state == .synchronising, report.extensions.contains(.proof)
        else { return nil }
        return ReplicationProof(
            pair: settings.pair, term: snapshot.term,
            sender: .init(member: settings.member.other, instance: peer, run: report.run),
            receiver: .init(member: settings.member, instance: instance, run: run), challenge: challenge,
            authenticator: key)
    }
}

/// Why a member could not begin.
public struct PairStartError: Error, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let description: String
}
