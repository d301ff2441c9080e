import GuestMemory
import Glibc
import SystemCalls

/// Where the pages of one checkpoint are copied while the guest stands, so that it can run on while they are sent.
///
/// Made once and used again for every checkpoint, it never takes more than the guest's RAM, and as a rule as much as
/// recent checkpoints needed. The pause does not wait for the kernel to find memory: `prepare` makes room for what is
/// dirty before the pause, `settle` adapts to the last checkpoints after it (see `PageReserve`). What the guest dirties
/// between `prepare` and the pause beyond a quarter more is found room for inside it.
public final class CheckpointBuffer: @unchecked Sendable {
    // SAFETY: one thread at a time captures and sends; the checkpoint protocol allows one checkpoint in flight.
    /// The captured pages of one RAM block.
    public struct BlockPages {
        /// The block.
        public let block: RAMBlock
        /// Page indices in rising order.
        public var pages: [Int32]
        /// Where in the buffer the copy of `pages[0]` lies; the others follow it.
        var firstSlot: Int
    }

    /// What was captured, block by block.
    public private(set) var blocks: [BlockPages]
    let reserve: PageReserve

    /// A buffer for `memory` with room for `initialPages` pages present from the start and for ever.
    public init(memory: GuestMemory, initialPages: Int = 8192) throws(SystemError) {
        blocks = memory.blocks.map { block in
            // Written once, so that the list itself takes no memory inside a pause.
            var pages = [Int32](repeating: 0, count: block.pageCount)
            pages.removeAll(keepingCapacity: true)
            return BlockPages(block: block, pages: pages, firstSlot: 0)
        }
        reserve = try PageReserve(pageCount: memory.totalSize / targetPageSize, initialPages: initialPages)
    }

    /// The number of captured pages.
    public var pageCount: Int { blocks.reduce(0) { $0 + $1.pages.count } }

    /// The copy of page `index` (of the list, not the block) of entry `block`.
    public func copy(block: Int, index: Int) -> UnsafeMutableRawPointer {
        let slot = blocks[block].firstSlot + index
        precondition(index >= 0 && index < blocks[block].pages.count)
        return reserve.base + slot * targetPageSize
    }

    /// Makes room for what is dirty now, and a quarter more. To be called before the pause, while the guest runs.
    public func prepare() { reserve.prepare(for: blocks.reduce(0) { $0 + $1.block.dirtyLog.markedCount() }) }

    /// Takes the dirty log of every block and copies the pages. The guest must stand.
    public func capture() throws(SystemError) {
        var slot = 0
        for index in blocks.indices {
            blocks[index].pages.removeAll(keepingCapacity: true)
            blocks[index].block.dirtyLog.harvest(into: &blocks[index].pages)
            blocks[index].firstSlot = slot
            slot += blocks[index].pages.count
        }
        for entry in blocks { Self.copyRuns(entry, to: reserve.base + entry.firstSlot * targetPageSize) }
    }

    /// Has room made for epochs as large as the recent ones, or gives back what they did not need. To be called after
    /// each checkpoint's pages were sent, while the guest runs.
    public func settle() throws(SystemError) { try reserve.noteUse(pageCount) }

    /// Copies pages that follow each other in one piece.
    private static func copyRuns(_ entry: BlockPages, to target: UnsafeMutableRawPointer) {
        entry.pages.withUnsafeBufferPointer { pages in
            var start = 0
            while start < pages.count {
                var end = start + 1
                while end < pages.count, pages[end] == pages[end - 1] + 1 { end += 1 }
                // SAFETY: harvested page numbers lie inside the block, and `target` has a slot for each page of RAM.
                memcpy(
                    target + start * targetPageSize, entry.block.base + Int(pages[start]) * targetPageSize,
                    (end - start) * targetPageSize)
                start = end
            }
        }
    }
}
