import GuestMemory
public import MachineModel
import Synchronization

extension RISCVEngine {
    /// Slows every hart down to 100 - `percentage` hundredths.
    public func setThrottle(percentage: Int) {
        let percentage = UInt64(min(max(percentage, 0), 99))
        for hart in harts {
            hart.paceOrders.setThrottle(percentage)
            hart.interruptExecution()
        }
    }

    /// What `setThrottle` set last.
    public var throttlePercentage: Int { Int(harts[0].paceOrders.throttle) }

    /// The engine itself.
    public var dirtyMeter: (any VCPUDirtyMeter)? { self }
}

extension RISCVEngine: VCPUDirtyMeter {
    /// Begins to count pages.
    public func startCounting() {
        counted.beginRecord()
        forgetWritePermissionsSoon()
    }

    /// Ends counting.
    public func stopCounting() { counted.stop() }

    /// Lets every page count again.
    public func rearm() {
        // In this order: a page that is written in between is in a write TLB, which goes next.
        counted.forgetRecord()
        forgetWritePermissionsSoon()
    }

    /// Dirtied pages of each hart.
    public var dirtiedPages: [UInt64] { harts.map { $0.dirtiedPages.load(ordering: .relaxed) } }

    /// Limits a hart.
    public func setLimit(pagesPerSecond: UInt64?, vCPU: Int) {
        harts[vCPU].paceOrders.setDirtyLimit(pagesPerSecond ?? 0)
        harts[vCPU].interruptExecution()
    }

    /// Each hart empties its write TLB before its next slice of instructions.
    private func forgetWritePermissionsSoon() {
        for hart in harts {
            hart.remoteFences.bitwiseOr(RemoteFence.writePermissions, ordering: .sequentiallyConsistent)
        }
    }
}
