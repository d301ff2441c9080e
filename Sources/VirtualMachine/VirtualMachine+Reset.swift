import Environment
import GuestMemory
import MachineModel
import QAPI
import Synchronization
import SystemCalls

extension VirtualMachine {
    /// The QMP command `system_reset`. RAM and devices of a machine that waits for its state, or that stands by with a
    /// checkpoint, belong to their source, so nothing of theirs changes. Throws if the guest does not come to a stand.
    public func resetByCommand() throws(RunStateError) {
        do throws(PauseTimeout) { try resetByCommand(until: Self.deadline(Self.pausePatience)) } catch {
            throw RunStateError(current: runState, wanted: .running, obstacle: .timeout(error))
        }
    }

    private func resetByCommand(until deadline: Nanoseconds) throws(PauseTimeout) {
        let isForeign = try withControl(until: deadline) { (control: inout Control) throws(PauseTimeout) -> Bool in
            guard !control.ended, !isRetired, runState == .inmigrate || control.isStandby else { return false }
            emit(.reset(guest: false, reason: "host-qmp-system-reset"))
            return true
        }
        if !isForeign { try resetOnce(guest: false, reason: "host-qmp-system-reset", until: deadline) }
    }

    /// Puts the machine back to power-on: RESET, and goes on if it ran. One that did not run is in prelaunch
    /// afterwards, unless it waits for a migration or is in the middle of one. While the last of a migration is on its
    /// way out, the reset is carried out when that is over: what is sent stays whole; and while pages of RAM are to come, when
    /// all are here. Waits for the vCPUs to stand, however long that takes.
    public func reset(guest: Bool, reason: String) {
        while true {
            do throws(PauseTimeout) { return try resetOnce(guest: guest, reason: reason, until: nil) } catch {}
        }
    }

    /// With no deadline of its own a reset waits for its turn, and then `pausePatience` for the vCPUs.
    private func resetOnce(guest: Bool, reason: String, until deadline: Nanoseconds?) throws(PauseTimeout) {
        try withControl(until: deadline ?? .never) { (control: inout Control) throws(PauseTimeout) in
            guard !control.ended, !isRetired else { return }
            if mustPutOffReset(control) {
                control.resetIsDue = true
                emit(.reset(guest: guest, reason: reason))
                return
            }
            let ran = control.engineRuns
            try stopEngine(&control, until: deadline ?? Self.deadline(Self.pausePatience))
            resetParts()
            control.resetIsDue = false
            emit(.reset(guest: guest, reason: reason))
            goOnAfterReset(ran, &control)
        }
    }

    private func goOnAfterReset(_ ran: Bool, _ control: inout Control) {
        if ran {
            startEngine(&control)
        } else if ![RunState.running, .inmigrate, .finishMigrate, .saveVm].contains(runState) {
            publish(.prelaunch)
        }
    }

    private func mustPutOffReset(_ control: Control) -> Bool {
        if control.isLeaving, runState == .finishMigrate { return true }
        return resetWaitsForPages.withLock { waits in
            let isPartial = memory.isPartial
            if isPartial { waits = true }
            return isPartial
        }
    }

    /// Carries out a reset that was put off because pages were missing; its event was sent then.
    func resetAfterResidency() {
        while true {
            do throws(PauseTimeout) {
                return try withControl(until: .never) { (control: inout Control) throws(PauseTimeout) in
                    guard control.resetIsDue, !control.ended, !isRetired, !mustPutOffReset(control) else { return }
                    let ran = control.engineRuns
                    try stopEngine(&control, until: Self.deadline(Self.pausePatience))
                    resetIfDue(&control)
                    goOnAfterReset(ran, &control)
                }
            } catch {}
        }
    }

    private func resetParts() {
        withHurriedWriters { parts.lock.withLockWhileFrozen { parts.resetToPowerOn() } }
        parts.engine.forgetTranslations()
    }

    /// Before the run state leaves finish-migrate, and when all pages are here.
    func resetIfDue(_ control: inout Control) {
        guard control.resetIsDue, !memory.isPartial else { return }
        control.resetIsDue = false
        resetParts()
    }
}
