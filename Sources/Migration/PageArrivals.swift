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
    /// The same objects by block, found without a reference to count: that takes an atomic exchange, which waits until a
    /// page that was just copied is in the cache.
    private let marks: [BlockMarks]

    @safe private struct BlockMarks {
        // SAFETY: the arrays above keep the objects as long as this one is there.
        let arrived: Unmanaged<PageSet>
        let untouched: Unmanaged<PageSet>
        let log: Unmanaged<DirtyLog>

        init(_ arrived: PageSet, _ untouched: PageSet, _ log: DirtyLog) {
            unsafe self.arrived = unsafe .passUnretained(arrived)
            unsafe self.untouched = unsafe .passUnretained(untouched)
            unsafe self.log = unsafe .passUnretained(log)
        }

        func noteArrived(_ pages: Range<Int>) {
            unsafe arrived._withUnsafeGuaranteedRef { $0.insertAlone(contentsOf: pages) }
        }

        func noteWritten(_ pages: Range<Int>) {
            unsafe untouched._withUnsafeGuaranteedRef { $0.remove(contentsOf: pages) }
            unsafe log._withUnsafeGuaranteedRef { $0.mark(pages: pages) }
        }

        func isUntouched(_ page: Int) -> Bool { unsafe untouched._withUnsafeGuaranteedRef { $0.contains(page) } }
    }
    /// What came beside the stream, by block.
    private let elsewhere: [PageSet]
    private let populator: RAMPopulator

    /// For a migration that begins now. What the pages hold counts for nothing: all of them will come.
    init(memory: GuestMemory, populator: RAMPopulator? = nil) throws(SystemError) {
        // SAFETY: the memory belongs to the machine, which lives as long as its migration.
        unsafe bases = unsafe memory.blocks.map(unsafe \.base)
        logs = memory.blocks.map(\.dirtyLog)
        arrived = try memory.makePageSets()
        untouched = try memory.makePageSets()
        elsewhere = try memory.makePageSets()
        marks = memory.blocks.indices.map { [arrived, untouched, logs] in
            BlockMarks(arrived[$0], untouched[$0], logs[$0])
        }
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
        marks[block].noteArrived(pages)
        marks[block].noteWritten(pages)
        populator.noteWritten(pages, ofBlock: block)
    }

    /// The same of a thread beside the one that reads the stream. They must not be pages that may lie ahead of the stream.
    func noteWrittenElsewhere(_ pages: Range<Int>, ofBlock block: Int) {
        elsewhere[block].insert(contentsOf: pages)
        marks[block].noteWritten(pages)
    }

    /// The page is to be zero. Returns whether it is.
    func noteZero(_ location: PageLocation) -> Bool {
        noteZero(location.page..<location.page + 1, ofBlock: location.block) == nil
    }

    /// These pages are to be zero. Returns the first one that is not; those behind it are not noted yet.
    func noteZero(_ pages: Range<Int>, ofBlock block: Int) -> Int? {
        // SAFETY: the caller's pages lie in their block; reads whole pages of it.
        let (base, marks) = unsafe (bases[block], marks[block])
        var page = pages.lowerBound
        while page < pages.upperBound,
            unsafe marks.isUntouched(page) || PageContent.isZero(base + page * targetPageSize)
        {
            page += 1
        }
        let noted = pages.lowerBound..<min(page + 1, pages.upperBound)
        marks.noteArrived(noted)
        populator.noteZero(noted, ofBlock: block)
        return page < pages.upperBound ? page : nil
    }

    /// Nothing comes any more. Waits until the thread that makes room has ended.
    func end() { populator.end() }

    // MARK: Postcopy

    /// These pages will come again: what came of them counts for nothing.
    func discard(_ pages: Range<Int>, ofBlock block: Int) {
        arrived[block].remove(contentsOf: pages)
        elsewhere[block].remove(contentsOf: pages)
    }

    /// What has not come.
    func missingPages(of memory: GuestMemory) throws(SystemError) -> [PageSet] {
        let missing = try memory.makePageSets()
        for (block, set) in missing.enumerated() {
            set.insertAll()
            set.subtract(arrived[block])
            set.subtract(elsewhere[block])
        }
        return missing
    }

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
