import Environment
public import Migration
import QAPI
import ReplicationCore
import SystemCalls
import Transport
import VirtualMachine

// The secondary's side, on the migration's thread.
extension ReplicationService {
    /// A member of a pair takes nothing else.
    public var acceptsOnlyCOLO: Bool { pair != nil }

    /// Without a pair the first connection is taken; with one the channel has proven itself before.
    public func incomingAccepted() {}

    /// Holds checkpoints until this side takes over or gives them up.
    public func runSecondary(_ session: COLOSecondarySession) -> COLOOutcome {
        var limits = limits.secondary
        // The heartbeat tells whether the primary lives; it may take long to pause its guest.
        if pair != nil { limits.sendTimeout = .milliseconds(2 * ReplicationLimits.pairPauseMilliseconds) }
        let run: SecondaryRun
        do throws(SystemError) {
            run = try SecondaryRun(
                session: session, statistics: statistics, limits: limits,
                handlers: SecondaryRunHandlers(
                    willReceive: { [machine] in try? machine.halt(to: .colo) },
                    held: { [weak self] in self?.checkpointHeld($0) },
                    left: { [weak self] in self?.secondaryLeft($0) }))
        } catch {
            state.withLock { $0.status.mode = .none }
            if pair != nil { runDriver.tell(.incomingEnded("\(error)")) }
            return .peerLost("\(error)")
        }
        let isLeftAlready = state.withLock { state in
            state.secondary = run
            state.secondaryExitWasTold = false
            return state.status.reason == .processing
        }
        if pair != nil {
            runDriver.tell(.secondaryBegan)
        } else if isLeftAlready {
            run.requestTakeover()
        }
        let ending = run.perform()
        state.withLock { $0.secondary = nil }
        if ending == .takeOver {
            takeOver(run)
        } else {
            state.withLock { $0.status = COLOStatus(mode: .none, lastMode: .secondary, reason: .error) }
        }
        return .left
    }

    private func checkpointHeld(_ checkpoint: UInt64) {
        try? machine.runAsStandby()
        if pair != nil { runDriver.tell(.held(checkpoint: checkpoint)) }
    }

    private func secondaryLeft(_ end: COLORunEnd) {
        guard end != .requested else { return }
        environment.log(.endOfRun(end))
        environment.emit(.coloExit(mode: .secondary, reason: .error))
        state.withLock { $0.secondaryExitWasTold = true }
        if pair != nil { runDriver.tell(.incomingEnded(end.description)) }
    }

    /// Resumes the guest from the last complete checkpoint; QEMU's order of events.
    private func takeOver(_ run: SecondaryRun) {
        if machine.runState == .running { try? machine.halt(to: .paused) }
        migration.finishCOLO()
        if !state.withLock(notify: false, { $0.secondaryExitWasTold }) {
            environment.emit(.coloExit(mode: .secondary, reason: .request))
        }
        run.prepareTakeover()
        if pair == nil {
            finish(.secondary)
            awaitAnswer()
        } else {
            // The last look, on the thread that acts: what was decided a while ago may have become wrong meanwhile.
            repeat {
                runDriver.tell(.readyToResume)
                guard runDriver.awaitResume() else { return }
            } while clock.now() >= runDriver.runs.resumeDeadline
        }
        resumeTakenOver()
    }

    private func resumeTakenOver() {
        do throws(RunStateError) {
            if state.withLock(notify: false, { $0.staysStopped }) {
                try machine.leaveStandby()
            } else {
                try machine.run()
            }
        } catch {
            if pair != nil { runDriver.tell(.resumeFailed(error.description)) }
            return finish(.secondary)
        }
        // In a pair the controller has the guest announced, when it knows that the guest runs.
        if pair == nil { machine.announce(migration.settings.parameters.announcement) }
        // The pair hears first: that the guest serves depends on no host port.
        if pair != nil { runDriver.tell(.resumed) }
        openForwards()
        finish(.secondary)
        state.withLock { $0.runsLeft += 1 }
    }

    /// Opens the host ports. One that somebody else has is waited for, in a pair on a thread of its own: what the
    /// controller wants next, like the announcement of the guest, does not wait.
    func openForwards() {
        let open = environment.openForwards
        if pair != nil, (try? Thread(name: "forwards") { open() }) != nil { return }
        open()
    }
}
