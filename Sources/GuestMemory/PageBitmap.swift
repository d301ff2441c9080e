import Synchronization
import SystemCalls

/// A set of pages: one bit a page, set and taken without a lock.
struct PageBitmap: @unchecked Sendable {
    // SAFETY: `words` points into `mapping`, which lives as long as the bitmap; all access is atomic.
    private let mapping: MemoryMapping
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let wordCount: Int

    /// An empty set that can hold pages 0 to `pageCount` - 1.
    init(pageCount: Int, prefault: Bool) throws(SystemError) {
        wordCount = (pageCount + 63) / 64
        mapping = try MemoryMapping(count: wordCount * 8, prefault: prefault)
        words = mapping.base.bindMemory(to: Atomic<UInt64>.self, capacity: wordCount)
    }

    /// Adds a page, which the caller has checked; true if it was not there. Of several threads that add the same page
    /// exactly one gets true.
    @inline(__always)
    @discardableResult
    func insert(_ page: Int) -> Bool {
        let bit = UInt64(1) << UInt64(page & 63)
        guard words[page >> 6].load(ordering: .relaxed) & bit == 0 else { return false }
        return words[page >> 6].bitwiseOr(bit, ordering: .relaxed).oldValue & bit == 0
    }

    func contains(_ page: Int) -> Bool {
        words[page >> 6].load(ordering: .relaxed) >> UInt64(page & 63) & 1 == 1
    }

    var count: Int {
        var count = 0
        for word in 0..<wordCount { count += words[word].load(ordering: .relaxed).nonzeroBitCount }
        return count
    }

    /// Empties the set and appends the pages that were in it to `pages`, in rising order.
    func take(into pages: inout [Int32]) {
        for word in 0..<wordCount {
            if words[word].load(ordering: .relaxed) == 0 { continue }
            var bits = words[word].exchange(0, ordering: .acquiringAndReleasing)
            while bits != 0 {
                pages.append(Int32(truncatingIfNeeded: word << 6 | bits.trailingZeroBitCount))
                bits &= bits &- 1
            }
        }
    }

    func removeAll() { for word in 0..<wordCount { words[word].store(0, ordering: .relaxed) } }
}
