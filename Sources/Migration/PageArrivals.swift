import Environment
import GuestMemory
import MigrationFormat
import SystemCalls

/// The RAM of a destination while it is filled: which pages have come, which have never been anything but zero, and the
/// thread that makes room ahead. Belongs to the thread that receives.
@safe final class PageArrivals: PageSink {
    private let bases: [UnsafeMutableRawPointer]
    private let arrived: [PageSet]
    /// Pages that are zero because nobody has written them; looking at one would map it.
    private let untouched: [PageSet]
    private let logs: [DirtyLog]
    private let populator: RAMPopulator

    /// For a migration that begins now. What the pages hold counts for nothing: all of them will come.
    init(memory: GuestMemory, populator: RAMPopulator? = nil) throws(SystemError) {
        // SAFETY: the memory belongs to the machine, which lives as long as its migration.
        unsafe bases = unsafe memory.blocks.map(unsafe \.base)
        logs = memory.blocks.map(\.dirtyLog)
        arrived = try memory.makePageSets()
        untouched = try memory.makePageSets()
        for (block, set) in zip(memory.blocks, untouched) {
            for part in unsafe AddressSpace.untouchedParts(of: block.base, count: block.size) {
                set.insert(contentsOf: part.lowerBound / targetPageSize..<part.upperBound / targetPageSize)
            }
        }
        self.populator = populator ?? RAMPopulator(memory: memory)
    }

    /// The place of a page that the decoder has checked.
    func place(of location: PageLocation) -> UnsafeMutableRawPointer {
        // SAFETY: the decoder checked that the page lies in its block.
        unsafe bases[location.block] + location.page * targetPageSize
    }

    func pagePointer(_ location: PageLocation) throws(MigrationFailure) -> UnsafeMutableRawPointer {
        // SAFETY: as `place`.
        unsafe place(of: location)
    }

    func currentPagePointer(_ location: PageLocation) throws(MigrationFailure) -> UnsafeMutableRawPointer {
        // SAFETY: as `place`.
        unsafe place(of: location)
    }

    /// The whole page was written.
    func noteWritten(_ location: PageLocation) {
        noteWritten(location.page..<location.page + 1, ofBlock: location.block)
    }

    /// All of these pages, at least one, were written.
    func noteWritten(_ pages: Range<Int>, ofBlock block: Int) {
        arrived[block].insert(contentsOf: pages)
        noteWrittenElsewhere(pages, ofBlock: block)
        populator.noteWritten(pages, ofBlock: block)
    }

    /// The same of a thread beside the one that reads the stream. They must not be pages that may lie ahead of the stream.
    func noteWrittenElsewhere(_ pages: Range<Int>, ofBlock block: Int) {
        untouched[block].remove(contentsOf: pages)
        logs[block].mark(pages: pages)
    }

    /// The page is to be zero. Returns whether it is.
    func noteZero(_ location: PageLocation) -> Bool {
        noteZero(location.page..<location.page + 1, ofBlock: location.block) == nil
    }

    /// These pages are to be zero. Returns the first one that is not; those behind it are not noted yet.
    func noteZero(_ pages: Range<Int>, ofBlock block: Int) -> Int? {
        // SAFETY: the caller's pages lie in their block; reads whole pages of it.
        let (base, untouched) = unsafe (bases[block], untouched[block])
        var page = pages.lowerBound
        while page < pages.upperBound,
            unsafe untouched.contains(page) || PageContent.isZero(base + page * targetPageSize)
        {
            page += 1
        }
        let noted = pages.lowerBound..<min(page + 1, pages.upperBound)
        arrived[block].insert(contentsOf: noted)
        populator.noteZero(noted, ofBlock: block)
        return page < pages.upperBound ? page : nil
    }

    /// Nothing comes any more. Waits until the thread that makes room has ended.
    func end() { populator.end() }

    // MARK: Pages that have not been announced

    /// The place of a page that has not come yet, whose content therefore counts for nothing. Nil if there is no such
    /// page.
    func vacantPlace(of location: PageLocation) -> UnsafeMutableRawPointer? {
        // SAFETY: the page is compared with the count of the block's pages.
        let marks = arrived[location.block]
        return unsafe location.page < marks.pageCount && !marks.contains(location.page) ? place(of: location) : nil
    }

    /// The same for as many pages as follow each other, at most `limit`.
    func vacantPlaces(from location: PageLocation, limit: Int) -> (place: UnsafeMutableRawPointer, count: Int)? {
        // SAFETY: the page is compared with the count of the block's pages.
        let marks = arrived[location.block]
        let end = min(marks.pageCount, location.page + limit)
        var page = location.page
        while page < end, !marks.contains(page) { page += 1 }
        return unsafe page > location.page ? (place(of: location), page - location.page) : nil
    }

    /// The first `count` bytes of a vacant place hold what belongs elsewhere: they become zero.
    func clear(_ location: PageLocation, count: Int) {
        // SAFETY: a place inside a block, as `vacantPlace` has checked; nobody else uses it before it has come.
        unsafe place(of: location).initializeMemory(as: UInt8.self, repeating: 0, count: min(count, targetPageSize))
    }
}
