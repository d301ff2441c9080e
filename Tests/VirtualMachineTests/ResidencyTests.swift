import Environment
import Glibc
import GuestMemory
import MachineModel
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing

@testable import VirtualMachine

/// A riscv64 machine whose RAM comes page by page.
final class PartialBoard: @unchecked Sendable {
    // SAFETY: nothing changes after init but what is in a gate.
    let printed = PrintedText()
    let machine: VirtualMachine
    private let kernel: TemporaryFile
    private let truth: [UInt8]
    private let asked: ThreadGate<(pages: [Int], placed: Int, isEnded: Bool)>
    let residency: PageResidency

    static let garbage: UInt8 = 0xa5

    /// All of RAM is to come, with what `prepare` puts there.
    init(_ program: [UInt32], prepare: (VirtualMachine) -> Void = { _ in }) throws {
        kernel = try TemporaryFile(KernelImage.bytes(of: program))
        var configuration = RISCVMachineConfiguration(memorySize: 8 << 20, kernel: kernel.path)
        let printed = printed
        configuration.console = { printed.append($0) }
        let counted = Counted()
        self.counted = counted
        var parts = try RISCVMachine(configuration).parts
        let powerOn = parts.resetToPowerOn
        parts.resetToPowerOn = {
            counted.resets.withLock { $0 += 1 }
            powerOn()
        }
        machine = VirtualMachine(parts: parts)
        prepare(machine)
        let ram = parts.memory.blocks[0]
        truth = parts.memory.read(ram.guestAddress, count: ram.size) ?? []
        parts.memory.write(ram.guestAddress, bytes: [UInt8](repeating: Self.garbage, count: ram.size))
        let missing = try parts.memory.makePageSets()
        missing[0].insertAll()
        let asked = ThreadGate((pages: [Int](), placed: 0, isEnded: false))
        self.asked = asked
        residency = try PageResidency(of: parts.memory, missing: missing) { place in
            asked.withLock { $0.pages.append(place.page) }
        }
        try machine.beginResidency(residency)
    }

    private let counted: Counted
    private final class Counted: Sendable { let resets = Mutex(0) }
    var resetCount: Int { counted.resets.withLock { $0 } }

    deinit { machine.shutDown() }

    func awaitRequest() -> Bool {
        asked.wait(until: SystemClock().now() + .seconds(20)) { $0.pages.isEmpty ? nil : true } == true
    }

    func place(_ pages: Range<Int>) {
        let range = pages.lowerBound * targetPageSize..<pages.upperBound * targetPageSize
        UnsafeMutableRawBufferPointer(start: machine.memory.blocks[0].base + range.lowerBound, count: range.count)
            .copyBytes(from: truth[range])
        residency.notePlaced(pages, ofBlock: 0)
    }

    /// Places the rest of RAM.
    func placeAll() {
        for page in 0..<machine.memory.blocks[0].pageCount where !residency.isPresent(page, ofBlock: 0) {
            place(page..<page + 1)
        }
    }

    /// Brings pages as they are asked for, until `endService`.
    func serve() throws -> Thread {
        try Thread(name: "page source") { [asked, unowned self] in
            while true {
                let next = asked.wait { state -> Int?? in
                    if state.isEnded { return .some(nil) }
                    guard state.placed < state.pages.count else { return nil }
                    defer { state.placed += 1 }
                    return state.pages[state.placed]
                }
                guard let page = next ?? nil else { return }
                place(page..<page + 1)
            }
        }
    }

    func endService() { asked.withLock { $0.isEnded = true } }
    var requestCount: Int { asked.withLock { $0.pages.count } }
}

@Suite struct ResidencyTests {
    @Test func aGuestRunsFromPagesThatComeAsItNeedsThem() throws {
        let board = try PartialBoard(RISCVProgram.counting)
        try board.machine.run()
        let server = try board.serve()
        #expect(board.printed.wait(for: 100).map { $0.prefix(100) } == RISCVProgram.expected(100)[...])
        board.endService()
        server.join()
        #expect((1...8).contains(board.requestCount))
        board.placeAll()
        board.machine.endResidency()
        #expect(!board.machine.memory.isPartial)
        let before = board.printed.all.count
        let more = board.printed.wait(for: before + 100) ?? []
        #expect(more == RISCVProgram.expected(more.count))
        #expect(more.count >= before + 100)
    }

