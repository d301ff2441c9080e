import GuestMemory
import MachineModel
import MigrationFormat
import SystemCalls
import VirtualMachine

/// Where the pages of a postcopy go while the guest runs, from one channel or two.
///
/// - The engine asks whether a page is here: its bytes go to their place, where nobody looks before they count.
/// - Somebody may touch any page (machine `none`): the host has the gap watched, and a whole host page is put into it at once
///   (`MissingPages`), from a buffer.
///
/// A page that came already is the guest's, which may have written it: whatever comes for it is read and dropped.
final class PostcopyPlacement: Sendable {
    let residency: PageResidency
    private let missing: [PageSet]
    /// Host pages, by their first target page, that a channel brings or has brought.
    private let claimed: [PageSet]
    private let blocks: [RAMBlock]
    private let watched: MissingPages?
    private let pagesPerHostPage: [Int]

    /// The largest host page, in bytes.
    let largestHostPage: Int

    /// For the pages that `arrivals` lacks; `ask` is called for each host page that is needed.
    init(
        of machine: VirtualMachine, into arrivals: PageArrivals, ask: @escaping @Sendable (PageResidency.Place) -> Void
    ) throws(SystemError) {
        let memory = machine.memory
        blocks = memory.blocks
        missing = try arrivals.missingPages(of: memory)
        // A source that sent a part of a host page sends all of it again, or the page never comes.
        memory.completeHostPages(missing)
        claimed = try memory.makePageSets()
        pagesPerHostPage = memory.pagesPerHostPage
        largestHostPage = (pagesPerHostPage.max() ?? 1) * targetPageSize
        residency = try PageResidency(of: memory, missing: missing, ask: ask)
        if machine.parts.engine.asksForPages {
            watched = nil
            try machine.beginResidency(residency)
        } else {
            let watched = try MissingPages(memory)
            try watched.begin(residency, missing: missing)
            self.watched = watched
        }
    }

    /// Whether bytes go straight to their place.
    var isDirect: Bool { watched == nil }

    /// All pages have come, or nobody will touch those that have not.
    func end(of machine: VirtualMachine) {
        watched?.end()
        if isDirect { machine.endResidency() }
    }

    /// Which of the pages of a block have arrived, of whole host pages.
    func bitmap(ofBlock block: Int) -> ReceivedBitmap {
        let missing = missing[block]
        return ReceivedBitmap(pages: missing.pageCount) { !missing.contains($0) }
    }

    /// A channel was lost in the middle of pages: they come again.
    func forgetUnfinished() {
        for (block, set) in claimed.enumerated() {
            for first in set where missing[block].contains(first) { set.remove(first) }
        }
    }

    // MARK: Pages

    /// Whether the channel that brings the first page of a host page is to place it: nobody else does, and it is missing.
    func claim(_ location: PageLocation) -> Bool {
        missing[location.block].contains(location.page) && claimed[location.block].insert(location.page)
    }

    /// The first target page of the host page of `location`.
    func firstPage(of location: PageLocation) -> PageLocation {
        let unit = pagesPerHostPage[location.block]
        return PageLocation(block: location.block, page: location.page / unit * unit)
    }

    /// How many target pages the host page has that begins at `location`.
    func hostPage(at location: PageLocation) -> Range<Int> {
        let end = min(location.page + pagesPerHostPage[location.block], missing[location.block].pageCount)
        return location.page..<end
    }

    /// The place of a page; only if it is direct.
    func place(of location: PageLocation) -> UnsafeMutableRawPointer {
        // SAFETY: the decoder checked that the page lies in its block, which the machine keeps.
        unsafe blocks[location.block].base + location.page * targetPageSize
    }

    /// Whether the page is zero already; only if it is direct.
    func isZero(_ location: PageLocation) -> Bool {
        // SAFETY: as `place`; a whole page.
        unsafe PageContent.isZero(place(of: location))
    }

    /// The host page `pages` is whole: in its place, if it is direct, else at `bytes`, or zero if there are none.
    func finish(
        _ pages: Range<Int>, ofBlock block: Int, bytes: UnsafeRawPointer?
    ) throws(SystemError) {
        guard let watched else {
            return residency.notePlaced(pages, ofBlock: block)
        }
        // SAFETY: the caller has a whole host page at `bytes`.
        if let bytes = unsafe bytes {
            try unsafe watched.place(bytes, pages, ofBlock: block)
        } else {
            try watched.placeZero(pages, ofBlock: block)
        }
    }
}
