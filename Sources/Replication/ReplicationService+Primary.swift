import Environment
public import Migration
import QAPI
import ReplicationCore
import SystemCalls
import Transport
import VirtualMachine

// The primary's side, on the migration's thread.
extension ReplicationService {
    /// Asks the pair, and holds all output from the switchover on.
    public func maySwitchOver() -> Bool {
        guard pair != nil else {
            // The guest stands: from here on nothing leaves that the secondary does not know of.
            gate.beginRun()
            return true
        }
        // With a pair the hold begins in order with what the controller decides later.
        runDriver.tell(.switchoverReached)
        return runDriver.awaitSwitchover(until: clock.now() + .milliseconds(ReplicationLimits.switchoverMilliseconds))
    }

    /// The last part of the synchronisation could not be sent.
    public func switchoverFailed() {
        state.withLock { if $0.primary == nil { $0.status.mode = .none } }
        // In a pair the controller decides about what is held.
        if pair == nil { gate.open() }
    }

    /// From here on `query-colo-status` tells the mode, and a failover may be asked for.
    public func willRunCOLO(asPrimary: Bool) {
        state.withLock { state in
            state.status.mode = asPrimary ? .primary : .secondary
            state.status.reason = .none
            if asPrimary, pair == nil, state.mayGoOnAlone != false { state.mayGoOnAlone = nil }
        }
    }

    /// Takes checkpoints until the run is left, then waits until it is known who may serve.
    public func runPrimary(_ session: COLOPrimarySession) -> COLOOutcome {
        // A pair replicates by itself, so a guest that the operator stopped stays stopped; COLO by command starts it.
        let staysStopped = pair != nil && !session.guestRan
        let goOn = { @Sendable [machine] () throws(RunStateError) in
            guard machine.runState == .finishMigrate else { return }
            if staysStopped { try machine.setState(.paused) } else { try machine.run() }
        }
        let number = runDriver.runs.outgoingRun
        let limits = primaryLimits(session)
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
            return primaryLeft(.machineFailed("\(error)"), goOn)
        }
        let (isLeftAlready, isCheckpointDue) = state.withLock { state in
            state.primary = run
            state.primaryExitWasTold = false
            defer { state.isCheckpointDue = false }
            return (state.status.reason == .processing, state.isCheckpointDue)
        }
        if isCheckpointDue { run.post(.holdLimitReached) }
        // What changed or was held before the run could be told.
        let delay = Nanoseconds.milliseconds(UInt64(migration.settings.parameters.checkpointDelay))
        if delay != limits.checkpointDelay { run.post(.checkpointDelayChanged(delay)) }
        if gate.held.packets > 0 { run.post(.outputHeld(checkpoint: 1)) }
        if isLeftAlready { run.post(.failoverRequested) }
        if pair != nil { runDriver.tell(.primaryBegan) }
        return primaryLeft(run.perform(), goOn)
    }

    private func primaryLimits(_ session: COLOPrimarySession) -> COLOPrimary.Limits {
        var limits = limits.primary
        limits.checkpointDelay = .milliseconds(UInt64(migration.settings.parameters.checkpointDelay))
        // By command alone, checkpoints are taken as QEMU takes them.
        limits.onOutput = pair?.onOutput
        if let silence = pair?.service.replicationSilence {
            // Clients wait as long as the primary waits for its secondary: not longer than detection needs.
            limits.replyTimeout = silence
            limits.readyTimeout = Nanoseconds(silence.count * 3)
            // As long as the run lasts, the secondary's checkpoint is worth something: time to hand the guest over.
            limits.captureTimeout = .milliseconds(ReplicationLimits.pairPauseMilliseconds)
            session.channel.giveUp(afterUnacknowledged: silence)
        }
        return limits
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
            // At once, as long as the pair's loop would. What the permission does not last for is left to the loop.
            if checkpoint > 0, let until = OutputPermit.end(of: pair.service.outputPermit, forRun: run) {
                _ = gate.release(throughCheckpoint: checkpoint, before: until)
            }
            pair.service.post(.checkpointConfirmed(run: run, checkpoint: checkpoint))
        } else if checkpoint > 0 {
            _ = gate.release(throughCheckpoint: checkpoint)
        }
    }

    /// The run is over. The guest runs on with its output held, until it is known who may serve it.
    private func primaryLeft(
        _ end: COLORunEnd, _ goOn: () throws(RunStateError) -> Void
    ) -> COLOOutcome {
        environment.log(.endOfRun(end))
        let wasRequested = end == .requested
        if !wasRequested {
            let tells = state.withLock { state in
                defer { state.primaryExitWasTold = true }
                return !state.primaryExitWasTold
            }
            if tells { environment.emit(.coloExit(mode: .primary, reason: .error)) }
        }
        // A machine that was retired meanwhile refuses.
        try? goOn()
        state.withLock { state in
            state.primary = nil
            state.status.mode = .primary
        }
        guard awaitDecision(end) else { return .left }
        // A stop that only clients see: the guest need not stand still for it.
        if machine.runState == .running { environment.emit(.stop) }
        migration.finishCOLO()
        if wasRequested { environment.emit(.coloExit(mode: .primary, reason: .request)) }
        if pair == nil { gate.open() }
        finish(.primary)
        awaitAnswer()
        if machine.runState == .running { environment.emit(.resume) } else if pair == nil { try? machine.run() }
        state.withLock { $0.runsLeft += 1 }
        return .left
    }

    /// Waits until the guest may go on alone; false if it may not, for ever.
    private func awaitDecision(_ end: COLORunEnd) -> Bool {
        guard pair != nil else { return state.wait { $0.mayGoOnAlone } ?? false }
        runDriver.tell(.outgoingEnded(end.description))
        return runDriver.awaitRelease()
    }

    func finish(_ mode: COLOMode) {
        state.withLock { $0.status = COLOStatus(mode: .none, lastMode: mode, reason: .request) }
    }
}
