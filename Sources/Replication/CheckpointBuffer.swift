import GuestMemory
import Glibc
import SystemCalls

/// Where the pages of one checkpoint are copied while the guest stands, so that it can run on while they are sent.
///
/// Made once and used again for every checkpoint: the pause never waits for the kernel to find memory, as long as an
/// epoch's pages fit into what earlier epochs needed (the buffer grows after the pause, not in it).
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
    private var mapping: MemoryMapping
    private var overflow: MemoryMapping?

    /// A buffer for `memory` with room for `initialPages` pages, all of it present from the start.
    public init(memory: GuestMemory, initialPages: Int = 8192) throws(SystemError) {
        blocks = memory.blocks.map { BlockPages(block: $0, pages: [], firstSlot: 0) }
        for index in blocks.indices { blocks[index].pages.reserveCapacity(blocks[index].block.pageCount) }
        mapping = try MemoryMapping(count: initialPages * targetPageSize, prefault: true)
    }

    /// The number of captured pages.
    public var pageCount: Int { blocks.reduce(0) { $0 + $1.pages.count } }

    /// The copy of page `index` (of the list, not the block) of entry `block`.
    public func copy(block: Int, index: Int) -> UnsafeMutableRawPointer {
        let slot = blocks[block].firstSlot + index
        precondition(index >= 0 && index < blocks[block].pages.count)
        return (overflow ?? mapping).base + slot * targetPageSize
    }

    /// Takes the dirty log of every block and copies the pages. The guest must stand.
    public func capture() throws(SystemError) {
        var slot = 0
        for index in blocks.indices {
            blocks[index].pages.removeAll(keepingCapacity: true)
            blocks[index].block.dirtyLog.harvest(into: &blocks[index].pages)
            blocks[index].firstSlot = slot
            slot += blocks[index].pages.count
        }
        let needed = slot * targetPageSize
        if needed > mapping.count { overflow = try MemoryMapping(count: needed) }
        let base = (overflow ?? mapping).base
        for entry in blocks { Self.copyRuns(entry, to: base + entry.firstSlot * targetPageSize) }
    }

    /// Makes room for epochs as large as the last one. To be called after its pages were sent.
    public func settle() throws(SystemError) {
        guard let used = overflow else { return }
        overflow = nil
        mapping = try MemoryMapping(count: used.count + used.count / 2, prefault: true)
    }

    /// Copies pages that follow each other in one piece.
    private static func copyRuns(_ entry: BlockPages, to target: UnsafeMutableRawPointer) {
        entry.pages.withUnsafeBufferPointer { pages in
            var start = 0
            while start < pages.count {
                var end = start + 1
                while end < pages.count, pages[end] == pages[end - 1] + 1 { end += 1 }
                // SAFETY: harvested page numbers lie inside the block, and `target` has a slot for each of them.
                memcpy(
                    target + start * targetPageSize, entry.block.base + Int(pages[start]) * targetPageSize,
                    (end - start) * targetPageSize)
                start = end
            }
        }
    }
}
