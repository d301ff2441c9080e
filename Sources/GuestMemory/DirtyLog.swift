import Synchronization
import SystemCalls

/// Which pages of a RAM block were written: one bit a page, set without a lock.
///
/// Several parties want to know, each since a moment of its own, so each has a set of pages of its own and none
/// disturbs another:
/// - the log itself, which migration and checkpoints harvest, always records;
/// - each `DirtyWatch` records from `startWatching` to `stopWatching`;
/// - the vCPUs' counting (`startCounting`) tells the vCPU that writes a page first that it was the first. Only writes
///   of vCPUs take part.
///
/// While no watch and no counting is on, all of that costs one look at a byte where a page is marked.
///
/// A page that is in a vCPU's cache of write permissions is written without a mark. So whoever begins a new period, by a
/// harvest or by a start, has the engine forget these (`GuestEngine.forgetWritePermissions`) before the guest runs on.
public final class DirtyLog: Sendable {
    private let log: PageBitmap
    private let watches: [PageBitmap]
    private let counted: PageBitmap
    /// A bit for each watch that is on, and `countingBit`.
    private let listeners = Atomic<UInt8>(0)
    private static let countingBit: UInt8 = 1 << 7
    /// The number of pages covered.
    public let pageCount: Int

    init(pageCount: Int) throws(SystemError) {
        self.pageCount = pageCount
        log = try PageBitmap(pageCount: pageCount, prefault: true)
        var watches: [PageBitmap] = []
        for _ in DirtyWatch.allCases { watches.append(try PageBitmap(pageCount: pageCount, prefault: false)) }
        self.watches = watches
        counted = try PageBitmap(pageCount: pageCount, prefault: false)
    }

    // MARK: Marking

    /// Marks a page as written. Call it before the write becomes visible or with the guest paused, never after it.
    @inline(__always)
    public func mark(page: Int) {
        precondition(page >= 0 && page < pageCount)
        log.insert(page)
        let listening = listeners.load(ordering: .relaxed)
        if listening & ~Self.countingBit != 0 { tellWatches(page, listening) }
    }

    /// Marks a page that a vCPU writes. True if counting is on and the page was clean to it: no vCPU had written it
    /// since counting began or `forgetCounted`.
    @inline(__always)
    public func markByVCPU(page: Int) -> Bool {
        mark(page: page)
        guard listeners.load(ordering: .relaxed) & Self.countingBit != 0 else { return false }
        return counted.insert(page)
    }

    /// Marks `count` pages from `page` on.
    public func mark(pages: Range<Int>) { for page in pages { mark(page: page) } }

    /// Marks every page in the log: all are to be sent. As nobody wrote them, no watch hears of it.
    public func markAll() { for page in 0..<pageCount { log.insert(page) } }

    @inline(never)
    private func tellWatches(_ page: Int, _ listening: UInt8) {
        for watch in DirtyWatch.allCases where listening & watch.bit != 0 { watches[watch.rawValue].insert(page) }
    }

    // MARK: The log

    /// Whether a page is marked.
    public func isMarked(page: Int) -> Bool {
        precondition(page >= 0 && page < pageCount)
        return log.contains(page)
    }

    /// How many pages are marked.
    public func markedCount() -> Int { log.count }

    /// Takes all marks away and appends the pages that had one to `pages`, in rising order.
    ///
    /// The engine must forget its cached write permissions too (`GuestEngine.forgetWritePermissions`) before the
    /// guest runs on, or later writes would not be marked.
    public func harvest(into pages: inout [Int32]) { log.take(into: &pages) }

    /// Takes all marks away.
    public func clear() { log.removeAll() }

    // MARK: Watches

    /// Begins to record for `watch`, from an empty set on.
    public func startWatching(_ watch: DirtyWatch) {
        watches[watch.rawValue].removeAll()
        listeners.bitwiseOr(watch.bit, ordering: .releasing)
    }

    /// Ends recording for `watch`; what was recorded stays readable.
    public func stopWatching(_ watch: DirtyWatch) { listeners.bitwiseAnd(~watch.bit, ordering: .releasing) }

    /// How many different pages `watch` has recorded.
    public func watchedCount(_ watch: DirtyWatch) -> Int { watches[watch.rawValue].count }

    // MARK: Counting

    /// Begins to tell vCPUs which of their writes are the first to a page; all pages are clean.
    public func startCounting() {
        counted.removeAll()
        listeners.bitwiseOr(Self.countingBit, ordering: .releasing)
    }

    /// Ends it.
    public func stopCounting() { listeners.bitwiseAnd(~Self.countingBit, ordering: .releasing) }

    /// Makes all pages clean again, so that the next write to each is a first one.
    public func forgetCounted() { counted.removeAll() }
}

/// A party that wants to know which pages were written since a moment of its choice.
public enum DirtyWatch: Int, CaseIterable, Sendable {
    /// A measurement of the dirty rate.
    case rate
    /// The log that management switches on for the whole guest.
    case global

    fileprivate var bit: UInt8 { 1 << UInt8(rawValue) }
}
