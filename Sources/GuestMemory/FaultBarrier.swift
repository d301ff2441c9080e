import Glibc
public import SystemCalls

/// A barrier in front of whoever writes to RAM in this process, marked or not: the host protects the pages, and a thread
/// hears of each that is about to be written (`WriteFaults`).
public final class FaultBarrier: WriteBarrier {
    private let memory: GuestMemory
    private let faults: WriteFaults
    private let ending: EventSignal
    private struct State {
        var blocks: [Int] = []
        var thread: Thread?
    }
    private let state = ThreadGate(State())

    /// A barrier in front of `memory`. Throws if the host has none. `coveringAbsentPages`: also in front of pages that are
    /// not present, if the kernel can; else those are made present first.
    public init(_ memory: GuestMemory, coveringAbsentPages: Bool = true) throws(SystemError) {
        self.memory = memory
        let isShared = memory.blocks.contains { $0.backing.isShared }
        faults = try WriteFaults(shared: isShared, coveringAbsentPages: coveringAbsentPages)
        ending = try EventSignal()
    }

    /// What is in the way of a barrier in front of all of `memory`.
    public static func obstacle(to memory: GuestMemory) -> UserFaultObstacle? {
        guard let barrier = try? FaultBarrier(memory) else { return .host }
        defer { barrier.lower() }
        do throws(SystemError) { try barrier.register(Array(memory.blocks.indices)) } catch {
            // Another barrier is there, so there can be one.
            return error.code == EBUSY ? nil : .memory
        }
        return nil
    }

    /// Registers the blocks; nothing is protected yet.
    public func prepare(_ blocks: [Int]) throws(SystemError) {
        try register(blocks)
        // Not every kernel protects a page that is not present; one of zeroes will do.
        for block in blocks where !faults.coversAbsentPages {
            guard memory.blocks[block].mapping.populateForReading() else {
                throw SystemError(code: EOPNOTSUPP, call: "madvise", subject: "MADV_POPULATE_READ")
            }
        }
    }

    private func register(_ blocks: [Int]) throws(SystemError) {
        for block in blocks {
            try faults.register(memory.blocks[block].mapping)
            state.withLock { $0.blocks.append(block) }
        }
    }

    /// Those of a page of the host.
    public func pagesTogether(inBlock block: Int) -> Int {
        max(1, memory.blocks[block].hostPageSize / targetPageSize)
    }

    /// Protects the blocks, and begins to hear of writers.
    public func raise(for snapshot: MemorySnapshot) throws(SystemError) {
        let blocks = state.withLock { $0.blocks }
        let thread = try Thread(name: "write-faults") { [self, weak snapshot] in
            let mappings = blocks.map { memory.blocks[$0].mapping }
            faults.faults.serve(mappings, until: ending) { index, offset in
                if let snapshot { serve(offset / targetPageSize, blocks[index], snapshot) }
            }
        }
        state.withLock { $0.thread = thread }
        for block in blocks {
            let mapping = memory.blocks[block].mapping
            try faults.setProtected(true, mapping, offset: 0, count: mapping.count)
        }
    }

    /// The pages may be written, and whoever waits for that goes on.
    public func lift(_ pages: Range<Int>, ofBlock block: Int) {
        // What still is protected after all is lifted at its fault.
        try? faults.setProtected(
            false, memory.blocks[block].mapping, offset: pages.lowerBound * targetPageSize,
            count: pages.count * targetPageSize)
    }

    /// Ends the thread and all protection.
    public func lower() {
        ending.raise()
        let (thread, blocks) = state.withLock { state in
            defer { state = State() }
            return (state.thread, state.blocks)
        }
        // First, so that nobody waits for the thread any more.
        for block in blocks { faults.unregister(memory.blocks[block].mapping) }
        thread?.join()
    }

    private func serve(_ page: Int, _ block: Int, _ snapshot: MemorySnapshot) {
        snapshot.willWrite(page, ofBlock: block)
        lift(snapshot.unit(of: page, block), ofBlock: block)
    }
}

/// What can be in the way of telling this process of faults in the guest's RAM: of writes, for a snapshot, or of pages that
/// are missing, for a postcopy.
public enum UserFaultObstacle: Sendable {
    /// The kernel, or what this process may do.
    case host
    /// What the memory is kept in.
    case memory
}
