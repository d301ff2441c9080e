import GuestMemory
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import DirtyRate

/// The dirty rate while pages of the guest's RAM are missing, and do not come: of a machine that is refused them, and of one
/// that waits for them in the kernel.
@Suite(.serialized) struct MissingMemoryTests {
    enum Kind: CaseIterable { case refusing, waiting }

    private let machine: VirtualMachine
    private let monitor: DirtyRateMonitor
    private let asked = Counted()
    private let pages: MissingPages

    private final class Counted: Sendable {
        private let value = Mutex(0)
        var count: Int { value.withLock { $0 } }
        func add() { value.withLock { $0 += 1 } }
    }

    init() throws {
        machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: 16 << 20))
        monitor = DirtyRateMonitor(machine: machine)
        pages = try MissingPages(machine.memory)
        for page in 0..<4096 { machine.memory.store(UInt64(page * targetPageSize), UInt64(page)) }
    }

    /// From here on the pages from `first` on are missing.
    private func begin(_ kind: Kind, from first: Int) throws {
        let missing = try machine.memory.makePageSets()
        missing[0].insert(contentsOf: first..<4096)
        let asked = asked
        let residency = try PageResidency(of: machine.memory, missing: missing) { _ in asked.add() }
        switch kind {
        case .refusing: machine.memory.beginResidency(residency)
        case .waiting: try pages.begin(residency, missing: missing)
        }
    }

    private func end() {
        monitor.shutDown()
        // Whoever waits, against all that is expected here, must not do so for ever.
        pages.end()
        machine.shutDown()
    }

    @Test(arguments: Kind.allCases) func whatIsHereIsMeasured(kind: Kind) throws {
        defer { end() }
        try begin(kind, from: 2048)
        try monitor.calculate(seconds: 1)
        var value: UInt64 = 0
        _ = wait {
            value += 1
            for page in 0..<2048 { machine.memory.store(UInt64(page * targetPageSize), value << 32) }
            return monitor.dirtyRate.status == .measured
        }
        let rate = try #require(monitor.dirtyRate.dirtyRate, "it waits for a page")
        // Half of the memory, once a second; on a busy machine a second may become longer.
        #expect((2...8).contains(rate))
        #expect(asked.count == 0)
    }

    @Test(arguments: Kind.allCases) func withNothingHereThereIsNoFigure(kind: Kind) throws {
        defer { end() }
        try begin(kind, from: 0)
        #expect(throws: DirtyRateError.nothingToSample) { try monitor.calculate(seconds: 1) }
        #expect(monitor.dirtyRate.status == .unstarted)
        #expect(monitor.dirtyRate.dirtyRate == nil)
        try monitor.calculate(seconds: 1, mode: .dirtyBitmap)
        #expect(monitor.measured().dirtyRate == 0)
        #expect(asked.count == 0)
    }

    /// The guest moves here before its memory, in the middle of a measurement.
    @Test(arguments: Kind.allCases) func whereMemoryWasTakenAwayInBetweenTheResultBeforeStands(kind: Kind) throws {
        defer { end() }
        try monitor.calculate(seconds: 1)
        let before = monitor.measured()
        #expect(before.dirtyRate == 0)
        try monitor.calculate(seconds: 1)
        try begin(kind, from: 1024)
        // Again and again, as it is not known when the measurement really begins.
        _ = wait {
            if asked.count > 0 { return true }
            machine.memory.giveBack(7..<8, ofBlock: 0)
            return monitor.dirtyRate.status == .measured
        }
        try #require(asked.count == 0, "it waits for a page")
        #expect(monitor.measured() == before)
        try monitor.calculate(seconds: 1)
        #expect(monitor.measured().dirtyRate == 0)
        #expect(asked.count == 0)
    }
}
