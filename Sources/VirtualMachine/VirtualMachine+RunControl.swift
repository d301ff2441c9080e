public import Environment
import MachineModel
public import QAPI
import SystemCalls

extension VirtualMachine {
    /// Lets the guest run: RESUME, then guest time and vCPUs go on. Nothing happens if it runs already. A guest that an
    /// operator stopped while it stood in finish-migrate stays stopped: paused, without an event.
    public func run() throws(RunStateError) {
        try withControl { (control: inout Control) throws(RunStateError) in
            if control.isStopWanted, runState == .finishMigrate {
                try checkStep(to: .paused, control)
                return leaveFinishMigrate(for: .paused, &control)
            }
            try showRunning(&control)
            control.isStandby = false
            startEngine(&control)
        }
    }

    /// Says that the machine runs, with RESUME, while the guest stands by: a secondary that holds checkpoints. From
    /// then on only `run` starts the guest; the command `cont` does not.
    public func runAsStandby() throws(RunStateError) {
        try withControl { (control: inout Control) throws(RunStateError) in
            try showRunning(&control)
            control.isStandby = true
            if !control.engineRuns { parts.lock.detach() }
        }
    }

    /// The guest of a machine that stood by is here from now on, and stays stopped until `cont`.
    public func leaveStandby() throws(RunStateError) {
        try withControl { (control: inout Control) throws(RunStateError) in
            if runState != .paused {
                try checkStep(to: .paused, control)
                publish(.paused)
            }
            control.isStandby = false
        }
    }

    /// Stops a running guest and puts it into `state`, then STOP. A guest that does not run is left as it is, but
    /// for its state if `forcingState` says so (no event then). Throws, with the guest running on, if it does not come to
    /// a stand within `limit`, which includes the wait for others who use the run control.
    public func halt(
        to state: RunState, forcingState: Bool = false, within limit: Nanoseconds = pausePatience
    ) throws(RunStateError) {
        let deadline = Self.deadline(limit)
        try withControl(until: deadline, for: state) { (control: inout Control) throws(RunStateError) in
            let wasRunning = runState == .running
            guard wasRunning || forcingState else { return }
            try checkStep(to: state, control)
            try stopEngine(&control, for: state, until: deadline)
            if publish(state), wasRunning { emit(.stop) }
        }
    }

    /// Halts the guest for the last step of a migration: finish-migrate, STOP if it ran. The state it was in is what
    /// the `globalstate` section tells from now on, and is returned. Throws as `halt` does.
    public func haltForMigration(within limit: Nanoseconds = pausePatience) throws(RunStateError) -> RunState {
        let deadline = Self.deadline(limit)
        return try withControl(until: deadline, for: .finishMigrate) {
            (control: inout Control) throws(RunStateError) -> RunState in
            let previous = runState
            try checkStep(to: .finishMigrate, control)
            try stopEngine(&control, for: .finishMigrate, until: deadline)
            control.isLeaving = false
            control.isStopWanted = false
            globalState.record(previous)
            guard publish(.finishMigrate) else { throw refusal(of: .finishMigrate) }
            if previous == .running { emit(.stop) }
            return previous
        }
    }

    /// The last of RAM and the device state are about to leave together: until the machine has left finish-migrate,
    /// a reset is put off.
    public func beginLeaving() { withControl { $0.isLeaving = true } }

    /// Changes the state of a machine that does not run, without an event.
    public func setState(_ state: RunState) throws(RunStateError) {
        try withControl { (control: inout Control) throws(RunStateError) in
            try checkStep(to: state, control)
            precondition(!control.engineRuns || state == .running, "a running engine has only one state")
            if state == .inmigrate {
                control.isStandby = false
                parts.lock.detach()
                globalState.forgetArrived()
            } else if runState == .inmigrate {
                parts.lock.freeze()
            }
            // A side that gives its guest away must not go on to claim the guest's address.
            if state == .postmigrate || state == .inmigrate { endAnnouncements() }
            if state == .finishMigrate { publish(state) } else { leaveFinishMigrate(for: state, &control) }
        }
    }

    /// The QMP command `cont`: runs a stopped guest; for an incoming machine it means "start when you are there". A
    /// secondary only says that it runs: its guest runs elsewhere.
    public func continueByCommand() throws(RunStateError) {
        try withControl { (control: inout Control) throws(RunStateError) in
            switch runState {
            case .inmigrate: control.autostart = true
            case .finishMigrate:
                // What a command to stop has left is taken back, even though the answer is that of QEMU.
                control.isStopWanted = false
                throw RunStateError(current: .finishMigrate, wanted: .running)
            default:
                try showRunning(&control)
                if !control.isStandby { startEngine(&control) }
            }
        }
    }

    /// The QMP command `stop`: stops a running guest; for an incoming machine it means "do not start by yourself". A
    /// guest that stands for the end of a migration stays stopped if it would go on here.
    public func stopByCommand() throws(RunStateError) {
        let isDone = withControl { control in
            switch runState {
            case .inmigrate: control.autostart = false
            case .finishMigrate: control.isStopWanted = true
            default: return false
            }
            return true
        }
        if !isDone { try halt(to: .paused) }
    }

