import Foundation
import GuestMemory
import MachineModel
import Synchronization
import Testing

@testable import EngineRISCV

/// The engine's own SBI, called as a kernel calls it.
@Suite struct SupervisorCallTests {
    /// Calls `function` of `extension` with up to three arguments, and leaves the answer in a0 and a1.
    private func call(_ bench: TestBench, _ identifier: UInt64, _ function: UInt64, _ arguments: [UInt64]) throws -> (
        error: Int64, value: UInt64
    ) {
        let hart = try #require(bench.engine.savedDevices.first as? Hart)
        hart.state.pointee.pc = TestBench.base
        let x = hart.state.pointee.x
        x[17] = identifier
        x[16] = function
        for (index, argument) in arguments.enumerated() { x[UInt8(10 + index)] = argument }
        bench.run(1)
        return (Int64(bitPattern: x[10]), x[11])
    }

    private func bench(harts: Int = 1) throws -> TestBench {
        try TestBench([Assemble.ecall, Assemble.loop], harts: harts, supervisor: true)
    }

    @Test func baseTellsVersionAndExtensions() throws {
        let bench = try bench()
        #expect(try call(bench, 0x10, 0, []) == (0, 2 << 24))
        #expect(try call(bench, 0x10, 3, [0x5449_4d45]) == (0, 1))
        #expect(try call(bench, 0x10, 3, [0x1234]) == (0, 0))
        #expect(try call(bench, 0x1234, 0, []).error == -2)
        #expect(try call(bench, 0x5449_4d45, 1, []).error == -2)
    }

    @Test func timerBecomesPendingWhenItsTimeHasCome() throws {
        let bench = try bench()
        let hart = try #require(bench.engine.savedDevices.first as? Hart)
        #expect(try call(bench, 0x5449_4d45, 0, [.max]).error == 0)
        #expect(hart.pendingInterrupts() & InterruptBits.stip == 0)
        #expect(try call(bench, 0x5449_4d45, 0, [0]).error == 0)
        #expect(hart.pendingInterrupts() & InterruptBits.stip != 0)
    }

    @Test func hartsAreStartedStoppedAndCounted() throws {
        let bench = try bench(harts: 2)
        #expect(try call(bench, 0x48_534d, 2, [1]) == (0, 1))
        #expect(try call(bench, 0x48_534d, 2, [2]).error == -3)
        #expect(try call(bench, 0x48_534d, 0, [0, TestBench.base, 0]).error == -6)
        #expect(try call(bench, 0x48_534d, 0, [1, 0x10, 0]).error == -5)
        #expect(try call(bench, 0x48_534d, 0, [1, TestBench.base + 4, 99]).error == 0)
        _ = bench.engine.run(hart: 1, atMost: 10)
        #expect(bench.register(10, hart: 1) == 1)
        #expect(bench.register(11, hart: 1) == 99)
        #expect(try call(bench, 0x48_534d, 2, [1]) == (0, 0))
    }

    @Test func interruptsReachTheHartsOfTheMask() throws {
        let bench = try bench(harts: 3)
        #expect(try call(bench, 0x73_5049, 0, [0b10, 1]).error == 0)
        #expect(bench.inputs.map { $0.levels } == [0, 0, 2])
        #expect(try call(bench, 0x73_5049, 0, [0b100, 1]).error == -3)
        #expect(try call(bench, 0x73_5049, 0, [0, .max]).error == 0)
        #expect(bench.inputs.map { $0.levels } == [2, 2, 2])
    }

    @Test func fencesReachHartsThatDoNotRun() throws {
        let bench = try bench(harts: 2)
        #expect(try call(bench, 0x5246_4e43, 0, [0b11, 0]).error == 0)
        #expect(try call(bench, 0x5246_4e43, 1, [0, .max, 0]).error == 0)
        let other = try #require(bench.engine.savedDevices.last as? Hart)
        #expect(other.remoteFences.load(ordering: .relaxed) == RemoteFence.instructions | RemoteFence.translations)
    }

    @Test func consoleTextComesOutAndItsAddressIsChecked() throws {
        let bench = try bench()
        bench.memory.write(TestBench.base + 0x2000, bytes: Array("hello".utf8))
        #expect(try call(bench, 0x4442_434e, 0, [5, TestBench.base + 0x2000, 0]) == (0, 5))
        #expect(try call(bench, 0x4442_434e, 2, [0x21]).error == 0)
        #expect(bench.log.console == Array("hello!".utf8))
        #expect(try call(bench, 0x4442_434e, 0, [5, 0x2000, 0]).error == -3)
    }

    @Test func resetStopsTheHartAndAsksTheMachine() throws {
        let bench = try bench()
        #expect(try call(bench, 0x5352_5354, 0, [7, 0]).error == -3)
        _ = try call(bench, 0x5352_5354, 0, [0, 0])
        #expect(bench.log.requests == [.powerOff])
        #expect(bench.run(100) == 0)
    }

    @Test func interruptsOfRunningHartsArriveAndFencesAreAnswered() throws {
        // Hart 0 starts hart 1, which counts at 0x80001000; then it fences hart 1 again and again and counts in x20.
        let starter: [UInt32] = [
            Assemble.lui(17, 0x485), Assemble.addi(17, 17, 0x34d), Assemble.addi(16, 0, 0), Assemble.addi(10, 0, 1),
            Assemble.auipc(11, 1), Assemble.addi(11, 11, 0x7f0), Assemble.ecall,
            // RFENCE, sfence.vma
            Assemble.lui(17, 0x52465), Assemble.addi(17, 17, -0x1bd), Assemble.addi(16, 0, 1),
            Assemble.addi(10, 0, 2), Assemble.addi(11, 0, 0), Assemble.ecall, Assemble.addi(20, 20, 1),
            Assemble.jumpBack(4),
        ]
        let bench = try TestBench(starter, harts: 2, supervisor: true)
        bench.load(
            [Assemble.auipc(6, 1), Assemble.addi(5, 5, 1), Assemble.sd(5, 6, 0), Assemble.jumpBack(2)],
            at: TestBench.base + 0x1800)
        bench.engine.resume()
        while bench.engine.retiredInstructions < 2_000_000 { sched_yield() }
        bench.engine.pause()
        #expect(bench.register(5, hart: 1) > 0)
        #expect(bench.register(20) > 0)
    }
}
