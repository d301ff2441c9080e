import Glibc
public import SystemCalls

/// A guest's RAM as it is at one instant, though the guest runs on: each page is copied before it is first written, or
/// when its turn comes, and handed out once.
///
/// `begin` is that instant, at which the guest rests. From then on a `WriteBarrier` asks (`willWrite`) before a page is
/// written. Copies wait in a pool of limited size; who wants to write while it is full waits, until some were taken, or
/// the snapshot ends, or nobody may wait (`hurryWriters`): then the pool grows by what is written meanwhile.
///
/// Threads: `take` and `giveBack` belong to one; all else may be called from any.
@safe public final class MemorySnapshot: @unchecked Sendable {
    // SAFETY: `slots` is written under the gate, in a slot that is nobody's, and read by who took the copy.
    /// Bytes of copies that may wait.
    public static let poolLimit = 64 << 20
    /// Pages that are copied without looking whether somebody waits to write: their bytes take some ten microseconds.
    private static let pagesAtOnce = 32

    /// A page of that instant.
    public struct Copy: Sendable, Equatable {
        /// The block, by its place in `GuestMemory.blocks`.
        public let block: Int
        /// The page in the block.
        public let page: Int
        fileprivate let slot: Int
    }

    private struct State {
        var isOver = false
        /// How many want that nobody waits.
        var hurries = 0
        var waiting: [Copy] = []
        var pool: SlotPool
        // Where `take` looks for pages that are not saved.
        var block = 0
        var page = 0
        /// Pages that were not given back.
        var left = 0
    }

    private let memory: GuestMemory
    private let barrier: any WriteBarrier
    /// For each block the pages that are still as they were and must not be written.
    private let unsaved: [PageSet]
    private let includedBlocks: [Int]
    private let slots: MemoryMapping
    private let gate: ThreadGate<State>

    /// A snapshot of all blocks of `memory`, or of those that nobody shares. Throws if there is no address space for the
    /// copies, or `barrier` cannot do its work.
    public init(
        of memory: GuestMemory, leavingOutShared: Bool, barrier: any WriteBarrier, poolLimit: Int = poolLimit
    ) throws(SystemError) {
        self.memory = memory
        self.barrier = barrier
        unsaved = try memory.makePageSets(prefault: true)
        includedBlocks = memory.blocks.indices.filter { !leavingOutShared || !memory.blocks[$0].backing.isShared }
        let pages = includedBlocks.reduce(0) { $0 + memory.blocks[$1].pageCount }
        // Address space only: what is copied at a time takes memory.
        slots = try MemoryMapping(count: pages * targetPageSize)
        gate = ThreadGate(State(pool: SlotPool(limit: poolLimit / targetPageSize)))
        try barrier.prepare(includedBlocks)
    }

    deinit { end() }

    // MARK: Its life

    /// This is the instant. Called with the guest at rest; the engine has to forget its write permissions in the same
    /// rest. Throws, with nothing begun, if the host does not protect the pages.
    public func begin() throws(SystemError) {
        gate.withLock { state in
            for block in includedBlocks {
                unsaved[block].insertAll()
                state.left += memory.blocks[block].pageCount
            }
        }
        do throws(SystemError) { try barrier.raise(for: self) } catch {
            end()
            throw error
        }
    }

    /// Nobody is asked any more, and who waits goes on. What was not taken is lost. A second call does nothing.
    public func end() {
        let isFirst = gate.withLock { state in
            defer {
                state.isOver = true
                state.waiting = []
            }
            return !state.isOver
        }
        if isFirst { barrier.lower() }
    }

    /// Pages that were not given back.
    public var remaining: Int { gate.withLock(notify: false) { $0.left } }

    // MARK: Writers

    /// Until `endHurry` nobody waits for room: somebody waits for a writer.
    public func hurryWriters() { gate.withLock { $0.hurries += 1 } }

    /// The opposite.
    public func endHurry() { gate.withLock(notify: false) { $0.hurries -= 1 } }

