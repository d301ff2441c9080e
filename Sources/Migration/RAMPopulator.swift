import Environment
import GuestMemory
import MigrationFormat
import SystemCalls

/// Makes RAM present ahead of the pages that come in, on a thread of its own, so that finding and clearing memory, which
/// costs more than moving a page into it, goes on beside receiving.
///
/// It looks ahead as far as pages have come in a row, up to `limit`: so of pages that turn out to be zero, which should
/// take no memory, it makes present at most as many as came before them, and none in a stream where pages and zeroes
/// alternate. It keeps a huge page away from where pages come in, for two threads that touch the same one at once both
/// clear memory for it. What it does not come to, the pages do as they come.
final class RAMPopulator: @unchecked Sendable {
    // SAFETY: the fields of the run of pages belong to the receiving thread; what both threads use is behind the gate.
    /// How far is looked ahead at most, in pages: 64 MiB.
    static let limit = 16384
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
    private var last: PageLocation?
    private var length = 0

    /// For the RAM of `memory`, which has to live until `end` was called.
    convenience init(memory: GuestMemory) {
        self.init(pageCounts: memory.blocks.map(\.pageCount)) { block, pages in
            // SAFETY: pages of a block, which the memory keeps; to make one present changes nothing that is there.
            AddressSpace.makePresent(
                memory.blocks[block].base + pages.lowerBound * targetPageSize, count: pages.count * targetPageSize)
        }
    }

    /// The same with another way to make pages present; it returns false if that is of no use any more.
    init(pageCounts: [Int], populate: @escaping @Sendable (_ block: Int, _ pages: Range<Int>) -> Bool) {
        self.pageCounts = pageCounts
        self.populate = populate
    }

    deinit { end() }

    /// A page has come. Called for each, so it only counts most of the time.
    @inline(__always)
    func noteWritten(_ location: PageLocation) {
        if let last, last.block == location.block, last.page + 1 == location.page {
            length += 1
        } else {
            length = 1
        }
        last = location
        if length % Self.step == 0 { lookAhead(location) }
    }

    private func lookAhead(_ location: PageLocation) {
        let start = location.page + 1
        let end = min(pageCounts[location.block], start + min(length, Self.limit))
        let near = (start + 2 * Self.step - 1) / Self.step * Self.step
        guard near < end else { return }
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
