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
    /// A bit for each tracker that records, and `askingBit`.
    private let recording = Atomic<UInt16>(0)
    /// Set while somebody is asked before a page is written.
    private static let askingBit = UInt16(1) << UInt16(trackerLimit)
    private let asked = Mutex<AskedBeforeWrites?>(nil)
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
        let recording = recording.load(ordering: .relaxed)
        if recording & Self.askingBit != 0 { ask(page) }
        insert(page, UInt8(truncatingIfNeeded: recording) & ~vCPUsOnly.load(ordering: .relaxed))
    }

    @inline(__always)
    private func recordByVCPU(_ page: Int) -> Bool {
        let all = recording.load(ordering: .relaxed)
        if all & Self.askingBit != 0 { ask(page) }
        let recording = UInt8(truncatingIfNeeded: all)
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

    // MARK: Asking before a write

    /// Has `asked`, which must not change before `askNobody`, asked of each page that is marked from now on, before it is
    /// written. Called with the guest at rest, and the engine has to forget its write permissions in the same rest.
    func ask(_ asked: AskedBeforeWrites) {
        self.asked.withLock { $0 = asked }
        recording.bitwiseOr(Self.askingBit, ordering: .releasing)
    }

    /// Nobody is asked any more; who is being asked at this moment still is.
    func askNobody() {
        recording.bitwiseAnd(~Self.askingBit, ordering: .releasing)
        asked.withLock { $0 = nil }
    }

    @inline(never)
    private func ask(_ page: Int) {
        guard let asked = asked.withLock({ $0 }) else { return }
        asked.snapshot.willWrite(page, ofBlock: asked.block)
    }

    // MARK: For trackers

    func start(_ slot: Int, vCPUsOnly only: Bool) {
        if only {
            vCPUsOnly.bitwiseOr(1 << UInt8(slot), ordering: .relaxed)
        } else {
            vCPUsOnly.bitwiseAnd(~(1 << UInt8(slot)), ordering: .relaxed)
        }
        sets[slot].removeAll()
        recording.bitwiseOr(1 << UInt16(slot), ordering: .releasing)
    }

    func stop(_ slot: Int) { recording.bitwiseAnd(~(1 << UInt16(slot)), ordering: .releasing) }
}
