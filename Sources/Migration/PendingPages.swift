import GuestMemory
import MigrationFormat
import VirtualMachine

/// The pages of a guest that are still to be sent, block by block, in rising order.
struct PendingPages {
    private let memory: GuestMemory
    private var pages: [[Int32]]
    private var block = 0
    private var position = 0
    /// How many there are.
    private(set) var count = 0

    init(memory: GuestMemory) {
        self.memory = memory
        pages = memory.blocks.map { _ in [] }
    }

    /// Takes the dirty log on top of what is left. The machine must be at rest, and the engine then forgets its write
    /// permissions.
    mutating func harvest() {
        returnToLog()
        for (index, block) in memory.blocks.enumerated() {
            pages[index].removeAll(keepingCapacity: true)
            block.dirtyLog.harvest(into: &pages[index])
        }
        block = 0
        position = 0
        count = pages.reduce(0) { $0 + $1.count }
    }

    /// What is left counts as dirty again.
    private func returnToLog() {
        for index in block..<max(block, pages.count) {
            let start = index == block ? position : 0
            for page in pages[index][start...] { memory.blocks[index].dirtyLog.mark(page: Int(page)) }
        }
    }

    /// The next page, which counts as sent from now on.
    mutating func next() -> PageLocation? {
        while block < pages.count {
            if position < pages[block].count {
                position += 1
                count -= 1
                return PageLocation(block: block, page: Int(pages[block][position - 1]))
            }
            block += 1
            position = 0
        }
        return nil
    }
}
