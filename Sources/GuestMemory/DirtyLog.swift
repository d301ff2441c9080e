import Synchronization
import SystemCalls

/// Where writes to a RAM block are noted, for each `DirtyTracker` that records.
///
/// There is a set of pages for each tracker that can be, and one byte that says which of them record: while none does,
/// a mark costs a look at that byte.
///
/// A page that is in a vCPU's cache of write permissions is written without a mark. So a client that begins a new period has
/// the engine forget these before the guest runs on; `VirtualMachine.harvest` does both.
@safe public final class DirtyLog: @unchecked Sendable {
    // SAFETY: `words` never changes after init and points into `sets`, which live as long; all access is atomic.
    /// How many trackers there can be at a time.
    public static let trackerLimit = 8
    /// The number of pages covered.
    public let pageCount: Int
    /// For each tracker what it has recorded. They stay for as long as the block: a vCPU that marks a page may have
    /// looked at `recording` before its tracker went away.
    let sets: [PageSet]
    /// The words of each of `sets`, where marking finds them without a reference to count.
    private let words: UnsafeMutablePointer<UnsafeMutablePointer<Atomic<UInt64>>>
    /// A bit for each tracker that records.
    private let recording = Atomic<UInt8>(0)
    /// A bit for each tracker that only wants to know of vCPUs' writes.
    private let vCPUsOnly = Atomic<UInt8>(0)

    init(pageCount: Int) throws(SystemError) {
        self.pageCount = pageCount
        var sets: [PageSet] = []
        for _ in 0..<Self.trackerLimit { sets.append(try PageSet(pageCount: pageCount)) }
        self.sets = sets
        unsafe words = .allocate(capacity: sets.count)
        for (slot, set) in sets.enumerated() { unsafe (words + slot).initialize(to: set.words) }
    }

    deinit { unsafe words.deallocate() }

    // MARK: Marking

    /// Marks a page as written. Call it before the write becomes visible or with the guest paused, never after it.
    @inline(__always)
    public func mark(page: Int) {
        precondition(page >= 0 && page < pageCount)
        if recording.load(ordering: .relaxed) != 0 { record(page) }
    }

    /// Marks a page that a vCPU writes. True if a tracker of vCPUs' writes records and the page was clean to it.
    @inline(__always)
    public func markByVCPU(page: Int) -> Bool {
        precondition(page >= 0 && page < pageCount)
        return recording.load(ordering: .relaxed) != 0 && recordByVCPU(page)
    }

    /// Marks `pages`.
    public func mark(pages: Range<Int>) {
        precondition(pages.lowerBound >= 0 && pages.upperBound <= pageCount)
        guard recording.load(ordering: .relaxed) != 0 else { return }
        for page in pages { record(page) }
    }

    @inline(__always)
    private func record(_ page: Int) {
        insert(page, recording.load(ordering: .relaxed) & ~vCPUsOnly.load(ordering: .relaxed))
    }

    @inline(__always)
    private func recordByVCPU(_ page: Int) -> Bool {
        let recording = recording.load(ordering: .relaxed)
        let counting = vCPUsOnly.load(ordering: .relaxed) & recording
        insert(page, recording & ~counting)
        return insert(page, counting)
    }

    /// Adds a page to the sets of `slots`; true if it was missing in one. Devices mark a page again and again, for each
    /// few bytes that they write, so this is `PageSet.insert` without the steps that are done already.
    @inline(__always)
    @discardableResult
    private func insert(_ page: Int, _ slots: UInt8) -> Bool {
        let bit = UInt64(1) << UInt64(page & 63)
        var isNew = false
        var slots = slots
        while slots != 0 {
            // SAFETY: there is a set for each bit of `slots`, and the caller has checked the page.
            let word = unsafe words[slots.trailingZeroBitCount] + (page >> 6)
            if unsafe word.pointee.load(ordering: .relaxed) & bit == 0,
                unsafe word.pointee.bitwiseOr(bit, ordering: .relaxed).oldValue & bit == 0
            {
                isNew = true
            }
            slots &= slots &- 1
        }
        return isNew
    }

    // MARK: For trackers

    func start(_ slot: Int, vCPUsOnly only: Bool) {
        if only {
            vCPUsOnly.bitwiseOr(1 << UInt8(slot), ordering: .relaxed)
        } else {
            vCPUsOnly.bitwiseAnd(~(1 << UInt8(slot)), ordering: .relaxed)
        }
        sets[slot].removeAll()
        recording.bitwiseOr(1 << UInt8(slot), ordering: .releasing)
    }

    func stop(_ slot: Int) { recording.bitwiseAnd(~(1 << UInt8(slot)), ordering: .releasing) }
}
