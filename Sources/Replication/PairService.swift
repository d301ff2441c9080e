import Environment
import NIOCore
import ReplicationCore
import SystemCalls

/// What a pair does to the machine, at the controller's word. Calls come from the pair's worker thread, one after the
/// other and in order, except where said otherwise.
public protocol PairOperations: AnyObject, Sendable {
    /// Boots the guest and lets its output flow. Throws what keeps it from running.
    func startGuest() throws
    /// Resumes the guest from the last complete checkpoint and lets its output flow.
    func takeOver() throws
    /// Starts outgoing replication.
    func startReplication(run: UInt64)
    /// Lets a synchronisation that waits in its switchover go on. Called on the event loop; must not wait.
    func continueSwitchover(run: UInt64)
    /// Ends outgoing replication; what is held stays held. Called on the event loop; must not wait.
    func stopReplication(run: UInt64)
    /// Accepts one replication channel.
    func listenForReplication(run: UInt64) throws
    /// Ends the incoming run and forgets its checkpoints.
    func abandonCheckpoint(run: UInt64)
    /// Closes an incoming channel that has brought no checkpoint yet; its run ends as if the channel had failed.
    func dropIncomingChannel()
    /// Releases output; false if the deadline passed first. Called on the event loop; must not wait.
    func releaseOutput(throughCheckpoint checkpoint: UInt64, before deadline: Nanoseconds) -> Bool
    /// Releases everything and stops holding. Called on the event loop; must not wait.
    func releaseAllOutput()
    /// Never releases anything again and stops the guest. Called on the event loop, and done when it returns.
    func fence()
    /// The persisted record cannot be written: nothing may be done any more. Ends the process.
    func recordFailed(_ why: String)
}

/// One member of a pair at work: the heartbeat's sockets, the record, the arbiter, and the controller that decides.
public final class PairService: @unchecked Sendable {
    // SAFETY: `monitor`, `controller`, `timer` and `network` are touched on `loop` alone; the rest is constant or has
    // a lock of its own.
    /// What a pair is made of.
    public struct Settings: Sendable {
        /// Which host this is.
        public var member: PairMember
        /// The pair's name; the same on both sides.
        public var pair: String
        /// The pre-shared key.
        public var key: [UInt8]
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

        /// Settings with every value given.
        public init(
            member: PairMember, pair: String, key: [UInt8], listen: [(host: String, port: Int)],
            peer: [(host: String, port: Int)], interval: Nanoseconds, timeout: Nanoseconds,
            failover: FailoverPolicy, arbiter: (any Arbiter)?
        ) {
            self.member = member
            self.pair = pair
            self.key = key
            self.listen = listen
            self.peer = peer
            self.interval = interval
            self.timeout = timeout
            self.failover = failover
            self.arbiter = arbiter
        }
    }

    /// What other threads may see.
    private struct Published {
        var snapshot: PairSnapshot
        var failures: [String] = []
    }

    let settings: Settings
    let loop: any EventLoop
    let clock = SystemClock()
    private let operations: any PairOperations
    private let file: DurableFile
    private let worker: WorkerThread
    private let observer: @Sendable (PairEvent?) -> Void
    private let published: ThreadGate<Published>
    private var controller: PairController
    private var monitor: HeartbeatMonitor
    private var record: PairRecord
    private var network: HeartbeatNetwork?
    private var timer: Scheduled<Void>?
    private var strangerSince: Nanoseconds?
    private var ended = false
    /// The replication listener of the last `listenForReplication` is open.
    private var isListening = false

    /// A member that has read its `record` and does nothing yet. `observer` is called on `loop` with each event, and
    /// with nil when only the status changed.
    public init(
        settings: Settings, record: PairRecord, file: DurableFile, operations: any PairOperations,
        loop: any EventLoop, observer: @escaping @Sendable (PairEvent?) -> Void
    ) throws(SystemError) {
        self.settings = settings
        self.loop = loop
        self.operations = operations
        self.file = file
        self.observer = observer
        self.record = record
        worker = try WorkerThread(name: "pair-worker")
        let now = clock.now()
        var rules = PairController.Configuration(member: settings.member, heartbeatTimeout: settings.timeout)
        rules.failover = settings.failover
        rules.hasArbiter = settings.arbiter != nil
        controller = PairController(
            configuration: rules, persisted: record.term, peerMayHaveTakenOver: record.peerMayHaveTakenOver, now: now)
        var beat = HeartbeatMonitor.Configuration(addresses: settings.peer.count)
        beat.interval = settings.interval
        beat.timeout = settings.timeout
        let identity = HeartbeatIdentity(
            member: settings.member, instance: UInt64.random(in: 1...UInt64.max), pair: settings.pair)
        monitor = HeartbeatMonitor(
            configuration: beat, identity: identity, authenticator: SharedKeyAuthenticator(key: settings.key),
            report: controller.report, now: now)
        published = ThreadGate(
            Published(snapshot: PairSnapshot(controller: controller, monitor: monitor, record: record)))
    }

