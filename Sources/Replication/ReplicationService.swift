import Environment
public import Migration
import MigrationFormat
public import PacketPath
public import QAPI
public import ReplicationCore
import Synchronization
public import SystemCalls
import Transport
public import VirtualMachine

/// COLO of one machine: takes the channel when an initial synchronisation ends, in either direction, and carries out
/// what the pair's controller or the operator decides.
public final class ReplicationService: COLOHandler {
    /// What the composition root lends.
    public struct Environment: Sendable {
        /// Tells management clients.
        public var emit: @Sendable (Event) -> Void
        /// Opens the host ports of user-mode networks, when this side begins to serve.
        public var openForwards: @Sendable () -> Void
        /// Ends this process and begins it anew as a waiting member of the pair, with nothing left of the guest.
        public var restart: @Sendable (String) -> Void
        /// The pair has nothing more to say: this process may end, because it was to be stopped or the guest is over.
        public var left: @Sendable (Leaving) -> Void
        /// For the log.
        public var log: @Sendable (PairNotice) -> Void

        /// An environment with every part given.
        public init(
            emit: @escaping @Sendable (Event) -> Void, openForwards: @escaping @Sendable () -> Void,
            restart: @escaping @Sendable (String) -> Void,
            left: @escaping @Sendable (Leaving) -> Void = { _ in }, log: @escaping @Sendable (PairNotice) -> Void
        ) {
            self.emit = emit
            self.openForwards = openForwards
            self.restart = restart
            self.left = left
            self.log = log
        }
    }

    /// How long each side of a run waits for the other.
    struct Limits: Sendable {
        var primary = COLOPrimary.Limits()
        var secondary = COLOSecondary.Limits()
    }

    struct State {
        var status = COLOStatus.never
        var primary: PrimaryRun?
        var secondary: SecondaryRun?
        /// Without a pair: the operator lets a primary that was left go on alone, or this side ends.
        var mayGoOnAlone: Bool?
        /// COLO_EXIT comes once in each run.
        var secondaryExitWasTold = false
        /// A client's failover command has not been answered: the guest goes on after the answer, as clients know it.
        var commandAwaitsAnswer = false
        /// How many runs ended with the guest going on here.
        var runsLeft = 0
        /// COLO_EXIT of the primary was told in this run.
        var primaryExitWasTold = false
        /// A checkpoint is due, but the run that takes it has not begun yet.
        var isCheckpointDue = false
        /// A guest that is taken over stays stopped.
        var staysStopped = false
        /// The channel of the run, for what it is encrypted with.
        weak var channel: Channel?
        /// When the last takeover was decided.
        var takeoverBeganAt: Nanoseconds?
    }

    let machine: VirtualMachine
    let migration: MigrationController
    /// Output commit of the machine's network cards.
    public let gate: OutputGate
    let environment: Environment
    let clock = SystemClock()
    /// Figures of checkpoints sent or held.
    public let statistics = CheckpointStatistics()
    let state = ThreadGate(State())
    /// What is decided about the pair's replication runs.
    let runDriver = RunDriver()
    let channels = ReplicationChannels()
    let worker = Mutex<WorkerThread?>(nil)
    let limits: Limits
    private let pairBox = Mutex<PairLink?>(nil)

    /// What connects the service with its pair.
    public struct PairLink: Sendable {
        /// The pair's brain.
        public var service: PairService
        /// Where the peer accepts replication, as a migration URI.
        public var peerURI: String
        /// Where this side accepts it.
        public var listenURI: String
        /// Checkpoints on output; nil for periods alone.
        public var onOutput: CheckpointPacing.Gap?

        /// A pair whose replication runs between two URIs.
        public init(
            service: PairService, peerURI: String, listenURI: String, onOutput: CheckpointPacing.Gap? = nil
        ) {
            self.onOutput = onOutput
            self.service = service
            self.peerURI = peerURI
            self.listenURI = listenURI
        }
    }

    /// The service of a machine; to be set as the migration controller's COLO handler.
    public convenience init(
        machine: VirtualMachine, migration: MigrationController, gate: OutputGate, environment: Environment
    ) {
        self.init(machine: machine, migration: migration, gate: gate, environment: environment, limits: Limits())
    }

    init(
        machine: VirtualMachine, migration: MigrationController, gate: OutputGate, environment: Environment,
        limits: Limits
    ) {
        self.machine = machine
        self.migration = migration
        self.gate = gate
        self.environment = environment
        self.limits = limits
    }

