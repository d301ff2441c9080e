import Environment
import GuestMemory
import MachineModel
import Synchronization
import Testing

@testable import VirtualMachine

/// An engine that notes what is asked of it, and may refuse to stand.
private final class NotingEngine: GuestEngine {
    private let notes = Mutex<[String]>([])
    private let isBusy: Bool
    private let tracker: DirtyTracker?

    /// `tracker`: each note ends in how many pages it holds.
    init(isBusy: Bool = false, watching tracker: DirtyTracker? = nil) {
        self.isBusy = isBusy
        self.tracker = tracker
    }

    var all: [String] { notes.withLock { $0 } }
    private func add(_ note: String) {
        notes.withLock { $0.append(note + (tracker.map { ", \($0.count) pages" } ?? "")) }
    }

    var name: String { "noting" }
    var vCPUCount: Int { 1 }
    var retiredInstructions: UInt64 { 0 }
    var savedDevices: [any SavedDevice] { [] }
    func resume() { add("resume") }
    func pause(until deadline: Nanoseconds) throws(PauseTimeout) {
        if isBusy { throw PauseTimeout(busy: [PauseTimeout.Busy(vCPU: 0, deviceAddress: nil)]) }
        add("pause")
    }
    func retire() {}
    func forgetWritePermissions() { add("forget writes") }
    func forgetTranslations() {}
    func shutDown(until deadline: Nanoseconds) -> Bool { true }
}

struct HarvestTests {
    @Test func aHarvestIsOneStepAtRest() throws {
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        let tracker = try parts.memory.makeTracker()
        let engine = NotingEngine(watching: tracker)
        parts.engine = engine
        let machine = VirtualMachine(parts: parts)
        try machine.run()
        machine.harvest(tracker)
        machine.memory.store(8192, UInt8(1))
        let pages = try machine.memory.makePageSets()
        let counted = try machine.harvest(tracker, into: pages, within: .seconds(1)) {
            machine.memory.store(4096, UInt8(1))
            return pages[0].count
        }
        #expect(counted == 1, "what is done in the same rest finds the pages")
        #expect(
            engine.all == [
                "resume, 0 pages", "pause, 0 pages", "forget writes, 0 pages", "resume, 0 pages",
                "pause, 1 pages", "forget writes, 0 pages", "resume, 1 pages",
            ], "permissions go after the marks were taken, with the guest still at rest")
        #expect(Array(pages[0]) == [2])
        machine.harvest(tracker, into: pages)
        #expect(Array(pages[0]) == [1, 2], "a harvest adds to what is there")
        machine.memory.store(0, UInt8(1))
        machine.harvest(tracker)
        #expect(tracker.count == 0, "without a place for them, marks are dropped")
    }

    @Test func aGuestThatDoesNotStandKeepsItsMarks() throws {
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        let tracker = try parts.memory.makeTracker()
        let pages = try parts.memory.makePageSets()
        VirtualMachine(parts: parts).harvest(tracker)
        parts.engine = NotingEngine(isBusy: true)
        let machine = VirtualMachine(parts: parts)
        try machine.run()
        machine.memory.store(8192, UInt8(1))
        #expect(throws: PauseTimeout.self) {
            try machine.harvest(tracker, into: pages, within: .milliseconds(1)) { Issue.record("the guest runs") }
        }
        #expect(pages[0].isEmpty && tracker.count == 1)
    }
}