    /// Listens on all heartbeat addresses, also on those that do not exist yet, and begins. Throws if an address cannot
    /// be used. `log` is called on `loop` with what an operator is told about the networks.
    public func start(log: @escaping @Sendable (HeartbeatNotice) -> Void = { _ in }) async throws {
        let network = HeartbeatNetwork(
            loop: loop, own: settings.listen.map { HeartbeatAddress(host: $0.host, port: $0.port) },
            peer: settings.peer.map { HeartbeatAddress(host: $0.host, port: $0.port) }, log: log
        ) { [weak self] in self?.networkEvent($0) }
        // Before anybody can connect, or the greeting of an early peer would find no way out.
        try await loop.submit { [self] in self.network = network }.get()
        do {
            try await network.listen().get()
        } catch {
            throw PairStartError(description: "\(error)")
        }
        try await loop.submit { [self] in turn(.timer) }.get()
    }

    /// Hands an event to the controller; from any thread.
    public func post(_ event: PairController.Event) { loop.execute { [self] in turn(event) } }

    /// How things stand; from any thread, and without waiting for the event loop.
    public var snapshot: PairSnapshot { published.withLock(notify: false) { $0.snapshot } }

    /// How long a replication channel may show no sign of a peer whose heartbeat is heard, before it counts as cut:
    /// longer than the heartbeat's timeout, because one lost segment is no cut.
    var replicationSilence: Nanoseconds { max(.seconds(1), Nanoseconds(settings.timeout.count * 3)) }

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

    /// Calls `answer` from the event loop, to show that it turns.
    public func ask(_ answer: @escaping @Sendable () -> Void) { loop.execute(answer) }

    /// Leaves the heartbeat; nothing happens afterwards.
    public func shutDown() async {
        try? await loop.submit { [self] in
            ended = true
            timer?.cancel()
            network?.shutDown()
        }.get()
        worker.shutDown()
    }

    /// The replication port has room for one channel. One that is received although the peer says that it sends
    /// nothing is somebody else's, and must not keep the peer out.
    private func endStranger() {
        let now = clock.now()
        guard !ended, controller.state == .receiving, controller.peerIsAlive,
            let sender = controller.peer?.report.state,
            sender != .synchronising, sender != .protected
        else { return strangerSince = nil }
        let since = strangerSince ?? now
        strangerSince = since
        guard now >= since + .milliseconds(ReplicationLimits.strangerMilliseconds) else { return }
        strangerSince = nil
        worker.perform { [operations] in operations.dropIncomingChannel() }
    }

    // MARK: The loop

    private func turn(_ event: PairController.Event) {
        guard !ended else { return }
        carryOut(controller.handle(event, now: clock.now()))
        beat(.timer)
        endStranger()
        publish(nil)
        schedule()
    }

    private func networkEvent(_ event: HeartbeatNetworkEvent) {
        guard !ended else { return }
        switch event {
        case .opened(let link, let path):
            var random = SystemRandomNumberGenerator()
            let nonce = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            beat(.opened(link.number, dialled: path, nonce: nonce))
        case .received(let link, let bytes): beat(.received(link.number, bytes))
        case .closed(let link): beat(.closed(link.number))
        case .dialFailed(let path, let refused): beat(.dialFailed(address: path, refused: refused))
        }
        publish(nil)
        schedule()
    }

    private func beat(_ event: HeartbeatMonitor.Event) { carryOut(monitor.handle(event, now: clock.now())) }

    private func carryOut(_ actions: [HeartbeatMonitor.Action]) {
        for action in actions {
            switch action {
            case .send(let id, let bytes): network?.send(bytes, on: HeartbeatLink(number: id))
            case .close(let id): network?.close(HeartbeatLink(number: id))
            case .dial(let address):
                let peer = settings.peer[address]
                network?.dial(path: address, host: peer.host, port: peer.port)
            case .heard(let report, let promisedUntil):
                carryOut(controller.handle(.heard(report, promisedUntil: promisedUntil), now: clock.now()))
            case .peerLost(let loss): carryOut(controller.handle(.peerLost(loss), now: clock.now()))
            case .ignored: break
            }
        }
    }