    @Test func whatIsAskedOfAMachineHappensAtOnceWhileItsGuestWaitsForAPage() throws {
        let board = try PartialBoard(RISCVProgram.counting)
        let machine = board.machine
        try machine.run()
        #expect(board.awaitRequest())
        let start = SystemClock().now()
        let tracker = try machine.memory.makeTracker()
        for _ in 0..<20 {
            try machine.stopByCommand()
            #expect(machine.runState == .paused)
            try machine.continueByCommand()
            let pages = try machine.memory.makePageSets()
            try machine.harvest(tracker, into: pages, within: .seconds(5)) { #expect(pages[0].isEmpty) }
            #expect(try machine.pauseBriefly(within: .seconds(5)) { machine.saveDeviceBlob() }.count > 0)
            #expect(machine.parts.lock.withLock { true } == true)
        }
        #expect(machine.health == MachineHealth())
        #expect(throws: SystemError.self) { try machine.prepareSnapshot(leavingOutShared: false) }
        machine.shutDown()
        #expect(SystemClock().now() - start < .seconds(20))
        #expect(board.requestCount == 1)
        #expect(board.printed.all.isEmpty)
    }

    @Test func aGuestThatWaitsIsRetiredAtOnce() throws {
        let board = try PartialBoard(RISCVProgram.counting)
        try board.machine.run()
        #expect(board.awaitRequest())
        board.machine.retire()
        board.placeAll()
        board.machine.endResidency()
        #expect(throws: RunStateError.self) { try board.machine.run() }
        #expect(board.printed.all.isEmpty)
    }

    @Test func aResetByCommandIsRefusedAsLongAsItMayNotWriteToRAM() throws {
        let board = try PartialBoard(RISCVProgram.counting)
        let machine = board.machine
        let command = MachineEvent.reset(guest: false, reason: "host-qmp-system-reset")
        let events = ThreadGate<[MachineEvent]>([])
        machine.setEventHandler { event in events.withLock { $0.append(event) } }
        try machine.run()
        #expect(board.awaitRequest())
        let resets = board.resetCount
        let pages = machine.memory.blocks[0].pageCount
        #expect(throws: RunStateError(current: .running, wanted: .running, obstacle: .missingPages(pages))) {
            try machine.resetByCommand()
        }
        try machine.stopByCommand()
        #expect(throws: RunStateError(current: .paused, wanted: .running, obstacle: .missingPages(pages))) {
            try machine.resetByCommand()
        }
        board.placeAll()
        machine.endResidency()
        #expect(machine.runState == .paused)
        try machine.resetByCommand()
        #expect(machine.runState == .prelaunch)
        #expect(board.resetCount == resets + 1)
        #expect(events.withLock { $0 } == [.resume, .stop, command])
    }

    @Test func aResetThatTheGuestAsksForIsPutOffUntilItMayWriteToRAM() throws {
        let board = try PartialBoard(RISCVProgram.counting)
        let machine = board.machine
        let guestReset = MachineEvent.reset(guest: true, reason: "guest-reset")
        let events = ThreadGate<[MachineEvent]>([])
        machine.setEventHandler { event in events.withLock { $0.append(event) } }
        try machine.run()
        #expect(board.awaitRequest())
        let resets = board.resetCount
        machine.reset(guest: true, reason: "guest-reset")
        machine.reset(guest: true, reason: "guest-reset")
        try machine.stopByCommand()
        try machine.continueByCommand()
        #expect(events.withLock { $0 } == [.resume, .stop, .resume], "nothing is told that has not happened")
        #expect(board.resetCount == resets)
        #expect(board.machine.memory.blocks[0].base.load(as: UInt8.self) == PartialBoard.garbage)
        let server = try board.serve()
        #expect(board.printed.wait(for: 70) != nil)
        #expect(board.resetCount == resets)
        board.endService()
        server.join()
        board.placeAll()
        machine.endResidency()
        // From the start of the cycle again.
        let deadline = SystemClock().now() + .seconds(20)
        #expect(events.wait(until: deadline) { $0.last == guestReset ? true : nil } == true)
        #expect(board.resetCount == resets + 1)
        let before = board.printed.all.count
        #expect(board.printed.wait(for: before + 70) != nil)
        #expect(events.withLock { $0 } == [.resume, .stop, .resume, guestReset])
        #expect(machine.runState == .running)
    }

    /// Whichever of the two is first.
    @Test func aResetThatIsAskedForAsTheLastPageComesHappensOnce() throws {
        let machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: 1 << 20))
        let resets = ThreadGate(0)
        machine.setEventHandler { event in if case .reset = event { resets.withLock { $0 += 1 } } }
        for round in 1...200 {
            let residency = try PageResidency(of: machine.memory, missing: machine.memory.makePageSets()) { _ in }
            machine.memory.beginResidency(residency)
            let ending = try Thread(name: "last page") { machine.endResidency() }
            machine.reset(guest: true, reason: "guest-reset")
            ending.join()
            try #require(resets.wait(until: SystemClock().now() + .seconds(20)) { $0 == round ? true : nil } == true)
        }
        machine.shutDown()
        #expect(resets.withLock { $0 } == 200)
    }
}
