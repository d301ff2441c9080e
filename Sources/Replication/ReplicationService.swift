import Environment
import Migration
import MigrationFormat
import PacketPath
import QAPI
import QMP
import ReplicationCore
import Synchronization
import SystemCalls
import Transport
import VirtualMachine

/// COLO of one machine: takes the channel when an initial synchronisation ends, in either direction, and carries out
/// what the pair's controller or the operator decides.
public final class ReplicationService: ColoHandler {
    /// What the composition root lends.
    public struct Environment: Sendable {
        /// Tells management clients.
        public var emit: @Sendable (Event) -> Void
        /// Opens the host ports of user-mode networks, when this side begins to serve.
        public var openForwards: @Sendable () -> Void
        /// Ends this process and begins it anew as a waiting member of the pair, with nothing left of the guest.
        public var restart: @Sendable (String) -> Void
        /// For the log.
        public var log: @Sendable (String) -> Void

        /// An environment with every part given.
        public init(
            emit: @escaping @Sendable (Event) -> Void, openForwards: @escaping @Sendable () -> Void,
            restart: @escaping @Sendable (String) -> Void, log: @escaping @Sendable (String) -> Void
        ) {
            self.emit = emit
            self.openForwards = openForwards
            self.restart = restart
            self.log = log
        }
    }

    /// How long each side of a run waits for the other.
    struct Limits: Sendable {
        var primary = ColoPrimary.Limits()
        var secondary = ColoSecondary.Limits()
    }

    /// What a primary whose run was left waits for.
    enum Resolution: Sendable { case alone, fenced }

    struct State {
        var status = COLOStatus.never
        var primary: PrimaryRun?
        var secondary: SecondaryRun?
        var resolution: Resolution?
        var outgoingRun: UInt64 = 0
        /// Outgoing runs up to this one are not wanted any more, also those that have not begun yet.
        var stoppedRun: UInt64 = 0
        var incomingRun: UInt64 = 0
        /// The same for incoming runs.
        var abandonedRun: UInt64 = 0
        /// This side ends: nobody will decide about runs any more.
        var isEnding = false
        var isSwitchoverAllowed: Bool?
        var wasFenced = false
        var incomingWasAccepted = false
        /// RAM may hold what a source sent: the guest must not be booted on it.
        var memoryIsForeign = false
        /// COLO_EXIT comes once in each run.
        var secondaryExitWasTold = false
        var takeoverFailure: String?
        var hasTakenOver = false
        /// A client's failover command has not been answered: the guest goes on after the answer, as clients know it.
        var commandAwaitsAnswer = false
        /// How many runs ended with the guest going on here.
        var runsLeft = 0
        /// COLO_EXIT of the primary was told in this run.
        var primaryExitWasTold = false
        /// A checkpoint is due, but the run that takes it has not begun yet.
        var isCheckpointDue = false
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
    private let limits: Limits
    private let pairBox = Mutex<PairLink?>(nil)

    /// What connects the service with its pair.
    public struct PairLink: Sendable {
        /// The pair's brain.
        public var service: PairService
        /// Where the peer accepts replication, as a migration URI.
        public var peerURI: String
        /// Where this side accepts it.
        public var listenURI: String

        /// A pair whose replication runs between two URIs.
        public init(service: PairService, peerURI: String, listenURI: String) {
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
    public func join(_ link: PairLink) { pairBox.withLock { $0 = link } }

    var pair: PairLink? { pairBox.withLock { $0 } }

    /// `query-colo-status`.
    public var coloStatus: COLOStatus { state.withLock(notify: false) { $0.status } }

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
        state.withLock(notify: false) { $0.primary }?.post(.checkpointDelayChanged(.milliseconds(UInt64(delay))))
    }

    /// `x-colo-lost-heartbeat` without a pair: ends COLO on this side. Returns once that is done; the guest goes on
    /// alone when `commandWasAnswered` says that the client has been told, or a moment later by itself.
    public func failOverByCommand() throws(CommandError) { try leave(answering: true) }

