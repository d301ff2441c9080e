import GuestMemory
import MigrationFormat
import Synchronization
import SystemCalls
import Transport
import VirtualMachine

/// Sends what the destination lacks while its guest runs already: what it asks for at once, by the thread that reads the
/// requests, and the rest in the background, by the migration's thread.
///
/// A page is sent once: whoever takes it from the set of unsent pages sends it, so the guest's newer writes at the
/// destination are never overwritten. All target pages of a host page leave together, in their order, on one channel.
///
/// With a channel for them, requested pages have no other page before them. Without, they overtake the background where that
/// lets go of the channel, every few pages.
final class PostcopySender: Sendable {
    /// The channels of a postcopy; a recovery has new ones.
    struct Channels: Sendable {
        var main: Channel
        /// With postcopy-preempt.
        var urgent: Channel?
    }

    private struct Cursor {
        var block = 0
        var page = 0
    }

    let unsent: [PageSet]
    private let machine: VirtualMachine
    private let pagesPerHostPage: [Int]
    private let releasesRAM: Bool
    private let channels: Channels
    /// Where the background is. Whoever takes pages holds the lock, so that host pages stay whole.
    private let cursor = Mutex(Cursor())
    private let main: TicketLock<PostcopyLane>
    private let urgent: TicketLock<PostcopyLane>?
    private struct Counting {
        let note: @Sendable (PostcopySender) -> Void
    }
    /// Whoever has sent something has it counted, for queries; one after the other, so that no count falls.
    private let counting: Mutex<Counting>
    private let remaining: Atomic<Int>
    private let requests = Atomic<UInt64>(0)
    private let inBackground = Atomic<UInt64>(0)
    private let normal = Atomic<UInt64>(0)
    private let zero = Atomic<UInt64>(0)
    /// Pages that the background takes, and hands to the kernel, at a time. One of them that is asked for meanwhile waits for all
    /// of them; so does every other one if both share a channel; and where the kernel preempts no system call, so does
    /// whoever is woken to send or take a page.
    private static let pagesAtOnce = 16

    /// For the pages of `unsent`, which has whole host pages and a set for each block. `releasesRAM`: what was sent is given
    /// back to the host. `noteCounts` reads what was sent whenever that has changed.
    init(
        of machine: VirtualMachine, unsent: [PageSet], on channels: Channels, releasesRAM: Bool,
        noteCounts: @escaping @Sendable (PostcopySender) -> Void = { _ in }
    ) {
        counting = Mutex(Counting(note: noteCounts))
        self.machine = machine
        self.unsent = unsent
        self.channels = channels
        self.releasesRAM = releasesRAM
        remaining = Atomic(unsent.reduce(0) { $0 + $1.count })
        pagesPerHostPage = machine.memory.pagesPerHostPage
        let layout = machine.layout
        main = TicketLock(PostcopyLane(on: channels.main, layout: layout, sectionID: machine.ramSectionID))
        urgent = channels.urgent.map { TicketLock(PostcopyLane(on: $0, layout: layout, sectionID: nil)) }
    }

    /// How many pages are still to be sent.
    var left: Int { remaining.load(ordering: .relaxed) }
    /// Bytes that the kernel took, on all channels.
    var bytesSent: UInt64 { channels.main.bytesSent + (channels.urgent?.bytesSent ?? 0) }
    /// Bytes of the background, which the bandwidth limit holds for.
    var backgroundBytes: UInt64 { inBackground.load(ordering: .relaxed) }
    /// How often the destination asked for pages.
    var requestCount: UInt64 { requests.load(ordering: .relaxed) }
    /// Pages sent whole.
    var normalPages: UInt64 { normal.load(ordering: .relaxed) }
    /// Pages sent as "all zero".
    var zeroPages: UInt64 { zero.load(ordering: .relaxed) }

    /// Tells queries what was sent.
    func count() { counting.withLock { $0.note(self) } }

    // MARK: Sending

    /// Sends the next pages of the background, about `limit`.
    func sendBackground(_ limit: Int) throws(TransportError) {
        var room = limit
        while room > 0 {
            // Taken by whoever has the channel: once it is known that none is left, all have left before the end.
            let count = try main.withLock { (lane) throws(TransportError) -> Int in
                guard let (block, pages) = takeNext(min(room, Self.pagesAtOnce)) else { return 0 }
                inBackground.add(try send(pages, ofBlock: block, on: &lane), ordering: .relaxed)
                return pages.count
            }
            if count == 0 { return }
            self.count()
            room -= count
        }
    }

