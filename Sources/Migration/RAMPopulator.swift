import Environment
import GuestMemory
import MigrationFormat
import SystemCalls

/// Makes RAM present ahead of the pages that come in, on a thread of its own, so that finding and clearing memory, which
/// costs more than moving a page into it, goes on beside receiving.
///
/// Pages that turn out to be zero should take no memory. So it looks ahead as far as pages have come lately, up to
/// `limit`, where a page of zeroes outweighs `zeroWeight` others: in a stream with a fifth of zeroes nothing is made
/// present, and at the end of a run of pages no more than the limit was in vain. It keeps a huge page away from where
/// pages come in, for two threads that touch the same one at once both clear memory for it. What it does not come to, the
/// pages do as they come.
final class RAMPopulator: @unchecked Sendable {
    // SAFETY: the fields of the run of pages belong to the receiving thread; what both threads use is behind the gate.
    /// How far is looked ahead at most, in pages: 16 MiB.
    static let limit = 4096
    /// How many pages a page of zeroes outweighs.
    static let zeroWeight = 4
    /// Pages that come further apart than this have nothing to do with each other.
    static let gap = 64
    /// How many pages are made present with one call, and have to have come for another one: 2 MiB, a huge page.
    static let step = 512

    private struct State {
        /// What is to be made present, in pages of one block.
        var block = 0
        var wanted = 0..<0
        var isEnding = false
    }

    private let gate = ThreadGate(State())
    private let populate: @Sendable (_ block: Int, _ pages: Range<Int>) -> Bool
    private let pageCounts: [Int]
    private var thread: Thread?
    private var last = PageLocation(block: -1, page: 0)
    /// How far to look ahead.
    private var reach = 0
    /// Pages since it was last looked ahead.
    private var count = 0
    private var isLookingAhead = false

    /// For the RAM of `memory`, which has to live until `end` was called.
    convenience init(memory: GuestMemory) {
        self.init(pageCounts: memory.blocks.map(\.pageCount)) { block, pages in
            let block = memory.blocks[block]
            // SAFETY: pages of a block, which the memory keeps; to make one present changes nothing that is there.
            return unsafe AddressSpace.makePresent(
                block.base + pages.lowerBound * targetPageSize, count: pages.count * targetPageSize,
                shared: block.backing.isShared)
        }
    }

    /// The same with another way to make pages present; it returns false if that is of no use any more.
    init(pageCounts: [Int], populate: @escaping @Sendable (_ block: Int, _ pages: Range<Int>) -> Bool) {
        self.pageCounts = pageCounts
        self.populate = populate
    }

    deinit { end() }

    /// Pages have come, at least one, that follow each other. Most of the time it only counts.
    func noteWritten(_ pages: Range<Int>, ofBlock block: Int) {
        note(pages, block)
        reach = min(reach + pages.count, Self.limit)
        count += pages.count
        if count >= Self.step { lookAhead(last) }
    }

    /// Pages of zeroes have come, at least one, that follow each other.
    func noteZero(_ pages: Range<Int>, ofBlock block: Int) {
        note(pages, block)
        reach = max(0, reach - Self.zeroWeight * pages.count)
        guard reach == 0, isLookingAhead else { return }
        // What is still to be made present would rather be zero, too.
        isLookingAhead = false
        gate.withLock { $0.wanted = $0.wanted.lowerBound..<$0.wanted.lowerBound }
    }

    private func note(_ pages: Range<Int>, _ block: Int) {
        let first = pages.lowerBound
        let isNear = block == last.block && first > last.page && first - last.page <= Self.gap
        if !isNear { reach = 0 }
        last = PageLocation(block: block, page: pages.upperBound - 1)
    }

    private func lookAhead(_ location: PageLocation) {
        count = 0
        let start = location.page + 1
        let end = min(pageCounts[location.block], start + reach)
        let near = (start + 2 * Self.step - 1) / Self.step * Self.step
        guard near < end else { return }
        isLookingAhead = true
        gate.withLock { state in
            // What was made present already is not gone through again.
            let known = state.block == location.block ? state.wanted.lowerBound : 0
            state.block = location.block
            state.wanted = min(max(near, known), end)..<end
        }
        guard thread == nil else { return }
        // Without a thread, memory is found as it is needed.
        thread = try? Thread(name: "ram-populate") { [gate, populate] in Self.run(gate, populate) }
    }

    /// Ends the thread and waits for it; a step takes some milliseconds.
    func end() {
        gate.withLock { $0.isEnding = true }
        thread?.join()
        thread = nil
    }

    private static func run(_ gate: ThreadGate<State>, _ populate: (Int, Range<Int>) -> Bool) {
        while true {
            let next = gate.wait { state -> (block: Int, pages: Range<Int>)?? in
                if state.isEnding { return .some(nil) }
                guard !state.wanted.isEmpty else { return nil }
                let end = min(state.wanted.upperBound, state.wanted.lowerBound + step)
                let pages = state.wanted.lowerBound..<end
                state.wanted = end..<state.wanted.upperBound
                return .some((state.block, pages))
            }
            guard let (block, pages) = next ?? nil, populate(block, pages) else { return }
        }
    }
}