    private func carryOut(_ actions: [PairController.Action]) {
        for action in actions where !ended { carryOut(action) }
    }

    private func carryOut(_ action: PairController.Action) {
        switch action {
        case .persist(let term):
            var next = record
            next.term = term
            next.peerMayHaveTakenOver = controller.peerMayHaveTakenOver
            persist(next)
        case .announce: announce()
        case .startGuest: runGuest { try $0.startGuest() }
        case .takeOver: runGuest { try $0.takeOver() }
        case .startReplication(let run): worker.perform { [operations] in operations.startReplication(run: run) }
        case .continueSwitchover(let run): operations.continueSwitchover(run: run)
        case .stopReplication(let run): operations.stopReplication(run: run)
        case .listenForReplication(let run):
            isListening = false
            worker.perform { [self] in listen(run) }
        case .abandonCheckpoint(let run): worker.perform { [operations] in operations.abandonCheckpoint(run: run) }
        case .releaseOutput(let checkpoint, let deadline):
            if !operations.releaseOutput(throughCheckpoint: checkpoint, before: deadline) {
                post(.releaseExpired(throughEpoch: checkpoint))
            }
        case .releaseAllOutput: operations.releaseAllOutput()
        case .fence: operations.fence()
        case .askArbiter(let term, let purpose): askArbiter(term, purpose)
        case .raise(let event): raise(event)
        }
    }

    private func runGuest(_ body: @escaping @Sendable (any PairOperations) throws -> Void) {
        worker.perform { [self] in
            do {
                try body(operations)
                post(.guestRuns)
            } catch {
                post(.guestFailed("\(error)"))
            }
        }
    }

    private func listen(_ run: UInt64) {
        do {
            try operations.listenForReplication(run: run)
            loop.execute { [self] in
                isListening = true
                announce()
            }
        } catch {
            let why = "cannot listen for replication: \(error)"
            loop.scheduleTask(in: .milliseconds(ReplicationLimits.listenRetryMilliseconds)) { [self] in
                turn(.incomingEnded(run: run, why))
            }
        }
    }

    /// Tells the peer how this side stands; that it is ready only once somebody who connects would be heard.
    private func announce() {
        guard !ended else { return }
        var report = controller.report
        report.isReady = report.isReady && isListening
        carryOut(monitor.announce(report, now: clock.now()))
    }

    private func askArbiter(_ term: Term, _ purpose: ArbiterPurpose) {
        guard let arbiter = settings.arbiter else { return post(.arbiterAnswered(term, .yes)) }
        let request = ArbitrationRequest(purpose: purpose, guest: settings.pair, term: term.number)
        do {
            _ = try Thread(name: "arbiter") { [self] in
                switch arbiter.decide(request) {
                case .granted: post(.arbiterAnswered(term, .yes))
                case .refused(let why):
                    loop.execute { [self] in
                        published.withLock { $0.snapshot.arbiterRefusal = why }
                        turn(.arbiterAnswered(term, .no))
                    }
                }
            }
        } catch {
            post(.arbiterAnswered(term, .timedOut))
        }
    }

    private func raise(_ event: PairEvent) {
        switch event {
        case .superseded(let term): note(supersededBy: term)
        case .starting, .takingOver: note(supersededBy: nil)
        default: break
        }
        publish(event)
    }

    private func note(supersededBy term: Term?) {
        var next = record
        next.supersededBy = term
        persist(next)
    }

    private func persist(_ next: PairRecord) {
        guard next != record else { return }
        do throws(SystemError) {
            try file.replace(with: next.bytes)
            record = next
        } catch {
            ended = true
            operations.recordFailed("\(error)")
        }
    }

    private func publish(_ event: PairEvent?) {
        let changed = published.withLock { published in
            let before = published.snapshot
            published.snapshot = PairSnapshot(
                controller: controller, monitor: monitor, record: record, before: before)
            if case .commandFailed(let why) = event { published.failures.append(why) }
            return !published.snapshot.looksLike(before)
        }
        if event != nil || changed { observer(event) }
    }

    private func schedule() {
        timer?.cancel()
        guard !ended else { return }
        let now = clock.now()
        let next = min(monitor.nextDeadline, controller.nextDeadline)
        // A fraction of a millisecond later rather than earlier: an early timer would only be set again.
        let delay = Int64(clamping: (next - now).count) / 1000 + 50
        timer = loop.scheduleTask(in: .microseconds(min(delay, 1_000_000))) { [weak self] in self?.turn(.timer) }
    }
}

/// Why a member could not begin.
public struct PairStartError: Error, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let description: String
}
