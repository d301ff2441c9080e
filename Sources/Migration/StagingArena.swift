import Glibc
import GuestMemory
import MigrationFormat
import SystemCalls

/// The pages of a checkpoint that is being received, apart from RAM, until it is complete: then `apply` makes all of
/// them current in one step, or `discard` forgets them. It never takes more than the guest's RAM, and as a rule as much
/// as recent checkpoints needed (see `PageReserve`).
public final class StagingArena: CheckpointStaging {
    private let memory: GuestMemory
    let reserve: PageReserve
    private var entries: [PageLocation] = []
    /// For each block, the slot of each page plus one; 0 for a page that is not staged.
    private var slots: [[Int32]]

    /// An arena for the RAM of `memory` with room for `initialPages` pages present from the start and for ever.
    public init(memory: GuestMemory, initialPages: Int = 4096) throws(SystemError) {
        self.memory = memory
        slots = memory.blocks.map { [Int32](repeating: 0, count: $0.pageCount) }
        reserve = try PageReserve(pageCount: memory.totalSize / targetPageSize, initialPages: initialPages)
    }

    /// How many pages are staged.
    public var pageCount: Int { entries.count }

    /// The place of a page, the same one when it is asked for again.
    public func pagePointer(_ location: PageLocation) throws(MigrationFailure) -> UnsafeMutableRawPointer {
        let known = slots[location.block][location.page]
        if known != 0 { return place(Int(known) - 1) }
        let slot = entries.count
        entries.append(location)
        slots[location.block][location.page] = Int32(slot + 1)
        return place(slot)
    }

    /// Copies all staged pages to RAM, marks them dirty, and forgets them. The guest must stand.
    public func apply() {
        for (slot, location) in entries.enumerated() {
            let block = memory.blocks[location.block]
            // SAFETY: the decoder checked block and page against this machine's layout; both sides are whole pages.
            memcpy(block.base + location.page * targetPageSize, place(slot), targetPageSize)
            block.dirtyLog.mark(page: location.page)
        }
        discard()
    }

    /// Forgets all staged pages.
    public func discard() {
        for location in entries { slots[location.block][location.page] = 0 }
        // Without a thread that makes room ahead, receiving makes it as it goes.
        try? reserve.noteUse(entries.count)
        // What was listed for a checkpoint of unusual size is not kept beyond it.
        entries.removeAll(keepingCapacity: entries.count <= reserve.presentPages)
    }

    /// There are as many slots as pages, and no page gets two.
    private func place(_ slot: Int) -> UnsafeMutableRawPointer { reserve.base + slot * targetPageSize }
}