    /// Sends a command that is answered, between two parts of the section; `settle`: see `PostcopyLane.endSections`.
    func ping(_ value: UInt32, _ settle: () throws(TransportError) -> Void) throws(TransportError) {
        try main.withLock { (lane) throws(TransportError) in try lane.ping(value, settle) }
    }

    /// Sends those of `pages`, which were asked for, that were not sent yet.
    func sendRequested(_ pages: Range<Int>, ofBlock block: Int) throws(TransportError) {
        requests.add(1, ordering: .relaxed)
        defer { count() }
        let unit = pagesPerHostPage[block]
        let end = min(unsent[block].pageCount, (pages.upperBound + unit - 1) / unit * unit)
        var page = pages.lowerBound / unit * unit
        // One at a time, so that a large request holds nobody up.
        while page < end {
            // What was sent already is waited for by nobody.
            if unsent[block].contains(page) {
                try (urgent ?? main).withLock { (lane) throws(TransportError) in
                    guard let run = take(page..<page + unit, ofBlock: block) else { return }
                    _ = try send(run, ofBlock: block, on: &lane)
                }
            }
            page += unit
        }
    }

    /// All was sent: ends the section, the sections, and what was asked for. `settle`: see `PostcopyLane.endSections`.
    func end(_ settle: () throws(TransportError) -> Void) throws(TransportError) {
        try main.withLock { (lane) throws(TransportError) in try lane.endSections(settle) }
        try urgent?.withLock { (lane) throws(TransportError) in try lane.endRecords() }
    }

    /// Returns how many bytes that took.
    private func send(
        _ pages: Range<Int>, ofBlock index: Int, on lane: inout PostcopyLane
    ) throws(TransportError) -> UInt64 {
        let block = machine.memory.blocks[index]
        // SAFETY: the pages of a set lie in their block, which the machine keeps; the guest stands.
        let first = unsafe UnsafeRawPointer(block.base + pages.lowerBound * targetPageSize)
        let before = (lane.normalPages, lane.zeroPages, lane.bytesSent)
        try unsafe lane.send(pages, ofBlock: index, at: first)
        normal.add(lane.normalPages - before.0, ordering: .relaxed)
        zero.add(lane.zeroPages - before.1, ordering: .relaxed)
        if releasesRAM { machine.memory.giveBack(pages, ofBlock: index) }
        return lane.bytesSent - before.2
    }

    // MARK: Taking pages

    /// The next pages of the background that follow each other: at most `limit`, but a whole host page.
    private func takeNext(_ limit: Int) -> (block: Int, pages: Range<Int>)? {
        cursor.withLock { cursor in
            // From where it is to the end, and once more from the beginning: a request may have moved it on.
            for _ in 0...unsent.count {
                let unit = pagesPerHostPage[cursor.block]
                if let run = unsent[cursor.block].takeRun(from: cursor.page, limit: max(unit, limit / unit * unit)) {
                    cursor.page = run.upperBound
                    remaining.subtract(run.count, ordering: .relaxed)
                    return (cursor.block, run)
                }
                cursor = Cursor(block: (cursor.block + 1) % unsent.count)
            }
            return nil
        }
    }

    /// The host page `pages`, unless it was sent. The background goes on behind it: what is needed next lies there, most
    /// likely.
    private func take(_ pages: Range<Int>, ofBlock block: Int) -> Range<Int>? {
        cursor.withLock { cursor in
            guard unsent[block].contains(pages.lowerBound) else { return nil }
            unsent[block].remove(contentsOf: pages)
            remaining.subtract(pages.count, ordering: .relaxed)
            cursor = Cursor(block: block, page: pages.upperBound)
            return pages
        }
    }
}

extension GuestMemory {
    /// How many target pages a page of the host has, by block.
    var pagesPerHostPage: [Int] { blocks.map { max(1, $0.hostPageSize / targetPageSize) } }

    /// Makes each set, one for each block, one of whole host pages.
    func completeHostPages(_ sets: [PageSet]) {
        for (set, unit) in zip(sets, pagesPerHostPage) { set.completeHostPages(of: unit) }
    }
}

extension PageSet {
    /// Adds what is missing of host pages, of `unit` target pages each, that are there in part.
    func completeHostPages(of unit: Int) {
        guard unit > 1 else { return }
        var next = next(from: 0)
        while let page = next {
            let first = page / unit * unit
            let end = Swift.min(first + unit, pageCount)
            insert(contentsOf: first..<end)
            next = self.next(from: end)
        }
    }
}
