import Environment
import Glibc
import MachineModel
import SystemCalls
import Testing

@testable import EngineRISCV

/// A device in which a load stays until it is let go.
private final class StickyDevice: MemoryMappedDevice {
    let range: Range<UInt64> = 0x1000_0000..<0x1000_1000
    private struct State {
        var entered = 0
        var isOpen = false
    }
    private let state = ThreadGate(State())
    /// What a load takes at least.
    private let microseconds: UInt32

    init(microseconds: UInt32 = 0) { self.microseconds = microseconds }

    func load(offset: UInt64, width: Int) -> UInt64 {
        state.withLock { $0.entered += 1 }
        _ = state.wait { $0.isOpen ? true : nil }
        usleep(microseconds)
        return 7
    }
    func store(offset: UInt64, width: Int, value: UInt64) {}
    func open() { state.withLock { $0.isOpen = true } }
    func awaitEntry() -> Bool {
        state.wait(until: SystemClock().now() + .seconds(20)) { $0.entered > 0 ? true : nil } == true
    }
    var entered: Int { state.withLock { $0.entered } }
}

@Suite struct StuckHartTests {
    /// Hart 0 loads from the device and counts in x5 afterwards; the others count in x5 at once.
    private static let program: [UInt32] = [
        Assemble.csr(8, 2, 0xf14, 0),  // csrr s0, mhartid
        0x0004_1663,  // bnez s0, +12
        Assemble.lui(6, 0x10000), Assemble.ld(7, 6, 8),
        Assemble.addi(5, 5, 1), Assemble.jumpBack(1),
    ]

    private func bench(_ device: StickyDevice) throws -> TestBench {
        let bench = try TestBench(Self.program, harts: 2, devices: [device])
        bench.engine.reset((0..<2).map { _ in HartReset(pc: TestBench.base, privilege: .machine) })
        bench.engine.resume()
        #expect(device.awaitEntry())
        return bench
    }

    private func soon(_ milliseconds: UInt64) -> Nanoseconds { SystemClock().now() + .milliseconds(milliseconds) }

    @Test func aPauseThatADeviceKeepsFromHappeningIsWithdrawnAndNamesTheHart() throws {
        let device = StickyDevice()
        let bench = try bench(device)
        for _ in 0..<5 {
            let timeout = #expect(throws: PauseTimeout.self) { try bench.engine.pause(until: soon(20)) }
            #expect(timeout?.busy == [PauseTimeout.Busy(vCPU: 0, deviceAddress: 0x1000_0008)])
            // The hart that stood already runs again.
            let retired = bench.engine.retiredInstructions
            let deadline = soon(20_000)
            while bench.engine.retiredInstructions == retired, SystemClock().now() < deadline { sched_yield() }
            #expect(bench.engine.retiredInstructions > retired)
        }
        device.open()
        try bench.engine.pause(until: soon(20_000))
        #expect(bench.register(7) == 7, "what the guest asked for has arrived")
        let counts = (0..<2).map { bench.register(5, hart: $0) }
        usleep(20_000)
        #expect((0..<2).map { bench.register(5, hart: $0) } == counts, "all harts stand")
        let deadline = soon(20_000)
        repeat {
            bench.engine.resume()
            usleep(2000)
            try bench.engine.pause(until: soon(20_000))
        } while bench.register(5, hart: 1) == counts[1] && SystemClock().now() < deadline
        #expect(bench.register(5, hart: 1) > counts[1])
    }

    @Test func pausesBesideAHartThatComesAndGoesLoseNoHart() throws {
        let device = StickyDevice(microseconds: 200)
        device.open()
        let program: [UInt32] = [
            Assemble.lui(6, 0x10000), Assemble.ld(7, 6, 8), Assemble.addi(5, 5, 1), Assemble.jumpBack(2),
        ]
        let bench = try TestBench(program, harts: 2, devices: [device])
        bench.engine.reset((0..<2).map { _ in HartReset(pc: TestBench.base, privilege: .machine) })
        bench.engine.resume()
        var withdrawn = 0
        for _ in 0..<1000 {
            // Less time than the device takes as a rule: withdrawn while the harts are on their way.
            guard (try? bench.engine.pause(until: SystemClock().now() + Nanoseconds(20_000))) == nil else {
                bench.engine.resume()
                continue
            }
            withdrawn += 1
        }
        #expect(withdrawn > 0)
        try bench.engine.pause(until: soon(20_000))
        let counts = (0..<2).map { bench.register(5, hart: $0) }
        #expect(counts.allSatisfy { $0 > 0 })
        usleep(5000)
        #expect((0..<2).map { bench.register(5, hart: $0) } == counts)
    }

    @Test func aRetiredEngineNeverRunsAgainAndNobodyWaitsForAHart() throws {
        let device = StickyDevice()
        let bench = try bench(device)
        let start = SystemClock().now()
        bench.engine.retire()
        bench.engine.resume()
        #expect(SystemClock().now() - start < .seconds(1))
        #expect(throws: PauseTimeout.self) { try bench.engine.pause(until: soon(20)) }
        #expect(!bench.engine.shutDown(until: soon(20)), "hart 0 is still in the device")
        device.open()
        try bench.engine.pause(until: soon(20_000))
        let counts = (0..<2).map { bench.register(5, hart: $0) }
        #expect(counts[0] <= UInt64(HartLimits.sliceLength), "it stood in the slice in which it came back")
        bench.engine.resume()
        usleep(5000)
        #expect((0..<2).map { bench.register(5, hart: $0) } == counts)
        #expect(device.entered == 1)
    }
}
