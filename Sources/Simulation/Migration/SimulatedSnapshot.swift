/// The guest's memory at one instant, as `MemorySnapshot` keeps it: a copy of each page before it is written, in a pool
/// that can be full.
struct SimulatedSnapshot {
    private static let room = 60

    /// What it has to be at the destination.
    let image: [UInt64]
    /// Whether the guest had its primary card then.
    let hasPrimary: Bool
    /// Nobody waits for room any more.
    var isOver = false
    private var isSaved: [Bool]
    private var copies: [(page: Int, version: UInt64)] = []
    private var next = 0
    /// Pages that were not sent.
    private(set) var remaining: Int

    init(of memory: [UInt64], hasPrimary: Bool) {
        (image, self.hasPrimary) = (memory, hasPrimary)
        isSaved = Array(repeating: false, count: memory.count)
        remaining = memory.count
    }

    /// The guest wants to write `page`, which has `version`; false if it has to wait.
    mutating func save(_ page: Int, _ version: UInt64) -> Bool {
        guard !isOver, !isSaved[page] else { return true }
        guard copies.count < Self.room else { return false }
        isSaved[page] = true
        copies.append((page, version))
        return true
    }

    /// The next pages, those first that the guest has written.
    mutating func take(_ limit: Int, _ memory: [UInt64]) -> [(page: Int, version: UInt64)] {
        while copies.count < limit, next < memory.count {
            if !isSaved[next] {
                isSaved[next] = true
                copies.append((next, memory[next]))
            }
            next += 1
        }
        let taken = Array(copies.prefix(limit))
        copies.removeFirst(taken.count)
        remaining -= taken.count
        return taken
    }
}
