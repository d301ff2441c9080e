import Environment
import GuestMemory
import MigrationFormat
import Testing

@testable import Replication

struct CheckpointBufferTests {
    private static let pages = 64

    private func memory() throws -> GuestMemory {
        GuestMemory(blocks: [
            try RAMBlock(name: "ram", guestAddress: 0, size: Self.pages * targetPageSize),
            try RAMBlock(name: "rom", guestAddress: 1 << 30, size: 8 * targetPageSize),
        ])
    }

    private func fill(_ memory: GuestMemory, pages: [Int], block: Int = 0, with byte: UInt8) {
        let base = memory.blocks[block].guestAddress
        for page in pages {
            let content = [UInt8](repeating: byte &+ UInt8(page), count: targetPageSize)
            memory.write(base + UInt64(page * targetPageSize), bytes: content)
        }
    }

    /// The pages of the buffer as numbers and contents.
    private func contents(_ buffer: CheckpointBuffer, block: Int = 0) -> [Int: [UInt8]] {
        var result: [Int: [UInt8]] = [:]
        buffer.forEachPage { location, copy in
            guard location.block == block else { return }
            result[location.page] = Array(UnsafeRawBufferPointer(start: copy, count: targetPageSize))
        }
        return result
    }

    /// What a checkpoint does with the guest at rest.
    private func capture(_ tracker: DirtyTracker, _ buffer: CheckpointBuffer) {
        for set in buffer.pages { set.removeAll() }
        tracker.takeRecord(into: buffer.pages)
        buffer.capture()
    }

    private func expected(_ pages: [Int], _ byte: UInt8) -> [Int: [UInt8]] {
        Dictionary(
            uniqueKeysWithValues: pages.map {
                ($0, [UInt8](repeating: byte &+ UInt8($0), count: targetPageSize))
            })
    }

    @Test(arguments: [[0], [63], [1, 2, 3], [0, 2, 4, 6], [5, 6, 7, 20, 21, 63], Array(0..<64)])
    func exactlyTheDirtyPagesAreCopied(pages: [Int]) throws {
        let memory = try memory()
        let tracker = try memory.makeTracker()
        tracker.beginRecord()
        let buffer = try CheckpointBuffer(memory: memory, initialPages: 128)
        fill(memory, pages: pages, with: 1)
        capture(tracker, buffer)
        #expect(Array(buffer.pages[0]) == pages)
        #expect(buffer.pageCount == pages.count)
        #expect(contents(buffer) == expected(pages, 1))
        capture(tracker, buffer)
        #expect(buffer.pageCount == 0)
    }

    @Test func pagesOfSeveralBlocksLieApart() throws {
        let memory = try memory()
        let tracker = try memory.makeTracker()
        tracker.beginRecord()
        let buffer = try CheckpointBuffer(memory: memory, initialPages: 128)
        fill(memory, pages: [3, 4, 60], with: 10)
        fill(memory, pages: [0, 7], block: 1, with: 90)
        capture(tracker, buffer)
        #expect(contents(buffer) == expected([3, 4, 60], 10))
        #expect(contents(buffer, block: 1) == expected([0, 7], 90))
    }

    @Test func laterWritesDoNotChangeTheCopies() throws {
        let memory = try memory()
        let tracker = try memory.makeTracker()
        tracker.beginRecord()
        let buffer = try CheckpointBuffer(memory: memory, initialPages: 128)
        fill(memory, pages: [1, 2, 9], with: 1)
        capture(tracker, buffer)
        fill(memory, pages: [1, 9, 10], with: 2)
        #expect(contents(buffer) == expected([1, 2, 9], 1))
        capture(tracker, buffer)
        #expect(contents(buffer) == expected([1, 9, 10], 2))
    }

    @Test func anEpochThatDoesNotFitIsHeldAllTheSame() throws {
        let memory = try memory()
        let tracker = try memory.makeTracker()
        tracker.beginRecord()
        let buffer = try CheckpointBuffer(memory: memory, initialPages: 4)
        let all = Array(0..<Self.pages)
        for byte: UInt8 in [1, 2, 3] {
            fill(memory, pages: all, with: byte)
            capture(tracker, buffer)
            #expect(contents(buffer) == expected(all, byte))
            // A round without the call that makes room must work as well.
            if byte > 1 { try buffer.settle() }
        }
        fill(memory, pages: [5], with: 9)
        capture(tracker, buffer)
        #expect(contents(buffer) == expected([5], 9))
    }

    @Test func randomEpochsAreCopiedByteForByte() throws {
        let memory = try memory()
        let tracker = try memory.makeTracker()
        tracker.beginRecord()
        let buffer = try CheckpointBuffer(memory: memory, initialPages: 16)
        var random = SeededGenerator(seed: 11)
        for _ in 0..<50 {
            let pages = (0..<Self.pages).filter { _ in random.chance(1, in: 2) }
            let byte = UInt8.random(in: 0...255, using: &random)
            fill(memory, pages: pages, with: byte)
            capture(tracker, buffer)
            #expect(contents(buffer) == expected(pages, byte))
            try buffer.settle()
        }
    }
}
