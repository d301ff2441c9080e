import Testing

@testable import GuestMemory

@Suite struct FindingMemory {
    private let page = UInt64(targetPageSize)

    private func memory(at address: UInt64, pages: Int) throws -> GuestMemory {
        GuestMemory(blocks: [
            try RAMBlock(name: "ram", guestAddress: address, size: pages * targetPageSize),
            try RAMBlock(name: "flash", guestAddress: 0x1000, size: targetPageSize),
        ])
    }

    @Test func blocksComeByFallingSize() throws {
        let memory = try memory(at: 0x8000_0000, pages: 4)
        #expect(memory.blocks.map(\.name) == ["ram", "flash"])
        #expect(memory.totalSize == 5 * targetPageSize)
        #expect(memory.block(named: "flash")?.guestAddress == 0x1000)
        #expect(memory.block(named: "rom") == nil)
    }

    @Test func aRangeMustLieInOneBlock() throws {
        let memory = try memory(at: 0x8000_0000, pages: 4)
        #expect(memory.locate(0x8000_0000, count: 4 * targetPageSize)?.offset == 0)
        #expect(memory.locate(0x8000_0001, count: 4 * targetPageSize) == nil)
        #expect(memory.locate(0x8000_3fff, count: 1)?.offset == 0x3fff)
        #expect(memory.locate(0x8000_3fff, count: 2) == nil)
        #expect(memory.locate(0x7fff_ffff, count: 2) == nil)
        #expect(memory.locate(0x1fff, count: 1)?.block.name == "flash")
        #expect(memory.locate(0x2000, count: 1) == nil)
        #expect(memory.locate(0, count: 1) == nil)
    }

    @Test(arguments: [
        (UInt64.max, 1), (.max, Int.max), (0x8000_0000, .max), (0x8000_0000, -1), (.max - 3, 8), (1 << 63, 8),
    ])
    func anAddressOrLengthAtTheEndOfTheNumbersIsNoMemory(address: UInt64, count: Int) throws {
        let memory = try memory(at: 0x8000_0000, pages: 4)
        let tracker = try memory.makeTracker()
        tracker.beginRecord()
        #expect(memory.locate(address, count: count) == nil)
        #expect(memory.payload(address, count: count, writing: true) == nil)
        if count >= 0 { #expect(memory.read(address, count: count) == nil) }
        #expect(tracker.count == 0)
    }

    @Test func aBlockMayReachTheLastAddress() throws {
        let start = UInt64.max - page + 1
        let memory = try memory(at: start, pages: 1)
        #expect(memory.store(.max - 7, UInt64(0x0102_0304_0506_0708)))
        #expect(memory.load(.max - 7, as: UInt64.self) == 0x0102_0304_0506_0708)
        #expect(memory.load(.max, as: UInt8.self) == 1)
        #expect(memory.load(.max - 6, as: UInt64.self) == nil)
        #expect(memory.locate(start, count: targetPageSize)?.offset == 0)
        #expect(memory.locate(start, count: targetPageSize + 1) == nil)
    }
}

@Suite struct CopyingMemory {
    private let memory: GuestMemory
    private let block: RAMBlock
    private let tracker: DirtyTracker

    init() throws {
        block = try RAMBlock(name: "ram", guestAddress: 0x8000_0000, size: 8 * targetPageSize)
        memory = GuestMemory(blocks: [block])
        tracker = try memory.makeTracker()
        tracker.beginRecord()
    }

    private func marked() throws -> [Int] {
        let pages = try memory.makePageSets()
        tracker.takeRecord(into: pages)
        return Array(pages[0])
    }

    @Test func integersAreLittleEndianAndNeedNoAlignment() {
        #expect(memory.store(0x8000_0ffd, UInt32(0xaabb_ccdd)))
        #expect(memory.read(0x8000_0ffd, count: 4) == [0xdd, 0xcc, 0xbb, 0xaa])
        #expect(memory.load(0x8000_0ffd, as: UInt32.self) == 0xaabb_ccdd)
    }

    @Test func aWriteMarksExactlyThePagesItTouches() throws {
        #expect(memory.write(0x8000_0fff, bytes: [1, 2]))
        #expect(memory.write(0x8000_4000, bytes: [UInt8](repeating: 7, count: targetPageSize)))
        #expect(memory.store(0x8000_7ff8, UInt64(1)))
        #expect(try marked() == [0, 1, 4, 7])
    }

    @Test func readingAndEmptyWritesMarkNothing() {
        _ = memory.read(0x8000_0000, count: 100)
        _ = memory.load(0x8000_0000, as: UInt64.self)
        _ = memory.payload(0x8000_0000, count: 100, writing: false)
        #expect(memory.write(0x8000_0000, bytes: []))
        #expect(memory.payload(0x8000_8000, count: 0, writing: true)?.isEmpty == true)
        #expect(tracker.count == 0)
    }

    @Test func aWriteOutsideChangesNothing() {
        #expect(!memory.write(0x8000_7fff, bytes: [1, 2]))
        #expect(!memory.store(0x8000_7ffd, UInt32(1)))
        #expect(memory.read(0x8000_7fff, count: 1) == [0])
        #expect(tracker.count == 0)
    }

    @Test func payloadForADeviceIsMarkedBeforeItIsWritten() throws {
        let payload = try #require(memory.payload(0x8000_1ff0, count: 32, writing: true))
        #expect(try marked() == [1, 2])
        payload[31] = 9
        #expect(memory.read(0x8000_200f, count: 1) == [9])
    }

    @Test func discardedPagesReadAsZeroAgain() {
        memory.write(0x8000_1000, bytes: [1])
        memory.write(0x8000_2000, bytes: [2])
        block.discard(page: 1, count: 1)
        #expect(memory.read(0x8000_1000, count: 1) == [0])
        #expect(memory.read(0x8000_2000, count: 1) == [2])
    }

    @Test func sizesAreRoundedUpToWholePages() throws {
        #expect(try RAMBlock(name: "a", guestAddress: 0, size: 4097).size == 8192)
        #expect(try RAMBlock(name: "b", guestAddress: 0, size: 0).pageCount == 1)
    }
}
