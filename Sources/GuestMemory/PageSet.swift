import Synchronization
public import SystemCalls

/// A set of pages of one RAM block: one bit a page, changed without a lock and without taking memory.
///
/// Every member may be called from any thread at any time. Adding and removing one page, and taking a run, are atomic:
/// of several threads that do the same to a page exactly one is told that it changed the set. What concerns many
/// pages (`count`, `next`, the whole-set members) goes word by word of 64 pages, each word atomic; a thread that changes the set
/// meanwhile is seen in some of them.
@safe public final class PageSet: @unchecked Sendable {
    // SAFETY: `words` points into `mapping`, which lives as long as the set; all access is atomic.
    private let mapping: MemoryMapping
    let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let wordCount: Int
    /// The set can hold the pages 0 to `pageCount` - 1.
    public let pageCount: Int

    /// An empty set. With `prefault` its memory is present from the start. Throws if there is no address space for it.
    public init(pageCount: Int, prefault: Bool = false) throws(SystemError) {
        precondition(pageCount >= 0)
        self.pageCount = pageCount
        wordCount = (pageCount + 63) / 64
        mapping = try MemoryMapping(count: wordCount * 8, prefault: prefault)
        // SAFETY: fresh zeroed memory of that size, and an atomic of a word is laid out as the word itself.
        unsafe words = unsafe mapping.base.bindMemory(to: Atomic<UInt64>.self, capacity: wordCount)
    }

    /// Makes the set's memory present, so that no later change waits for the kernel.
    func prefault() { mapping.populate(offset: 0, count: mapping.count) }

    // MARK: One page

    /// Adds a page; true if it was not there.
    @inline(__always)
    @discardableResult
    public func insert(_ page: Int) -> Bool {
        let bit = bit(of: page)
        // SAFETY: `bit` has checked the page.
        guard unsafe words[page >> 6].load(ordering: .relaxed) & bit == 0 else { return false }
        return unsafe words[page >> 6].bitwiseOr(bit, ordering: .relaxed).oldValue & bit == 0
    }

    /// Removes a page; true if it was there.
    @inline(__always)
    @discardableResult
    public func remove(_ page: Int) -> Bool {
        let bit = bit(of: page)
        // SAFETY: `bit` has checked the page.
        guard unsafe words[page >> 6].load(ordering: .relaxed) & bit != 0 else { return false }
        return unsafe words[page >> 6].bitwiseAnd(~bit, ordering: .acquiringAndReleasing).oldValue & bit != 0
    }

    /// Whether a page is there. What was done before it was removed is seen by who finds that it is not.
    public func contains(_ page: Int) -> Bool {
        let bit = bit(of: page)
        // SAFETY: `bit` has checked the page.
        return unsafe words[page >> 6].load(ordering: .acquiring) & bit != 0
    }

    @inline(__always)
    private func bit(of page: Int) -> UInt64 {
        precondition(page >= 0 && page < pageCount)
        return 1 << UInt64(page & 63)
    }

    // MARK: Pages that follow each other

    /// Adds pages, word by word.
    public func insert(contentsOf pages: Range<Int>) {
        // SAFETY: `forEachPart` gives words below `wordCount`.
        forEachPart(pages) { word, mask in
            if unsafe words[word].load(ordering: .relaxed) & mask != mask {
                unsafe words[word].bitwiseOr(mask, ordering: .relaxed)
            }
        }
    }

    /// Adds pages to a set that no other thread changes. Without atomic exchanges, which wait for all stores before them:
    /// behind the copy of a page that takes longer than anything else that is done with it.
    public func insertAlone(contentsOf pages: Range<Int>) {
        forEachPart(pages) { word, mask in store(load(word) | mask, word) }
    }

    /// Removes pages, word by word.
    public func remove(contentsOf pages: Range<Int>) {
        // SAFETY: `forEachPart` gives words below `wordCount`.
        forEachPart(pages) { word, mask in
            if unsafe words[word].load(ordering: .relaxed) & mask != 0 {
                unsafe words[word].bitwiseAnd(~mask, ordering: .releasing)
            }
        }
    }

    @inline(__always)
    private func forEachPart(_ pages: Range<Int>, _ body: (_ word: Int, _ mask: UInt64) -> Void) {
        precondition(pages.lowerBound >= 0 && pages.upperBound <= pageCount)
        var page = pages.lowerBound
        while page < pages.upperBound {
            let length = Swift.min(64 - page & 63, pages.upperBound - page)
            body(page >> 6, (UInt64.max >> UInt64(64 - length)) << UInt64(page & 63))
            page += length
        }
    }

    // MARK: All pages

    /// How many pages are there.
    public var count: Int {
        var count = 0
        for word in 0..<wordCount { count += load(word).nonzeroBitCount }
        return count
    }

    /// Whether no page is there.
    public var isEmpty: Bool {
        for word in 0..<wordCount where load(word) != 0 { return false }
        return true
    }

    /// Adds every page.
    public func insertAll() { for word in 0..<wordCount { store(valid(word), word) } }

    /// Removes every page.
    public func removeAll() { for word in 0..<wordCount { store(0, word) } }

