import Environment
import GuestMemory
import MigrationFormat
import SystemCalls

/// The RAM of a destination while it is filled: which pages have come, which have never been anything but zero, and the
/// thread that makes room ahead. Belongs to the thread that receives.
@safe final class PageArrivals {
    private let bases: [UnsafeMutableRawPointer]
    private let arrived: [PageMarks]
    /// Pages that are zero because nobody has written them; looking at one would map it.
    private let untouched: [PageMarks]
    private let populator: RAMPopulator

    /// For a migration that begins now. What the pages hold counts for nothing: all of them will come.
    init(memory: GuestMemory, populator: RAMPopulator? = nil) {
        // SAFETY: the memory belongs to the machine, which lives as long as its migration.
        unsafe bases = unsafe memory.blocks.map(unsafe \.base)
        arrived = memory.blocks.map { PageMarks(count: $0.pageCount) }
        untouched = memory.blocks.map { block in
            let marks = PageMarks(count: block.pageCount)
            for part in unsafe AddressSpace.untouchedParts(of: block.base, count: block.size) {
                for page in part.lowerBound / targetPageSize..<part.upperBound / targetPageSize { marks.insert(page) }
            }
            return marks
        }
        self.populator = populator ?? RAMPopulator(memory: memory)
    }

    /// The place of a page that the decoder has checked.
    func place(of location: PageLocation) -> UnsafeMutableRawPointer {
        // SAFETY: the decoder checked that the page lies in its block.
        unsafe bases[location.block] + location.page * targetPageSize
    }

    /// The whole page was written.
    func noteWritten(_ location: PageLocation) {
        noteWritten(location.page..<location.page + 1, ofBlock: location.block)
    }

    /// All of these pages, at least one, were written.
    func noteWritten(_ pages: Range<Int>, ofBlock block: Int) {
        arrived[block].insert(pages)
        untouched[block].remove(pages)
        populator.noteWritten(pages, ofBlock: block)
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
        arrived[block].insert(noted)
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
        return unsafe location.page < marks.count && !marks.contains(location.page) ? place(of: location) : nil
    }

    /// The same for as many pages as follow each other, at most `limit`.
    func vacantPlaces(from location: PageLocation, limit: Int) -> (place: UnsafeMutableRawPointer, count: Int)? {
        // SAFETY: the page is compared with the count of the block's pages.
        let marks = arrived[location.block]
        let end = min(marks.count, location.page + limit)
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

/// A bit for each page of a block, for one thread.
///
/// Beside `PageSet` because each received page sets a bit in one of these and clears one in another. Here these are a
/// plain store each; in a `PageSet` each is an atomic exchange, which nobody needs where only the receiving thread looks.
@safe final class PageMarks {
    // SAFETY: allocated and freed here; every page number is below `count`, which is checked.
    private let words: UnsafeMutablePointer<UInt64>
    let count: Int

    init(count: Int) {
        self.count = count
        unsafe words = .allocate(capacity: (count + 63) / 64)
        unsafe words.initialize(repeating: 0, count: (count + 63) / 64)
    }

    deinit { unsafe words.deallocate() }

    @inline(__always)
    func insert(_ page: Int) {
        precondition(page >= 0 && page < count)
        unsafe words[page >> 6] |= 1 << UInt64(page & 63)
    }

    func insert(_ pages: Range<Int>) {
        for (word, mask) in Parts(pages, below: count) { unsafe words[word] |= mask }
    }

    func remove(_ pages: Range<Int>) {
        for (word, mask) in Parts(pages, below: count) { unsafe words[word] &= ~mask }
    }

    /// The words that stand for a range of pages, each with the bits that do.
    private struct Parts: Sequence, IteratorProtocol {
        var page: Int
        let end: Int

        init(_ pages: Range<Int>, below count: Int) {
            precondition(pages.lowerBound >= 0 && pages.upperBound <= count)
            (page, end) = (pages.lowerBound, pages.upperBound)
        }

        mutating func next() -> (word: Int, mask: UInt64)? {
            guard page < end else { return nil }
            let (word, first) = (page >> 6, page & 63)
            let length = Swift.min(64 - first, end - page)
            page += length
            return (word, (UInt64.max >> UInt64(64 - length)) << UInt64(first))
        }
    }

    @inline(__always)
    func contains(_ page: Int) -> Bool {
        precondition(page >= 0 && page < count)
        return unsafe words[page >> 6] >> UInt64(page & 63) & 1 == 1
    }
}