    /// Whether an incoming machine starts when its state is there.
    public var autostart: Bool { withControl { $0.autostart } }

    /// Ends the machine's threads for good; the guest is stopped without an event. A vCPU that a disk keeps is waited
    /// for no longer than `pausePatience`, and then left behind.
    public func shutDown() {
        withControl { control in
            guard !control.ended else { return }
            control.ended = true
            endAnnouncements()
            // For good: nobody who writes for the guest may keep it from ending.
            hurryWriters()
            let stands = parts.engine.shutDown(until: SystemClock().now() + Self.pausePatience)
            // Never thawed: a device thread that waits for the lock must not get to RAM now, which may be that of a later
            // checkpoint than its device. Its input is refused, and it ends.
            parts.lock.close()
            if stands { parts.clock.stop() }
            control.engineRuns = false
            parts.deferredRequests.end()
            parts.shutDownDevices()
        }
    }

    /// Runs `body` with the run control, one caller at a time.
    func withControl<Result, Failure: Error>(
        _ body: (inout Control) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { sendDueStop() }
        return try control.withLock(body)
    }

    /// The same; throws, without having run `body`, if others keep the run control until `deadline`.
    func withControl<Result>(
        until deadline: Nanoseconds, _ body: (inout Control) throws(PauseTimeout) -> Result
    ) throws(PauseTimeout) -> Result {
        defer { sendDueStop() }
        guard let result = try control.withLock(until: deadline, body) else { throw isBusy }
        return result
    }

    private func withControl<Result>(
        until deadline: Nanoseconds, for state: RunState, _ body: (inout Control) throws(RunStateError) -> Result
    ) throws(RunStateError) -> Result {
        defer { sendDueStop() }
        guard let result = try control.withLock(until: deadline, body) else {
            throw RunStateError(current: runState, wanted: state, obstacle: .timeout(isBusy))
        }
        return result
    }

    private var isBusy: PauseTimeout {
        PauseTimeout(busy: [], reason: stalledDisk?.description ?? "another operation on it is under way")
    }

    static func deadline(_ limit: Nanoseconds) -> Nanoseconds {
        limit == .never ? .never : SystemClock().now() + limit
    }

    private func showRunning(_ control: inout Control) throws(RunStateError) {
        try checkStep(to: .running, control)
        guard runState != .running else { return }
        control.isStopWanted = false
        resetIfDue(&control)
        guard publish(.running) else { throw refusal(of: .running) }
        emit(.resume)
    }

    /// Carries out what was put off until the machine leaves finish-migrate, if that is where it is.
    private func leaveFinishMigrate(for state: RunState, _ control: inout Control) {
        control.isStopWanted = false
        resetIfDue(&control)
        publish(state)
    }

    func checkStep(to state: RunState, _ control: Control) throws(RunStateError) {
        guard !control.ended, !isRetired, runState.mayBecome(state) else { throw refusal(of: state) }
    }

    private func refusal(of state: RunState) -> RunStateError {
        RunStateError(current: runState, wanted: state, obstacle: isRetired ? .retired : nil)
    }

    func startEngine(_ control: inout Control) {
        guard !control.ended, !control.engineRuns, !isRetired else { return }
        control.engineRuns = true
        parts.clock.start()
        parts.lock.thaw()
        parts.engine.resume()
        lookAtQueuesOnce()
    }

    /// `onlyToLook`: nothing of a vCPU will be changed before it runs on.
    func stopEngine(
        _ control: inout Control, until deadline: Nanoseconds, onlyToLook: Bool = false
    ) throws(PauseTimeout) {
        guard control.engineRuns else { return }
        // A vCPU or device that waits for a snapshot's room would not come to a stand.
        try withHurriedWriters { () throws(PauseTimeout) in try stand(until: deadline, onlyToLook: onlyToLook) }
        parts.clock.stop()
        control.engineRuns = false
    }

    private func stand(until deadline: Nanoseconds, onlyToLook: Bool) throws(PauseTimeout) {
        do throws(PauseTimeout) {
            if onlyToLook {
                try parts.engine.pauseToLook(until: deadline)
            } else {
                try parts.engine.pause(until: deadline)
            }
        } catch {
            throw PauseTimeout(busy: error.busy, reason: stalledDisk?.description)
        }
        guard parts.lock.freeze(until: deadline) else {
            if !isRetired { parts.engine.resume() }
            let device = "a device is in the middle of an operation"
            throw PauseTimeout(busy: [], reason: stalledDisk?.description ?? device)
        }
    }

    private func stopEngine(
        _ control: inout Control, for state: RunState, until deadline: Nanoseconds
    ) throws(RunStateError) {
        do throws(PauseTimeout) { try stopEngine(&control, until: deadline) } catch {
            throw RunStateError(current: runState, wanted: state, obstacle: .timeout(error))
        }
    }
}