    /// Adds the pages of `other`, which covers as many.
    public func formUnion(_ other: PageSet) {
        precondition(other.pageCount == pageCount)
        for word in 0..<wordCount { add(other.load(word), word) }
    }

    /// Removes the pages of `other`, which covers as many.
    public func subtract(_ other: PageSet) {
        precondition(other.pageCount == pageCount)
        for word in 0..<wordCount {
            let bits = other.load(word)
            // SAFETY: `word` is below `wordCount`.
            if bits != 0 { unsafe words[word].bitwiseAnd(~bits, ordering: .relaxed) }
        }
    }

    /// Moves every page of `other`, which covers as many, to this set. A page that is added to `other` meanwhile
    /// is moved or stays there.
    public func take(from other: PageSet) {
        precondition(other.pageCount == pageCount)
        for word in 0..<wordCount where other.load(word) != 0 {
            // SAFETY: `word` is below `wordCount`.
            unsafe add(other.words[word].exchange(0, ordering: .acquiringAndReleasing), word)
        }
    }

    // MARK: Runs

    /// The first page from `start` on that is there; nil if none is.
    public func next(from start: Int) -> Int? {
        precondition(start >= 0)
        guard start < pageCount else { return nil }
        var word = start >> 6
        var bits = load(word) & UInt64.max << UInt64(start & 63)
        while bits == 0 {
            word += 1
            guard word < wordCount else { return nil }
            bits = load(word)
        }
        return word << 6 | bits.trailingZeroBitCount
    }

    /// The first pages from `start` on that follow each other, at most `limit` of them; nil if no page is there.
    public func nextRun(from start: Int, limit: Int = .max) -> Range<Int>? {
        precondition(limit > 0)
        guard let first = next(from: start) else { return nil }
        var end = first
        while end < pageCount, end - first < limit {
            let length = Self.runLength(load(end >> 6), from: end & 63)
            end += length
            if length == 0 || end & 63 != 0 { break }
        }
        return first..<first + Swift.min(end - first, limit)
    }

    /// All pages, as runs of pages that follow each other, in rising order.
    public var runs: some Sequence<Range<Int>> {
        sequence(state: 0) { [self] (start: inout Int) -> Range<Int>? in
            guard let run = nextRun(from: start) else { return nil }
            start = run.upperBound
            return run
        }
    }

    /// As `nextRun`, and removes these pages: no other thread gets any of them. The run may be shorter than it could be if
    /// others take pages meanwhile.
    public func takeRun(from start: Int, limit: Int = .max) -> Range<Int>? {
        precondition(limit > 0)
        var start = start
        while let first = next(from: start) {
            var end = first
            while end < pageCount, end - first < limit {
                let length = takePart(from: end, limit: limit - (end - first))
                end += length
                if length == 0 || end & 63 != 0 { break }
            }
            if end > first { return first..<end }
            // Somebody else took that page.
            start = first
        }
        return nil
    }

    /// Takes pages that follow each other from `page` on, at most to the end of its word; returns how many.
    private func takePart(from page: Int, limit: Int) -> Int {
        let word = page >> 6
        var bits = load(word)
        while true {
            let length = Swift.min(Self.runLength(bits, from: page & 63), limit)
            guard length > 0 else { return 0 }
            let mask = (UInt64.max >> UInt64(64 - length)) << UInt64(page & 63)
            // SAFETY: `word` is below `wordCount`, as `page` is below `pageCount`.
            let (done, original) = unsafe words[word].weakCompareExchange(
                expected: bits, desired: bits & ~mask, ordering: .acquiringAndReleasing)
            if done { return length }
            bits = original
        }
    }

    /// How many bits from `position` on are set without a gap.
    private static func runLength(_ bits: UInt64, from position: Int) -> Int {
        (~(bits >> UInt64(position))).trailingZeroBitCount
    }

    // MARK: Words

    /// The bits of `word` that stand for pages.
    private func valid(_ word: Int) -> UInt64 {
        let rest = pageCount - word << 6
        return rest >= 64 ? .max : UInt64.max >> UInt64(64 - rest)
    }

    @inline(__always)
    private func load(_ word: Int) -> UInt64 {
        // SAFETY: callers stay below `wordCount`.
        unsafe words[word].load(ordering: .relaxed)
    }

    @inline(__always)
    private func store(_ bits: UInt64, _ word: Int) {
        // SAFETY: callers stay below `wordCount`.
        unsafe words[word].store(bits, ordering: .relaxed)
    }

    private func add(_ bits: UInt64, _ word: Int) {
        // SAFETY: callers stay below `wordCount`.
        if bits != 0 { unsafe words[word].bitwiseOr(bits, ordering: .releasing) }
    }
}

extension PageSet: Sequence {
    /// The pages in rising order.
    public struct Iterator: IteratorProtocol {
        let set: PageSet
        var position = 0

        /// The next page.
        public mutating func next() -> Int? {
            guard let page = set.next(from: position) else { return nil }
            position = page + 1
            return page
        }
    }

    /// Goes through the pages in rising order; what is added or removed meanwhile may be seen or not.
    public func makeIterator() -> Iterator { Iterator(set: self) }
}
