import Glibc
public import GuestMemory
public import MigrationFormat
public import SystemCalls

/// The pages of a checkpoint that is being received, apart from RAM, until it is complete: then `apply` makes all of
/// them current in one step, or `discard` forgets them. It never takes more than the guest's RAM, and as a rule as much
/// as recent checkpoints needed (see `PageReserve`).
public final class StagingArena: PageSink {
    private let memory: GuestMemory
    let reserve: PageReserve
    /// Which pages are staged, for each block.
    private let staged: [PageSet]
    /// How many pages are staged.
    public private(set) var pageCount = 0
    /// For each block, the slot of each page that is staged.
    private var slots: [[Int32]]

    /// An arena for the RAM of `memory` with room for `initialPages` pages present from the start and for ever.
    public init(memory: GuestMemory, initialPages: Int = 4096) throws(SystemError) {
        self.memory = memory
        staged = try memory.makePageSets()
        slots = memory.blocks.map { [Int32](repeating: 0, count: $0.pageCount) }
        reserve = try PageReserve(pageCount: memory.totalSize / targetPageSize, initialPages: initialPages)
    }

    /// The place of a page, the same one when it is asked for again.
    public func pagePointer(_ location: PageLocation) throws(MigrationFailure) -> UnsafeMutableRawPointer {
        // SAFETY: a slot is below the number of pages that were given one, for which the reserve has room.
        guard staged[location.block].insert(location.page) else {
            return unsafe place(Int(slots[location.block][location.page]))
        }
        slots[location.block][location.page] = Int32(pageCount)
        pageCount += 1
        return unsafe place(pageCount - 1)
    }

    /// The place of a page that goes on from what was staged before, or else from RAM, which holds the last checkpoint.
    public func currentPagePointer(_ location: PageLocation) throws(MigrationFailure) -> UnsafeMutableRawPointer {
        // SAFETY: the page lies inside its block, as the decoder has checked; both sides are whole pages.
        let isStaged = staged[location.block].contains(location.page)
        let place = try unsafe pagePointer(location)
        if !isStaged {
            unsafe memcpy(
                place, memory.blocks[location.block].base + location.page * targetPageSize, targetPageSize)
        }
        return unsafe place
    }

    /// Copies all staged pages to RAM, marks them dirty, and forgets them. The guest must stand.
    public func apply() {
        for (index, block) in memory.blocks.enumerated() {
            var start = 0
            while let run = staged[index].nextRun(from: start) {
                for page in run {
                    // SAFETY: the set's pages lie inside the block; both sides are whole pages.
                    unsafe memcpy(block.base + page * targetPageSize, place(Int(slots[index][page])), targetPageSize)
                }
                block.dirtyLog.mark(pages: run)
                start = run.upperBound
            }
        }
        discard()
    }

    /// Forgets all staged pages.
    public func discard() {
        for set in staged { set.removeAll() }
        // Without a thread that makes room ahead, receiving makes it as it goes.
        try? reserve.noteUse(pageCount)
        pageCount = 0
    }

    /// There are as many slots as pages, and no page gets two.
    // SAFETY: a slot is below the number of RAM's pages, which is the reserve's size.
    private func place(_ slot: Int) -> UnsafeMutableRawPointer { unsafe reserve.base + slot * targetPageSize }
}