    /// The same for callers within the program: returns once the guest goes on, or false if COLO does not run.
    public func leaveByCommand() -> Bool {
        let known = state.withLock(notify: false) { $0.runsLeft }
        do { try leave(answering: false) } catch { return false }
        let deadline = clock.now() + .milliseconds(ReplicationLimits.failoverMilliseconds)
        return state.wait(until: deadline) { $0.runsLeft > known ? true : nil } ?? false
    }

    private func leave(answering: Bool) throws(CommandError) {
        let (primary, secondary) = try state.withLock {
            (state: inout State) throws(CommandError) -> (PrimaryRun?, SecondaryRun?) in
            guard state.status.mode != .none else { throw .coloNotEnabled }
            guard state.status.reason != .processing else { throw .generic("COLO failover already activated") }
            // A primary that lost its secondary has no run any more and waits for this word alone.
            state.resolution = .alone
            state.status.reason = .processing
            state.commandAwaitsAnswer = answering
            return (state.primary, state.secondary)
        }
        primary?.post(.failoverRequested)
        secondary?.requestTakeover()
        let deadline = clock.now() + .milliseconds(ReplicationLimits.failoverMilliseconds)
        guard state.wait(until: deadline, { $0.status.mode == .none ? true : nil }) ?? false else {
            commandWasAnswered()
            throw .generic("The failover is not complete yet; see query-colo-status")
        }
    }

    /// The reply to `failOverByCommand`'s command is on its way.
    public func commandWasAnswered() { state.withLock { $0.commandAwaitsAnswer = false } }

    /// Waits for the answer to a client's command, if one is due.
    private func awaitAnswer() {
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
            state.isEnding = true
            state.resolution = .fenced
            state.isSwitchoverAllowed = false
            (state.stoppedRun, state.abandonedRun) = (.max, .max)
            return (state.primary, state.secondary)
        }
        if primary != nil { gate.fence() }
        primary?.post(.failoverRequested)
        secondary?.abandon()
    }

    // MARK: ColoHandler, primary

    /// Asks the pair, and holds all output from the switchover on.
    public func maySwitchOver() -> Bool {
        guard let pair else {
            // The guest stands: from here on nothing leaves that the secondary does not know of.
            gate.beginRun()
            return true
        }
        // With a pair `continueSwitchover` begins to hold, in order with what the controller decides later.
        let run = state.withLock { state -> UInt64? in
            state.isSwitchoverAllowed = nil
            return state.outgoingRun > state.stoppedRun ? state.outgoingRun : nil
        }
        guard let run else { return false }
        pair.service.post(.switchoverReached(run: run))
        let deadline = clock.now() + .milliseconds(ReplicationLimits.switchoverMilliseconds)
        return state.wait(until: deadline) { $0.isSwitchoverAllowed } ?? false
    }

    /// The last part of the synchronisation could not be sent.
    public func switchoverFailed() {
        state.withLock { if $0.primary == nil { $0.status.mode = .none } }
        // In a pair the controller decides about what is held.
        if pair == nil { gate.open() }
    }

    /// From here on `query-colo-status` tells the mode, and a failover may be asked for.
    public func willRunColo(asPrimary: Bool) {
        state.withLock { state in
            state.status.mode = asPrimary ? .primary : .secondary
            state.status.reason = .none
            // A pair may have decided already, in the moment between the last byte and here.
            if asPrimary, pair == nil, !state.isEnding { state.resolution = nil }
        }
    }

