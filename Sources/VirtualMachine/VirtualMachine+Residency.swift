public import GuestMemory
import MachineModel
public import SystemCalls

/// A guest that runs while pages of its RAM are still to come, on an engine that asks for them (`asksForPages`).
///
/// Nothing of the machine stands still for a page, but for the vCPUs that need it and the requests that devices have put
/// aside: neither holds a lock meanwhile, so the guest can be paused, harvested, saved and shut down as ever. Put off until
/// all pages are here is a reset that the guest asks for, because it writes the boot images to RAM, and a failover pair's
/// primary card. A reset by command is refused: nobody knows whether the pages ever come.
extension VirtualMachine {
    /// The pages that `residency` misses are to come. To be called while the machine is at rest, and before the device state
    /// is applied that may need them. Throws, with nothing changed, if there is no thread for devices' requests.
    public func beginResidency(_ residency: PageResidency) throws(SystemError) {
        precondition(parts.engine.asksForPages, "an engine that does not ask would see pages that are not there")
        try withControl { (control: inout Control) throws(SystemError) in
            precondition(!control.engineRuns, "memory becomes partial only at rest")
            try parts.deferredRequests.begin()
            memory.beginResidency(residency)
            parts.engine.forgetTranslations()
        }
    }

    /// What is in the way of a guest that runs here while pages of its RAM are still to come; nil if nothing is.
    public var obstacleToPostcopy: UserFaultObstacle? {
        parts.engine.asksForPages ? nil : MissingPages.obstacle(to: memory)
    }

    /// All pages are here: what was put off is done. Waits for nobody.
    public func endResidency() {
        memory.endResidency()
        parts.deferredRequests.add { [pairs = parts.failoverPairs] in
            for pair in pairs { pair.memoryIsWhole() }
        }
        parts.deferredRequests.end()
        // Whoever has the run control now may have seen pages missing, and be about to put a reset off.
        defer { sendDueStop() }
        guard control.tryLock({ $0.dueReset == nil }) != true else { return }
        // A reset lets the vCPUs come to a stand first, which may take as long as a disk takes. Without a thread for it, it
        // comes with the next change of the run state.
        _ = try? Thread(name: "late-reset") { [self] in resetAfterResidency() }
    }
}
