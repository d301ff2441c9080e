public import Environment
public import MachineModel
import SystemCalls

extension VirtualMachine {
    /// Runs `body` with the guest paused and the machine at rest, and lets it go on afterwards if it ran before.
    /// The run state does not change and no event is sent: that is the caller's business (checkpoints).
    ///
    /// Throws `PauseTimeout`, without having run `body` and with the guest running on, if a vCPU does not come to a stand
    /// within `limit`: it may be in a disk access, which takes as long as the disk takes. The limit includes the wait for
    /// others who use the run control. `body` must not call into the run control. With `onlyToLook` it changes nothing of
    /// a vCPU but that write permissions are forgotten, and those that wait for an interrupt need not be woken.
    public func pauseBriefly<Result>(
        within limit: Nanoseconds, onlyToLook: Bool = false, _ body: () -> Result
    ) throws(PauseTimeout) -> Result {
        try pauseOnce(until: Self.deadline(limit), onlyToLook: onlyToLook, body)
    }

    /// The same, however long the vCPUs take to stand. Others who have business with the run control get their turn
    /// every `pausePatience`.
    public func pauseBriefly<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        while true {
            let outcome = try? pauseOnce(until: nil) { () -> Swift.Result<Result, Failure> in
                do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
            }
            if let outcome { return try outcome.get() }
        }
    }

    /// With no deadline of its own a pause waits for its turn, and then `pausePatience` for the vCPUs.
    private func pauseOnce<Result>(
        until deadline: Nanoseconds?, onlyToLook: Bool = false, _ body: () -> Result
    ) throws(PauseTimeout) -> Result {
        try withControl(until: deadline ?? .never) { (control: inout Control) throws(PauseTimeout) -> Result in
            let ran = control.engineRuns
            try stopEngine(
                &control, until: deadline ?? Self.deadline(Self.pausePatience), onlyToLook: onlyToLook)
            defer { if ran { startEngine(&control) } }
            return parts.lock.withLockWhileFrozen(body)
        }
    }
}
