import MachineModel
import QAPI
import SystemCalls

extension VirtualMachine {
    /// Lets the guest run: RESUME, then guest time and vCPUs go on. Nothing happens if it runs already.
    public func run() throws(RunStateError) {
        try control.withLock { (control: inout Control) throws(RunStateError) in
            try showRunning(&control)
            control.isStandby = false
            startEngine(&control)
        }
    }

    /// Says that the machine runs, with RESUME, while the guest stands by: a secondary that holds checkpoints. From
    /// then on only `run` starts the guest; the command `cont` does not.
    public func runAsStandby() throws(RunStateError) {
        try control.withLock { (control: inout Control) throws(RunStateError) in
            try showRunning(&control)
            control.isStandby = true
        }
    }

    /// Stops a running guest and puts it into `state`, then STOP. A guest that does not run is left as it is, but
    /// for its state if `forcingState` says so (no event then).
    public func halt(to state: RunState, forcingState: Bool = false) throws(RunStateError) {
        try control.withLock { (control: inout Control) throws(RunStateError) in
            let wasRunning = runState == .running
            guard wasRunning || forcingState else { return }
            try checkStep(to: state, control)
            stopEngine(&control)
            publish(state)
            if wasRunning { emit(.stop) }
        }
    }

    /// Halts the guest for the last step of a migration: finish-migrate, STOP if it ran. The state it was in is what
    /// the `globalstate` section tells from now on, and is returned.
    public func haltForMigration() throws(RunStateError) -> RunState {
        try control.withLock { (control: inout Control) throws(RunStateError) -> RunState in
            let previous = runState
            try checkStep(to: .finishMigrate, control)
            stopEngine(&control)
            control.isLeaving = false
            globalState.record(previous)
            publish(.finishMigrate)
            if previous == .running { emit(.stop) }
            return previous
        }
    }

    /// The last of RAM and the device state are about to leave together: until the machine has left finish-migrate,
    /// a reset is put off.
    public func beginLeaving() { control.withLock { $0.isLeaving = true } }

    /// Changes the state of a machine that does not run, without an event.
    public func setState(_ state: RunState) throws(RunStateError) {
        try control.withLock { (control: inout Control) throws(RunStateError) in
            precondition(!control.engineRuns || state == .running, "a running engine has only one state")
            try checkStep(to: state, control)
            if state == .inmigrate {
                control.isStandby = false
                globalState.forgetArrived()
            }
            // Whoever gives its guest away must not go on to claim the guest's address.
            if state == .postmigrate || state == .inmigrate { endAnnouncements() }
            if state != .finishMigrate { resetIfDue(&control) }
            publish(state)
        }
    }

    /// Runs `body` with the guest paused and the machine at rest, and lets it go on afterwards if it ran before.
    /// The run state does not change and no event is sent: that is the caller's business (checkpoints).
    ///
    /// `body` must not call into the run control.
    public func pauseBriefly<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        try control.withLock { (control: inout Control) throws(Failure) -> Result in
            let ran = control.engineRuns
            stopEngine(&control)
            defer { if ran { startEngine(&control) } }
            return try parts.lock.withLockWhileFrozen(body)
        }
    }

    /// The QMP command `cont`: runs a stopped guest; for an incoming machine it means "start when you are there". A
    /// secondary only says that it runs: its guest runs elsewhere.
    public func continueByCommand() throws(RunStateError) {
        try control.withLock { (control: inout Control) throws(RunStateError) in
            switch runState {
            case .inmigrate: control.autostart = true
            case .finishMigrate: throw RunStateError(current: .finishMigrate, wanted: .running)
            default:
                try showRunning(&control)
                if !control.isStandby { startEngine(&control) }
            }
        }
    }

    /// The QMP command `stop`: stops a running guest; for an incoming machine it means "do not start by yourself".
    public func stopByCommand() throws(RunStateError) {
        if runState == .inmigrate { return control.withLock { $0.autostart = false } }
        try halt(to: .paused)
    }

    /// Whether an incoming machine starts when its state is there.
    public var autostart: Bool { control.withLock(notify: false) { $0.autostart } }

    /// The QMP command `system_reset`. RAM and devices of a machine that waits for its state, or that stands by with a
    /// checkpoint, belong to their source, so nothing of theirs changes.
    public func resetByCommand() {
        let isForeign = control.withLock { control in
            guard !control.ended, runState == .inmigrate || control.isStandby else { return false }
            emit(.reset(guest: false, reason: "host-qmp-system-reset"))
            return true
        }
        if !isForeign { reset(guest: false, reason: "host-qmp-system-reset") }
    }

    /// Puts the machine back to power-on: RESET, and goes on if it ran. One that did not run is in prelaunch
    /// afterwards, unless it waits for a migration or is in the middle of one. While the last of a migration is on its
    /// way out, the reset is carried out when that is over: what is sent stays whole.
    public func reset(guest: Bool, reason: String) {
        control.withLock { control in
            guard !control.ended else { return }
            if control.isLeaving, runState == .finishMigrate {
                control.resetIsDue = true
                emit(.reset(guest: guest, reason: reason))
                return
            }
            let ran = control.engineRuns
            stopEngine(&control)
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
    private func resetIfDue(_ control: inout Control) {
        guard control.resetIsDue else { return }
        control.resetIsDue = false
        resetParts()
    }

    /// Ends the machine's threads for good; the guest is stopped without an event.
    public func shutDown() {
        control.withLock { control in
            guard !control.ended else { return }
            stopEngine(&control)
            control.ended = true
            endAnnouncements()
            parts.engine.shutDown()
            parts.lock.thaw()
            parts.shutDownDevices()
        }
    }

    private func showRunning(_ control: inout Control) throws(RunStateError) {
        try checkStep(to: .running, control)
        guard runState != .running else { return }
        resetIfDue(&control)
        publish(.running)
        emit(.resume)
    }

    func checkStep(to state: RunState, _ control: Control) throws(RunStateError) {
        let current = runState
        guard !control.ended, current.mayBecome(state) else {
            throw RunStateError(current: current, wanted: state)
        }
    }

    func startEngine(_ control: inout Control) {
        guard !control.ended, !control.engineRuns else { return }
        control.engineRuns = true
        parts.clock.start()
        parts.lock.thaw()
        parts.engine.resume()
    }

    func stopEngine(_ control: inout Control) {
        guard control.engineRuns else { return }
        parts.engine.pause()
        parts.lock.freeze()
        parts.clock.stop()
        control.engineRuns = false
    }
}