    /// Takes checkpoints until the run is left, then waits until it is known who may serve.
    public func runPrimary(_ session: ColoPrimarySession) -> ColoOutcome {
        var limits = limits.primary
        limits.checkpointDelay = .milliseconds(UInt64(migration.settings.parameters.checkpointDelay))
        if let silence = pair?.service.replicationSilence {
            // Clients wait as long as the primary waits for its secondary: not longer than detection needs.
            limits.replyTimeout = silence
            limits.readyTimeout = Nanoseconds(silence.count * 3)
            session.channel.giveUp(afterUnacknowledged: silence)
        }
        let number = state.withLock(notify: false) { $0.outgoingRun }
        // A pair replicates by itself, so a guest that the operator stopped stays stopped; COLO by command starts it.
        let staysStopped = pair != nil && !session.guestRan
        let goOn = { @Sendable [machine] () throws(RunStateError) in
            guard machine.runState == .finishMigrate else { return }
            if staysStopped { try machine.setState(.paused) } else { try machine.run() }
        }
        let run: PrimaryRun
        do throws(SystemError) {
            run = try PrimaryRun(
                session: session, gate: gate, statistics: statistics, limits: limits,
                handlers: PrimaryRunHandlers(
                    startGuest: goOn,
                    willPause: { [weak self] in self?.checkpointPauses() },
                    didResume: { [weak self] in self?.checkpointResumes() },
                    completed: { [weak self] in self?.checkpointCompleted($0, run: number) }))
        } catch {
            return primaryLeft(.machineFailed("\(error)"), number, goOn)
        }
        let (isLeftAlready, isCheckpointDue) = state.withLock { state in
            state.primary = run
            state.primaryExitWasTold = false
            defer { state.isCheckpointDue = false }
            return (state.status.reason == .processing, state.isCheckpointDue)
        }
        if isCheckpointDue { run.post(.holdLimitReached) }
        if isLeftAlready { run.post(.failoverRequested) }
        return primaryLeft(run.perform(), number, goOn)
    }

    /// Clients see a checkpoint as a stop of a running guest.
    private func checkpointPauses() { if machine.runState == .running { environment.emit(.stop) } }

    /// Outside of a pair a guest that a client stopped goes on with the next checkpoint; in one it stays stopped.
    private func checkpointResumes() {
        if machine.runState == .running {
            environment.emit(.resume)
        } else if pair == nil, machine.runState == .paused {
            try? machine.run()
        }
    }

    private func checkpointCompleted(_ checkpoint: UInt64, run: UInt64) {
        if let pair {
            pair.service.post(.checkpointConfirmed(run: run, checkpoint: checkpoint))
        } else if checkpoint > 0 {
            _ = gate.release(throughCheckpoint: checkpoint)
        }
    }

    /// The run is over. The guest runs on with its output held, until it is known who may serve it.
    private func primaryLeft(
        _ departure: COLODeparture, _ number: UInt64, _ goOn: () throws(RunStateError) -> Void
    ) -> ColoOutcome {
        environment.log("replication ended: \(departure)")
        let wasRequested = departure == .requested
        if !wasRequested {
            let tells = state.withLock { state in
                defer { state.primaryExitWasTold = true }
                return !state.primaryExitWasTold
            }
            if tells { environment.emit(.coloExit(mode: .primary, reason: .error)) }
        }
        try? goOn()
        haltIfFenced()
        state.withLock { state in
            state.primary = nil
            state.status.mode = .primary
        }
        outgoingEnded(number, departure.description)
        let resolution = state.wait { $0.resolution } ?? .fenced
        guard resolution == .alone else { return .left }
        // A stop that only clients see: the guest need not stand still for it.
        if machine.runState == .running { environment.emit(.stop) }
        migration.finishColo()
        if wasRequested { environment.emit(.coloExit(mode: .primary, reason: .request)) }
        if pair == nil { gate.open() }
        finish(.primary)
        awaitAnswer()
        if machine.runState == .running { environment.emit(.resume) } else if pair == nil { try? machine.run() }
        state.withLock { $0.runsLeft += 1 }
        return .left
    }

    /// Tells the pair that outgoing replication ended. Not when this side ends itself: the controller would claim to go
    /// on alone, and the peer would give its checkpoint up for a guest that is about to go away.
    func outgoingEnded(_ run: UInt64, _ why: String) {
        if state.withLock(notify: false, { $0.isEnding }) { return }
        pair?.service.post(.replicationEnded(run: run, why))
    }

