import Environment
import GuestMemory
import MachineModel
import QAPI
import SystemCalls

extension VirtualMachine {
    /// The QMP command `system_reset`. RAM and devices of a machine that waits for its state, or that stands by with a
    /// checkpoint, belong to their source, so nothing of theirs changes. Throws, with nothing changed, if the guest does not
    /// come to a stand, or while pages of its RAM are still to come: they may never come.
    public func resetByCommand() throws(RunStateError) {
        let deadline = Self.deadline(Self.pausePatience)
        let missing: Int?
        do throws(PauseTimeout) {
            missing = try withControl(until: deadline) { (control: inout Control) throws(PauseTimeout) in
                try resetByCommand(&control, until: deadline)
            }
        } catch {
            throw RunStateError(current: runState, wanted: .running, obstacle: .timeout(error))
        }
        if let missing { throw RunStateError(current: runState, wanted: .running, obstacle: .missingPages(missing)) }
    }

    /// Returns how many pages are still to come, if that is why nothing was done.
    private func resetByCommand(_ control: inout Control, until deadline: Nanoseconds) throws(PauseTimeout) -> Int? {
        guard !control.ended, !isRetired else { return nil }
        let reset = DueReset(guest: false, reason: "host-qmp-system-reset")
        let isForeign = runState == .inmigrate || control.isStandby
        if isForeign {
            emit(reset.event)
            return nil
        }
        if memory.isPartial, let missing = memory.residency?.missingCount, missing > 0 { return missing }
        // The last page may have come a moment ago; then it is put off for another one.
        try perform(reset, &control, until: deadline)
        return nil
    }

    /// Puts the machine back to power-on: RESET, and goes on if it ran. One that did not run is in prelaunch
    /// afterwards, unless it waits for a migration or is in the middle of one. While the last of a migration is on its
    /// way out, all of that is done when it is over: what is sent stays whole; and while pages of RAM are to come, when
    /// all are here. Waits for the vCPUs to stand, however long that takes.
    public func reset(guest: Bool, reason: String) {
        performUntilDone { _ in DueReset(guest: guest, reason: reason) }
    }

    /// All pages are here: carries out a reset that was put off because they were not.
    func resetAfterResidency() { performUntilDone { $0.dueReset } }

    /// Without a deadline a reset waits for its turn, and then `pausePatience` for the vCPUs, again and again.
    private func performUntilDone(_ reset: (Control) -> DueReset?) {
        while true {
            do throws(PauseTimeout) {
                return try withControl(until: .never) { (control: inout Control) throws(PauseTimeout) in
                    guard let reset = reset(control) else { return }
                    try perform(reset, &control, until: Self.deadline(Self.pausePatience))
                }
            } catch {}
        }
    }

    /// Resets the machine, or puts it off. Of several that are put off, the first one is carried out for all.
    private func perform(
        _ reset: DueReset, _ control: inout Control, until deadline: Nanoseconds
    ) throws(PauseTimeout) {
        guard !control.ended, !isRetired else { return }
        guard mayReset(control) else {
            if control.dueReset == nil { control.dueReset = reset }
            return
        }
        let ran = control.engineRuns
        try stopEngine(&control, until: deadline)
        carryOut(reset, &control)
        if ran {
            startEngine(&control)
        } else if ![RunState.running, .inmigrate, .finishMigrate, .saveVm].contains(runState) {
            publish(.prelaunch)
        }
    }

    private func mayReset(_ control: Control) -> Bool {
        let isOnItsWay = control.isLeaving && runState == .finishMigrate
        return !isOnItsWay && !memory.isPartial
    }

    /// Before the run state leaves finish-migrate, or the guest runs.
    func resetIfDue(_ control: inout Control) {
        guard let reset = control.dueReset, !memory.isPartial else { return }
        carryOut(reset, &control)
    }

    /// With the engine at rest.
    private func carryOut(_ reset: DueReset, _ control: inout Control) {
        withHurriedWriters { parts.lock.withLockWhileFrozen { parts.resetToPowerOn() } }
        parts.engine.forgetTranslations()
        control.dueReset = nil
        emit(reset.event)
    }
}

extension VirtualMachine.DueReset {
    fileprivate var event: MachineEvent { .reset(guest: guest, reason: reason) }
}
