import MachineModel
import QAPI
import SystemCalls

extension VirtualMachine {
    /// The QMP command `system_reset`. RAM and devices of a machine that waits for its state, or that stands by with a
    /// checkpoint, belong to their source, so nothing of theirs changes. Throws if the guest does not come to a stand.
    public func resetByCommand() throws(RunStateError) {
        let isForeign = withControl { control in
            guard !control.ended, !isRetired, runState == .inmigrate || control.isStandby else { return false }
            emit(.reset(guest: false, reason: "host-qmp-system-reset"))
            return true
        }
        if isForeign { return }
        do throws(PauseTimeout) { try resetOnce(guest: false, reason: "host-qmp-system-reset") } catch {
            throw RunStateError(current: runState, wanted: .running, obstacle: .timeout(error))
        }
    }

    /// Puts the machine back to power-on: RESET, and goes on if it ran. One that did not run is in prelaunch
    /// afterwards, unless it waits for a migration or is in the middle of one. While the last of a migration is on its
    /// way out, the reset is carried out when that is over: what is sent stays whole. Waits for the vCPUs to stand,
    /// however long that takes.
    public func reset(guest: Bool, reason: String) {
        while true { do throws(PauseTimeout) { return try resetOnce(guest: guest, reason: reason) } catch {} }
    }

    private func resetOnce(guest: Bool, reason: String) throws(PauseTimeout) {
        try withControl { (control: inout Control) throws(PauseTimeout) in
            guard !control.ended, !isRetired else { return }
            if control.isLeaving, runState == .finishMigrate {
                control.resetIsDue = true
                emit(.reset(guest: guest, reason: reason))
                return
            }
            let ran = control.engineRuns
            try stopEngine(&control, within: Self.pausePatience)
            resetParts()
            emit(.reset(guest: guest, reason: reason))
            if ran {
                startEngine(&control)
            } else if ![RunState.running, .inmigrate, .finishMigrate, .saveVm].contains(runState) {
                publish(.prelaunch)
            }
        }
    }

    private func resetParts() {
        parts.lock.withLockWhileFrozen { parts.resetToPowerOn() }
        parts.engine.forgetTranslations()
    }

    /// Before the run state leaves finish-migrate.
    func resetIfDue(_ control: inout Control) {
        guard control.resetIsDue else { return }
        control.resetIsDue = false
        resetParts()
    }
}
