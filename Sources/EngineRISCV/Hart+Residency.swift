import Environment
import GuestMemory
public import MachineModel
import Synchronization
import SystemCalls

/// What keeps a hart from executing its next instruction: a page of RAM that has not come yet.
struct HartPageWait {
    let residency: PageResidency
    let place: PageResidency.Place
    let wait: PageWait
}

// Pages that are not here yet (`GuestMemory.isPartial`). A hart asks where it fills its tables and walks page tables, that
// is before it has changed anything: the instruction is not done, and done again from its start when the page has come.
// Until then the hart sleeps as in wfi, at the boundary before that instruction; interrupts are taken there.
extension Hart {
    /// Whether the page at that physical address is still to come. Then it has been asked for, and the instruction that
    /// needs it ends here: `takeException` does nothing, and the slice is over.
    @inline(never)
    func mustWait(forPageAt address: UInt64) -> Bool {
        let memory = environment.memory
        guard let residency = memory.residency,
            let place = memory.missingPages(of: address, count: targetPageSize).first,
            let wait = residency.wait(for: [place], wake: { [inputs] in inputs.wake() })
        else { return false }
        pageWait = HartPageWait(residency: residency, place: place, wait: wait)
        state.pointee.needsPage = true
        noteBlocked(true)
        return true
    }

    /// Ends the wait if the page has come, or the memory is whole, or an interrupt can be taken first.
    func endPageWait() -> Bool {
        guard let pageWait else { return true }
        let isDue =
            environment.memory.residency !== pageWait.residency
            || pageWait.residency.isPresent(pageWait.place.page, ofBlock: pageWait.place.block)
            || pendingInterrupts() & state.pointee.mie & takeableInterrupts != 0
        if isDue { giveUpPageWait() }
        return isDue
    }

    /// The hart does not wait any more: it executes its next instruction, or has got another one.
    func giveUpPageWait() {
        guard let ended = pageWait else { return }
        ended.residency.cancel(ended.wait)
        pageWait = nil
        state.pointee.needsPage = false
        noteBlocked(false)
    }

    /// When the hart is to look again if nobody wakes it.
    var pageWaitEnd: Nanoseconds { nextTimer(of: takeableInterrupts) }

    private var takeableInterrupts: UInt64 { interruptsForMachine | interruptsForSupervisor }

    /// Tells who measures that this hart begins or ends to wait.
    func noteBlocked(_ isBlocked: Bool) {
        environment.blocktime.withLock { meter in
            guard meter != nil else { return }
            let now = SystemClock().now()
            if isBlocked { meter?.begin(identifier, at: now) } else { meter?.end(identifier, at: now) }
        }
    }
}

extension RISCVEngine {
    /// Harts ask for each page.
    public var asksForPages: Bool { true }

    /// Begins to measure how long each hart waits for pages.
    public func measureBlocktime() {
        environment.blocktime.withLock { $0 = BlocktimeMeter(vCPUCount: harts.count) }
    }

    /// What was measured stands: a hart whose page has come may take a while until it runs.
    public func endBlocktime() { environment.blocktime.withLock { $0?.finish(at: SystemClock().now()) } }

    /// What was measured up to now.
    public var blocktime: Blocktime? {
        environment.blocktime.withLock { $0?.blocktime(at: SystemClock().now()) }
    }
}
