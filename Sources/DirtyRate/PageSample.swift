import GuestMemory

/// Pages chosen by chance, with a hash of what they held: looked at again later, the part of them that changed tells
/// how much of RAM was dirtied.
///
/// Pages of RAM that are still to come are left out, and never waited for.
struct PageSample {
    private struct Page {
        let block: Int
        let number: Int
        let hash: UInt64
    }
    private let memory: GuestMemory
    private let removals: UInt64?
    private let pages: [Page]

    /// How many bytes of RAM it stands for: all that were here.
    let byteCount: Int

    /// How many pages of a block that turn out to be missing are put up with: so many, and so many for each page that is
    /// wanted. To look for them takes no longer than to hash a full sample.
    private static let misses = (base: 4096, perPage: 4)

    /// Takes `perGiB` pages for each GiB of each block, and at least one. The guest may run meanwhile. There are fewer if only
    /// a small part of a block is here, or `isEnded`, which is asked before each page, says that nobody wants them any more.
    init(
        of memory: GuestMemory, perGiB: Int, using generator: inout some RandomNumberGenerator,
        unless isEnded: () -> Bool = { false }
    ) {
        removals = memory.removals
        byteCount = memory.presentPageCount * targetPageSize
        var pages: [Page] = []
        for (index, block) in memory.blocks.enumerated() {
            let count = max(1, Int((Double(block.size) / Double(1 << 30) * Double(perGiB)).rounded(.down)))
            let wanted = pages.count + count
            var missesLeft = Self.misses.base + Self.misses.perPage * count
            // Of a guest whose pages are being given back there will be no figure.
            while removals != nil, pages.count < wanted, missesLeft > 0, !isEnded() {
                if let page = Self.choose(from: memory, index, using: &generator) {
                    pages.append(page)
                } else {
                    missesLeft -= 1
                }
            }
        }
        self.memory = memory
        self.pages = pages
    }

    /// Any page of a block; nil if that one is missing.
    private static func choose(
        from memory: GuestMemory, _ block: Int, using generator: inout some RandomNumberGenerator
    ) -> Page? {
        let number = Int.random(in: 0..<memory.blocks[block].pageCount, using: &generator)
        // SAFETY: a whole page, lent for the call.
        let hash = unsafe memory.withPresentPage(number, ofBlock: block) { unsafe Self.hash($0) }
        return hash.map { Page(block: block, number: number, hash: $0) }
    }

    /// The number of pages looked at.
    var count: Int { pages.count }

    /// How many of them hold something else now; nil if pages of RAM were taken away since, so that it may be by that, or by
    /// their coming back; and nil once `isEnded`, as above.
    func changedCount(unless isEnded: () -> Bool = { false }) -> Int? {
        guard let removals else { return nil }
        var changed = 0
        for page in pages {
            if isEnded() { return nil }
            // SAFETY: a whole page, lent for the call.
            let hash = unsafe memory.withPresentPage(page.number, ofBlock: page.block) { unsafe Self.hash($0) }
            if hash != page.hash { changed += 1 }
        }
        return memory.removals == removals ? changed : nil
    }

    /// A hash of a page. Each step maps hashes one to one, so a page that differs in one word has another hash.
    private static func hash(_ page: UnsafeRawPointer) -> UInt64 {
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for offset in stride(from: 0, to: targetPageSize, by: 8) {
            // SAFETY: inside the page. A vCPU may write there meanwhile; then the hash is one of a page that changes, which
            // is all that is asked.
            hash = unsafe (hash ^ page.load(fromByteOffset: offset, as: UInt64.self)) &* 0xff51_afd7_ed55_8ccd
            hash ^= hash >> 32
        }
        return hash
    }
}