    /// Puts the service under the command of a pair. Before the pair starts.
    public func join(_ link: PairLink) throws(SystemError) {
        let thread = try WorkerThread(name: "pair-worker")
        worker.withLock { $0 = thread }
        pairBox.withLock { $0 = link }
        let (gate, pair) = (gate, link.service)
        try runDriver.begin(
            .init(
                // The guest stands: from here on nothing leaves that the secondary does not know of.
                hold: { gate.beginRun() }, report: { pair.post($0) },
                perform: { [weak self] in self?.carryOut($0) }))
    }

    var pair: PairLink? { pairBox.withLock { $0 } }

    /// `query-colo-status`.
    public var coloStatus: COLOStatus { state.withLock(notify: false) { $0.status } }

    /// What the guest sends is held. From any thread, never blocks for long.
    public func outputIsHeld(_ notice: OutputHold.Notice) {
        switch notice {
        case .first(let checkpoint):
            guard pair?.onOutput != nil else { return }
            state.withLock(notify: false) { $0.primary }?.post(.outputHeld(checkpoint: checkpoint))
        case .pastLimit: holdLimitReached()
        }
    }

    /// An epoch's held output passed its limit: a checkpoint is due. From any thread, never blocks for long.
    public func holdLimitReached() {
        let primary = state.withLock(notify: false) { state in
            state.isCheckpointDue = state.primary == nil && state.status.mode == .primary
            return state.primary
        }
        primary?.post(.holdLimitReached)
    }

    /// x-checkpoint-delay was changed.
    public func checkpointDelayChanged() {
        let delay = migration.settings.parameters.checkpointDelay
        pair?.service.post(.checkpointDelay(.milliseconds(UInt64(delay))))
        state.withLock(notify: false) { $0.primary }?.post(.checkpointDelayChanged(.milliseconds(UInt64(delay))))
    }

    /// `x-colo-lost-heartbeat` without a pair: ends COLO on this side. Returns once that is done; the guest goes on
    /// alone when `commandWasAnswered` says that the client has been told, or a moment later by itself.
    public func failOverByCommand() throws(FailoverError) { try leave(answering: true) }

    /// The same for callers within the program: returns once the guest goes on, or false if COLO does not run.
    public func leaveByCommand() -> Bool {
        let known = state.withLock(notify: false) { $0.runsLeft }
        do { try leave(answering: false) } catch { return false }
        let deadline = clock.now() + .milliseconds(ReplicationLimits.failoverMilliseconds)
        return state.wait(until: deadline) { $0.runsLeft > known ? true : nil } ?? false
    }

    private func leave(answering: Bool) throws(FailoverError) {
        let (primary, secondary) = try state.withLock {
            (state: inout State) throws(FailoverError) -> (PrimaryRun?, SecondaryRun?) in
            guard state.status.mode != .none else { throw .notInCOLO }
            guard state.status.reason != .processing else { throw .alreadyBegun }
            // A primary that lost its secondary has no run any more and waits for this word alone.
            state.mayGoOnAlone = true
            state.status.reason = .processing
            state.commandAwaitsAnswer = answering
            return (state.primary, state.secondary)
        }
        primary?.post(.failoverRequested)
        secondary?.requestTakeover()
        let deadline = clock.now() + .milliseconds(ReplicationLimits.failoverMilliseconds)
        guard state.wait(until: deadline, { $0.status.mode == .none ? true : nil }) ?? false else {
            commandWasAnswered()
            throw .notComplete
        }
    }

    /// The reply to `failOverByCommand`'s command is on its way.
    public func commandWasAnswered() { state.withLock { $0.commandAwaitsAnswer = false } }

    /// Waits for the answer to a client's command, if one is due.
    func awaitAnswer() {
        let deadline = clock.now() + .milliseconds(ReplicationLimits.answerMilliseconds)
        _ = state.wait(until: deadline) { $0.commandAwaitsAnswer ? nil : true }
        commandWasAnswered()
    }

    /// `quit`: a primary tells clients that COLO ends here, unless they know.
    public func endByCommand() {
        let tells = state.withLock { state in
            guard state.primary != nil, state.status.mode == .primary, !state.primaryExitWasTold else { return false }
            state.primaryExitWasTold = true
            return true
        }
        if tells { environment.emit(.coloExit(mode: .primary, reason: .error)) }
    }

    /// Ends both kinds of runs because the process ends: held output is never sent, and nobody waits for a decision.
    public func shutDown() {
        let (primary, secondary) = state.withLock { state in
            if state.mayGoOnAlone == nil { state.mayGoOnAlone = false }
            return (state.primary, state.secondary)
        }
        if primary != nil { gate.fence() }
        if pair != nil {
            runDriver.tell(.end)
            runDriver.shutDown()
            channels.shutDown()
            worker.withLock { $0 }?.shutDown()
        } else {
            primary?.post(.failoverRequested)
            secondary?.abandon()
        }
    }
}
