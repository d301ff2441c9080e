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
    private let removals: UInt64
    private let pages: [Page]

    /// How many bytes of RAM it stands for: all that were here.
    let byteCount: Int

    /// How often it is tried to find a page that is here.
    private static let tries = 64

    /// Takes `perGiB` pages for each GiB of each block, and at least one. The guest may run meanwhile. There are fewer if only
    /// a small part of a block is here.
    init(of memory: GuestMemory, perGiB: Int, using generator: inout some RandomNumberGenerator) {
        removals = memory.removals
        byteCount = memory.presentPageCount * targetPageSize
        var pages: [Page] = []
        for (index, block) in memory.blocks.enumerated() {
            let count = max(1, Int((Double(block.size) / Double(1 << 30) * Double(perGiB)).rounded(.down)))
            for _ in 0..<count {
                guard let page = Self.choose(from: memory, index, using: &generator) else { continue }
                pages.append(page)
            }
        }
        self.memory = memory
        self.pages = pages
    }

    private static func choose(
        from memory: GuestMemory, _ block: Int, using generator: inout some RandomNumberGenerator
    ) -> Page? {
        for _ in 0..<tries {
            let number = Int.random(in: 0..<memory.blocks[block].pageCount, using: &generator)
            // SAFETY: a whole page, lent for the call.
            if let hash = unsafe memory.withPresentPage(number, ofBlock: block, { unsafe hash($0) }) {
                return Page(block: block, number: number, hash: hash)
            }
        }
        return nil
    }

    /// The number of pages looked at.
    var count: Int { pages.count }

    /// How many of them hold something else now; nil if pages of RAM were taken away since, so that it may be by that, or by
    /// their coming back.
    func changedCount() -> Int? {
        var changed = 0
        for page in pages {
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
