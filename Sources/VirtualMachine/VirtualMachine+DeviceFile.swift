public import MachineModel
import MigrationFormat
import QAPI
import SystemCalls

extension VirtualMachine {
    /// Stops the guest, with STOP, takes the device state as bytes, and lets the guest go on, with RESUME. Of a guest that
    /// does not run, the state stays as it is and no event is sent. The bytes are FULL sections and the byte that ends
    /// them; their loader lets the guest run, so `globalstate` says "running".
    public func captureDevices() throws(PauseTimeout) -> [UInt8] {
        let deadline = Self.deadline(Self.pausePatience)
        return try withControl(until: deadline) { (control: inout Control) throws(PauseTimeout) in
            let runs = runState == .running
            let engineRan = control.engineRuns
            try stopEngine(&control, until: deadline)
            if runs { emit(.stop) }
            let bytes = globalState.recording(.running) { parts.lock.withLockWhileFrozen { saveDeviceBlob() } }
            if runs { emit(.resume) }
            if engineRan { startEngine(&control) }
            return bytes
        }
    }

    /// Replaces the device state of a machine that does not run. False, with nothing changed, if it runs or is not in a
    /// state in which its devices are its own.
    public func replaceDevices(_ state: PreparedDeviceState) -> Bool {
        withControl { control in
            let states: [RunState] = [.prelaunch, .paused, .postmigrate, .shutdown, .restoreVm]
            guard !control.ended, !isRetired, !control.engineRuns, !control.isStandby, states.contains(runState) else {
                return false
            }
            parts.lock.withLockWhileFrozen { apply(state) }
            // What ended this machine's life is not part of the state that it has now.
            if runState == .shutdown { publish(.paused) }
            return true
        }
    }
}