    /// A page is about to be written: returns once it may be.
    func willWrite(_ page: Int, ofBlock block: Int) {
        guard unsaved[block].contains(page) else { return }
        let unit = unit(of: page, block)
        _ = gate.wait { state -> Bool? in
            if state.isOver || !unsaved[block].contains(page) { return true }
            guard state.hurries > 0 || state.pool.hasRoom(for: unit.count) else { return nil }
            save(unit, block, &state)
            return true
        }
    }

    /// The pages that are saved together with `page`.
    func unit(of page: Int, _ block: Int) -> Range<Int> {
        let count = barrier.pagesTogether(inBlock: block)
        let start = page / count * count
        return start..<min(start + count, memory.blocks[block].pageCount)
    }

    private func save(_ pages: Range<Int>, _ block: Int, _ state: inout State) {
        for page in pages {
            let slot = state.pool.take()
            // SAFETY: there are as many slots as pages, and this one is nobody's. The page is not written before it
            // leaves the set.
            unsafe memcpy(place(slot), memory.blocks[block].base + page * targetPageSize, targetPageSize)
            state.waiting.append(Copy(block: block, page: page, slot: slot))
        }
        unsaved[block].remove(contentsOf: pages)
    }

    // MARK: Who takes the copies

    /// The next copies: first those that wait, then some of pages that nobody has written. At most `limit`, unless the
    /// host's pages are larger. Empty once each page was taken.
    public func take(atMost limit: Int) -> [Copy] {
        var lifted: (block: Int, pages: Range<Int>)?
        defer { if let lifted { barrier.lift(lifted.pages, ofBlock: lifted.block) } }
        while true {
            let step = gate.withLock(notify: false) { state -> (block: Int, pages: Range<Int>)? in
                guard state.waiting.count < limit, !state.isOver, let next = nextUnsaved(&state, limit) else {
                    return nil
                }
                save(next.pages, next.block, &state)
                return next
            }
            guard let step else { break }
            if let before = lifted, before.block == step.block, before.pages.upperBound == step.pages.lowerBound {
                lifted = (before.block, before.pages.lowerBound..<step.pages.upperBound)
            } else {
                if let lifted { barrier.lift(lifted.pages, ofBlock: lifted.block) }
                lifted = step
            }
        }
        return gate.withLock(notify: false) { state in
            let count = min(limit, state.waiting.count)
            defer { state.waiting.removeFirst(count) }
            return Array(state.waiting.prefix(count))
        }
    }

    private func nextUnsaved(_ state: inout State, _ limit: Int) -> (block: Int, pages: Range<Int>)? {
        while state.block < includedBlocks.count {
            let block = includedBlocks[state.block]
            let room = min(limit - state.waiting.count, Self.pagesAtOnce)
            if let run = unsaved[block].nextRun(from: state.page, limit: room) {
                let pages = unit(of: run.lowerBound, block).lowerBound..<unit(of: run.upperBound - 1, block).upperBound
                state.page = pages.upperBound
                return (block, pages)
            }
            state.block += 1
            state.page = 0
        }
        return nil
    }

    /// The bytes of a copy, until it is given back.
    public func bytes(of copy: Copy) -> UnsafeRawPointer { unsafe UnsafeRawPointer(place(copy.slot)) }

    /// These are needed no more.
    public func giveBack(_ copies: [Copy]) {
        gate.withLock { state in
            for copy in copies { state.pool.giveBack(copy.slot) }
            state.left -= copies.count
        }
    }

    private func place(_ slot: Int) -> UnsafeMutableRawPointer { unsafe slots.base + slot * targetPageSize }
}

/// Numbers of places for copies: the lowest that were used stay in use, so that few places ever take memory.
private struct SlotPool {
    let limit: Int
    private var free: [Int] = []
    private var unused = 0

    init(limit: Int) { self.limit = limit }

    private var used: Int { unused - free.count }

    /// Whether `count` more may be taken. One request of more than the limit has to do with the whole pool.
    func hasRoom(for count: Int) -> Bool { used == 0 || used + count <= limit }

    mutating func take() -> Int {
        if let slot = free.popLast() { return slot }
        defer { unused += 1 }
        return unused
    }

    mutating func giveBack(_ slot: Int) { free.append(slot) }
}