    /// For whoever resumes the guest while it may be fenced: `fence` halts only a guest that runs already.
    func haltIfFenced() {
        if state.withLock(notify: false, { $0.wasFenced }) { try? machine.halt(to: .paused) }
    }

    private func finish(_ mode: COLOMode) {
        state.withLock { $0.status = COLOStatus(mode: .none, lastMode: mode, reason: .request) }
    }

    // MARK: ColoHandler, secondary

    /// A member of a pair takes nothing else.
    public var acceptsOnlyCOLO: Bool { pair != nil }

    /// Tells the pair that a primary has come.
    public func incomingAccepted() {
        let run = state.withLock { state in
            state.incomingWasAccepted = true
            state.memoryIsForeign = true
            return state.incomingRun
        }
        pair?.service.post(.incomingStarted(run: run))
    }

    /// Holds checkpoints until this side takes over or gives them up.
    public func runSecondary(_ session: ColoSecondarySession) -> ColoOutcome {
        let number = state.withLock(notify: false) { $0.incomingRun }
        let run: SecondaryRun
        do throws(SystemError) {
            run = try SecondaryRun(
                session: session, statistics: statistics, limits: limits.secondary,
                handlers: SecondaryRunHandlers(
                    willReceive: { [machine] in try? machine.halt(to: .colo) },
                    held: { [weak self] in self?.checkpointHeld($0, run: number) },
                    left: { [weak self] in self?.secondaryLeft($0, run: number) }))
        } catch {
            state.withLock { $0.status.mode = .none }
            pair?.service.post(.incomingEnded(run: number, "\(error)"))
            return .peerLost("\(error)")
        }
        let (isAbandoned, isLeftAlready) = state.withLock { state in
            state.secondary = run
            state.secondaryExitWasTold = false
            // Without a pair, runs have no numbers.
            return (
                state.isEnding || pair != nil && number <= state.abandonedRun, state.status.reason == .processing
            )
        }
        if isAbandoned { run.abandon() } else if isLeftAlready { run.requestTakeover() }
        let ending = run.perform()
        state.withLock { $0.secondary = nil }
        if ending == .takeOver {
            takeOver(run)
        } else {
            state.withLock { $0.status = COLOStatus(mode: .none, lastMode: .secondary, reason: .error) }
        }
        return .left
    }

    private func checkpointHeld(_ checkpoint: UInt64, run: UInt64) {
        try? machine.runAsStandby()
        pair?.service.post(.checkpointHeld(run: run, checkpoint: checkpoint))
    }

    private func secondaryLeft(_ departure: COLODeparture, run: UInt64) {
        guard departure != .requested else { return }
        environment.log("replication ended: \(departure)")
        environment.emit(.coloExit(mode: .secondary, reason: .error))
        state.withLock { state in
            state.secondaryExitWasTold = true
            state.takeoverFailure = nil
        }
        pair?.service.post(.incomingEnded(run: run, departure.description))
    }

    /// Resumes the guest from the last complete checkpoint; QEMU's order of events.
    private func takeOver(_ run: SecondaryRun) {
        if machine.runState == .running { try? machine.halt(to: .paused) }
        migration.finishColo()
        if !state.withLock(notify: false, { $0.secondaryExitWasTold }) {
            environment.emit(.coloExit(mode: .secondary, reason: .request))
        }
        run.prepareTakeover()
        machine.announce(migration.settings.parameters.announcement)
        if pair == nil {
            finish(.secondary)
            awaitAnswer()
        }
        var failure: String?
        do throws(RunStateError) { try machine.run() } catch { failure = error.description }
        haltIfFenced()
        state.withLock { [failure] state in
            state.hasTakenOver = failure == nil
            state.takeoverFailure = failure
        }
        environment.openForwards()
        finish(.secondary)
        state.withLock { $0.runsLeft += 1 }
    }
}
