import Synchronization
import SystemCalls

/// Which pages of a RAM block were written since the last harvest: one bit a page, set without a lock.
public final class DirtyLog: @unchecked Sendable {
    // SAFETY: `words` points into `mapping`, which lives as long as the log; all access is atomic.
    private let mapping: MemoryMapping
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let wordCount: Int
    /// The number of pages covered.
    public let pageCount: Int

    init(pageCount: Int) throws(SystemError) {
        self.pageCount = pageCount
        wordCount = (pageCount + 63) / 64
        mapping = try MemoryMapping(count: wordCount * 8, prefault: true)
        words = mapping.base.bindMemory(to: Atomic<UInt64>.self, capacity: wordCount)
    }

    /// Marks a page as written. Call it before the write becomes visible or with the guest paused, never after it.
    @inline(__always)
    public func mark(page: Int) {
        precondition(page >= 0 && page < pageCount)
        let bit = UInt64(1) << UInt64(page & 63)
        if words[page >> 6].load(ordering: .relaxed) & bit == 0 {
            words[page >> 6].bitwiseOr(bit, ordering: .relaxed)
        }
    }

    /// Marks `count` pages from `page` on.
    public func mark(pages: Range<Int>) { for page in pages { mark(page: page) } }

    /// Marks every page.
    public func markAll() { mark(pages: 0..<pageCount) }

    /// Whether a page is marked.
    public func isMarked(page: Int) -> Bool {
        precondition(page >= 0 && page < pageCount)
        return words[page >> 6].load(ordering: .relaxed) >> UInt64(page & 63) & 1 == 1
    }

    /// How many pages are marked.
    public func markedCount() -> Int {
        var count = 0
        for word in 0..<wordCount { count += words[word].load(ordering: .relaxed).nonzeroBitCount }
        return count
    }

    /// Takes all marks away and appends the pages that had one to `pages`, in rising order.
    ///
    /// The engine must forget its cached write permissions too (`GuestEngine.forgetWritePermissions`) before the
    /// guest runs on, or later writes would not be marked.
    public func harvest(into pages: inout [Int32]) {
        for word in 0..<wordCount {
            if words[word].load(ordering: .relaxed) == 0 { continue }
            var bits = words[word].exchange(0, ordering: .acquiringAndReleasing)
            while bits != 0 {
                pages.append(Int32(truncatingIfNeeded: word << 6 | bits.trailingZeroBitCount))
                bits &= bits &- 1
            }
        }
    }

    /// Takes all marks away.
    public func clear() { for word in 0..<wordCount { words[word].store(0, ordering: .relaxed) } }
}
