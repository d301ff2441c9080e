import Glibc
public import GuestMemory
public import MigrationFormat
public import SystemCalls

/// Where the pages of one checkpoint are copied while the guest stands, so that it can run on while they are sent.
///
/// Made once and used again for every checkpoint, it never takes more than the guest's RAM, and as a rule as much as
/// recent checkpoints needed. The pause does not wait for the kernel to find memory: `prepare` makes room for what is
/// dirty before the pause, `settle` adapts to the last checkpoints after it (see `PageReserve`). What the guest dirties
/// between `prepare` and the pause beyond a quarter more is found room for inside it.
public final class CheckpointBuffer: @unchecked Sendable {
    // SAFETY: one thread at a time captures and sends; the checkpoint protocol allows one checkpoint in flight.
    /// The captured pages: a set for each block, in the order of `GuestMemory.blocks`. The harvest of a checkpoint goes
    /// here.
    public let pages: [PageSet]
    private let memory: GuestMemory
    let reserve: PageReserve

    /// A buffer for `memory` with room for `initialPages` pages present from the start and for ever.
    public init(memory: GuestMemory, initialPages: Int = 8192) throws(SystemError) {
        self.memory = memory
        // Present from the start, so that a harvest waits for no memory.
        pages = try memory.makePageSets(prefault: true)
        reserve = try PageReserve(pageCount: memory.totalSize / targetPageSize, initialPages: initialPages)
    }

    /// The number of captured pages.
    public var pageCount: Int { pages.reduce(0) { $0 + $1.count } }

    /// Forgets the last checkpoint and makes room for `pageCount` pages, the dirty ones of now, and a quarter more. To
    /// be called before the pause, while the guest runs.
    public func prepare(for pageCount: Int) {
        for set in pages { set.removeAll() }
        reserve.prepare(for: pageCount)
    }

    /// Copies `pages`, those that follow each other in one piece. The guest must stand.
    public func capture() {
        var target = unsafe reserve.base
        for (set, block) in zip(pages, memory.blocks) {
            var start = 0
            while let run = set.nextRun(from: start) {
                // SAFETY: the pages of the set lie inside the block, and the reserve has a place for each page of RAM.
                unsafe memcpy(target, block.base + run.lowerBound * targetPageSize, run.count * targetPageSize)
                unsafe target += run.count * targetPageSize
                start = run.upperBound
            }
        }
    }

    /// Calls `body` for each captured page with its copy, block by block in rising order. The copies stay as they are
    /// until the next `capture`.
    public func forEachPage<Failure: Error>(
        _ body: (PageLocation, UnsafeRawPointer) throws(Failure) -> Void
    ) throws(Failure) {
        // SAFETY: `capture` has copied the same pages in the same order.
        var copy = unsafe UnsafeRawPointer(reserve.base)
        for (index, set) in pages.enumerated() {
            var start = 0
            while let run = set.nextRun(from: start) {
                for page in run {
                    try unsafe body(PageLocation(block: index, page: page), copy)
                    unsafe copy += targetPageSize
                }
                start = run.upperBound
            }
        }
    }

    /// Has room made for epochs as large as the recent ones, or gives back what they did not need. To be called after
    /// each checkpoint's pages were sent, while the guest runs.
    public func settle() throws(SystemError) { try reserve.noteUse(pageCount) }
}
