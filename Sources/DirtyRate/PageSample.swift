import GuestMemory

/// Pages chosen by chance, with a hash of what they held: looked at again later, the part of them that changed tells
/// how much of RAM was dirtied.
struct PageSample {
    private struct Page {
        let block: RAMBlock
        let number: Int
        let hash: UInt64
    }
    private let memory: GuestMemory
    private let pages: [Page]

    /// Takes `perGiB` pages for each GiB of each block, and at least one. The guest may run meanwhile. Pages of RAM that are
    /// still to come are left out.
    init(of memory: GuestMemory, perGiB: Int, using generator: inout some RandomNumberGenerator) {
        var pages: [Page] = []
        for block in memory.blocks {
            let count = max(1, Int((Double(block.size) / Double(1 << 30) * Double(perGiB)).rounded(.down)))
            for _ in 0..<count {
                let number = Int.random(in: 0..<block.pageCount, using: &generator)
                guard Self.isHere(block, number, memory) else { continue }
                pages.append(Page(block: block, number: number, hash: Self.hash(block, number)))
            }
        }
        self.memory = memory
        self.pages = pages
    }

    private static func isHere(_ block: RAMBlock, _ number: Int, _ memory: GuestMemory) -> Bool {
        memory.isHere(block.guestAddress + UInt64(number * targetPageSize), count: targetPageSize)
    }

    /// The number of pages looked at.
    var count: Int { pages.count }

    /// How many of them hold something else now.
    func changedCount() -> Int {
        pages.count { Self.isHere($0.block, $0.number, memory) && $0.hash != Self.hash($0.block, $0.number) }
    }

    /// A hash of a page. Each step maps hashes one to one, so a page that differs in one word has another hash.
    private static func hash(_ block: RAMBlock, _ number: Int) -> UInt64 {
        // SAFETY: a whole page inside the block. A vCPU may write there meanwhile; then the hash is one of a page that
        // changes, which is all that is asked.
        let page = unsafe UnsafeRawPointer(block.base) + number * targetPageSize
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for offset in stride(from: 0, to: targetPageSize, by: 8) {
            hash = unsafe (hash ^ page.load(fromByteOffset: offset, as: UInt64.self)) &* 0xff51_afd7_ed55_8ccd
            hash ^= hash >> 32
        }
        return hash
    }
}
