import Glibc
import Synchronization
public import SystemCalls

/// One client's record of which pages of a guest were written: in each period, from one harvest to the next.
///
/// Each client of the log (a migration, the checkpoints after it, a measurement) makes a tracker of its own; none
/// disturbs another, and GuestMemory knows nothing of what they are for. `VirtualMachine.harvest` begins a
/// tracker and takes what it has recorded. A new one does not record, and one that is given up ends by itself.
///
/// What takes from a record or empties it is for `VirtualMachine.harvest`, and for an engine that counts by itself: the
/// tidy test lets nobody else call these members.
///
/// Threads: all members may be called from any; `beginRecord`, `stop` and `takeRecord` have one owner at a time.
public final class DirtyTracker: Sendable {
    /// Whose writes a tracker records.
    public enum Writers: Sendable {
        /// Everybody's: vCPUs, devices, and whoever replaces memory.
        case all
        /// Those of vCPUs alone. The vCPU that writes a page first in a period is told so (`DirtyLog.markByVCPU`).
        case vCPUs
    }

    private let memory: GuestMemory
    private let slot: Int
    private let writers: Writers
    private let records = Atomic<Bool>(false)

    init(of memory: GuestMemory, slot: Int, writers: Writers) {
        self.memory = memory
        self.slot = slot
        self.writers = writers
        for block in memory.blocks {
            // A tracker of this place may have been before.
            block.dirtyLog.sets[slot].removeAll()
            block.dirtyLog.sets[slot].prefault()
        }
    }

    deinit {
        stop()
        memory.trackers.release(slot)
    }

    /// Whether it records.
    public var isRecording: Bool { records.load(ordering: .relaxed) }

    /// How many pages it has recorded in this period.
    public var count: Int { memory.blocks.reduce(0) { $0 + $1.dirtyLog.sets[slot].count } }

    /// Begins to record, from nothing on. Pages that vCPUs may write without a mark are missed until the engine has
    /// forgotten these permissions; `VirtualMachine.harvest` does that in the same step.
    package func beginRecord() {
        for block in memory.blocks { block.dirtyLog.start(slot, vCPUsOnly: writers == .vCPUs) }
        records.store(true, ordering: .relaxed)
    }

    /// Ends recording; what was recorded stays readable.
    public func stop() {
        for block in memory.blocks { block.dirtyLog.stop(slot) }
        records.store(false, ordering: .relaxed)
    }

    /// Forgets what was recorded and goes on.
    package func forgetRecord() { for block in memory.blocks { block.dirtyLog.sets[slot].removeAll() } }

    /// Moves what was recorded to `pages`, which has a set for each block in the order of `GuestMemory.blocks`, and
    /// goes on. Only `VirtualMachine.harvest` may call it, with the guest at rest: taken while vCPUs keep their write
    /// permissions, later writes would be missed.
    package func takeRecord(into pages: [PageSet]) {
        precondition(pages.count == memory.blocks.count)
        for (set, block) in zip(pages, memory.blocks) { set.take(from: block.dirtyLog.sets[slot]) }
    }
}

/// Which places for trackers are taken.
final class TrackerSlots: Sendable {
    private let taken = Atomic<UInt8>(0)

    func acquire() -> Int? {
        var taken = taken.load(ordering: .relaxed)
        while true {
            let slot = (~taken).trailingZeroBitCount
            guard slot < DirtyLog.trackerLimit else { return nil }
            let (done, found) = self.taken.compareExchange(
                expected: taken, desired: taken | 1 << UInt8(slot), ordering: .acquiringAndReleasing)
            if done { return slot }
            taken = found
        }
    }

    func release(_ slot: Int) { taken.bitwiseAnd(~(1 << UInt8(slot)), ordering: .acquiringAndReleasing) }
}

extension GuestMemory {
    /// A tracker of the writes of `writers`, which does not record yet. Throws ENOSPC if `DirtyLog.trackerLimit` others
    /// exist.
    public func makeTracker(of writers: DirtyTracker.Writers = .all) throws(SystemError) -> DirtyTracker {
        guard let slot = trackers.acquire() else {
            throw SystemError(
                code: ENOSPC, call: "dirty tracker", subject: "(\(DirtyLog.trackerLimit) are in use)")
        }
        return DirtyTracker(of: self, slot: slot, writers: writers)
    }

    /// An empty set for each block, to harvest into.
    public func makePageSets(prefault: Bool = false) throws(SystemError) -> [PageSet] {
        var sets: [PageSet] = []
        for block in blocks { sets.append(try PageSet(pageCount: block.pageCount, prefault: prefault)) }
        return sets
    }
}
