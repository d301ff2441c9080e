import SystemCalls
import Testing

@testable import GuestMemory

@Suite struct DirtyTracking {
    private let memory: GuestMemory
    private let log: DirtyLog

    init() throws {
        let block = try RAMBlock(name: "ram", guestAddress: 0, size: 200 * targetPageSize)
        let other = try RAMBlock(name: "rom", guestAddress: 1 << 30, size: 8 * targetPageSize)
        memory = GuestMemory(blocks: [block, other])
        log = block.dirtyLog
    }

    private func taken(_ tracker: DirtyTracker) throws -> [[Int]] {
        let pages = try memory.makePageSets()
        tracker.takeRecord(into: pages)
        return pages.map { Array($0) }
    }

    @Test func eachTrackerKnowsThePagesSinceItsOwnBeginning() throws {
        let (first, second) = (try memory.makeTracker(), try memory.makeTracker())
        log.mark(page: 1)
        #expect(!first.isRecording && first.count == 0, "a new tracker does not record")
        first.beginRecord()
        log.mark(page: 1)
        log.mark(pages: 2..<4)
        second.beginRecord()
        log.mark(page: 150)
        memory.store(1 << 30, UInt8(1))
        #expect(second.count == 2)
        #expect(try taken(first) == [[1, 2, 3, 150], [0]])
        #expect(second.count == 2, "what one takes stays with the other")
        log.mark(page: 199)
        #expect(try taken(first) == [[199], []])
        first.stop()
        log.mark(page: 100)
        #expect(first.count == 0)
        #expect(try taken(second) == [[100, 150, 199], [0]])
        log.mark(page: 5)
        second.stop()
        #expect(second.count == 1, "what was recorded stays readable")
        second.beginRecord()
        #expect(second.count == 0, "a new beginning begins empty")
        log.mark(page: 6)
        second.forgetRecord()
        log.mark(page: 7)
        #expect(try taken(second) == [[7], []])
    }

    @Test func whatIsTakenIsAddedToWhatIsThere() throws {
        let tracker = try memory.makeTracker()
        let pages = try memory.makePageSets()
        tracker.beginRecord()
        pages[0].insert(9)
        log.mark(page: 4)
        tracker.takeRecord(into: pages)
        #expect(Array(pages[0]) == [4, 9])
    }

    @Test func thereAreAsManyAsThereAreSlotsAndOneGivenUpMakesRoom() throws {
        var trackers: [DirtyTracker] = []
        for _ in 0..<DirtyLog.trackerLimit { trackers.append(try memory.makeTracker()) }
        let error = #expect(throws: SystemError.self) { try memory.makeTracker() }
        #expect(error?.description == "dirty tracker (8 are in use): No space left on device")
        for tracker in trackers { tracker.beginRecord() }
        log.mark(page: 3)
        #expect(trackers.allSatisfy { $0.count == 1 })
        trackers.remove(at: 4)
        log.mark(page: 4)
        let late = try memory.makeTracker()
        #expect(late.count == 0, "nothing is left of the one before")
        log.mark(page: 5)
        #expect(late.count == 0, "and it records only when it was started")
        #expect(trackers.allSatisfy { $0.count == 3 })
    }

    @Test func theFirstWriteOfAVCPUCounts() throws {
        let (counted, all) = (try memory.makeTracker(of: .vCPUs), try memory.makeTracker())
        all.beginRecord()
        #expect(!log.markByVCPU(page: 3), "nobody counts yet")
        counted.beginRecord()
        log.mark(page: 5)
        #expect(log.markByVCPU(page: 3))
        #expect(!log.markByVCPU(page: 3))
        #expect(log.markByVCPU(page: 5), "what a device wrote is clean to vCPUs")
        #expect(try taken(all) == [[3, 5], []])
        #expect(!log.markByVCPU(page: 3), "a harvest makes no page count again")
        counted.forgetRecord()
        #expect(log.markByVCPU(page: 3))
        counted.stop()
        #expect(!log.markByVCPU(page: 4))
        #expect(try taken(all) == [[3, 4], []])
    }
}
