import MachineModel
import PacketPath
import Testing

@testable import PCI

/// A guest that does anything with anything: nothing traps, what is read-only stays, and the slot keeps its rules.
struct HostileGuestTests {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }
    private static let widths = [1, 2, 4, 8]

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func anyAccessIsHarmless(seed: UInt64) throws {
        let bench = try PCIBench()
        var random = Generator(state: seed)
        for round in 0..<40_000 {
            access(bench, &random)
            switch round % 1000 {
            case 0: bench.port.insertCard()
            case 300: bench.port.pressAttentionButton()
            case 500: bench.startDriver(mode: UInt16.random(in: 0...UInt16.max, using: &random))
            default: bench.network.deliver(PCIBench.frame(Int.random(in: 0...2000, using: &random) + 6))
            }
        }
        #expect(bench.read(PCIBench.portPlace, 0) == 0x000c_1b36)
        #expect(bench.read(PCIBench.portPlace, 0x0e, width: 1) == 1)
        #expect(bench.read(PCIBench.portPlace, 0x40) == 0x0142_0010)
        let status = bench.read(PCIBench.portPlace, 0x5a, width: 2)
        #expect((status & 0x40 != 0) == bench.port.isOccupied)
        #expect(bench.releaseCount > 0, "the card left its slot now and then")
    }

    private func access(_ bench: PCIBench, _ random: inout Generator) {
        let window = bench.host.windows[Int.random(in: 0..<3, using: &random)]
        let width = Self.widths[Int.random(in: 0..<4, using: &random)]
        let last = UInt64(window.range.count) - UInt64(width)
        // Mostly where something is.
        let offset: UInt64 =
            switch (Int.random(in: 0..<4, using: &random), window === bench.configuration, window === bench.ports) {
            case (0, _, _), (_, false, false): UInt64.random(in: 0...last, using: &random)
            case (1, true, _): PCIBench.cardPlace + UInt64.random(in: 0..<4096, using: &random)
            case (_, true, _): PCIBench.portPlace + UInt64.random(in: 0..<0x80, using: &random)
            default: PCIBench.portBase + UInt64.random(in: 0..<64, using: &random)
            }
        let value: UInt64 =
            Bool.random(using: &random) ? random.next() : UInt64.random(in: 0...0xffff, using: &random)
        if Bool.random(using: &random) {
            window.store(offset: offset, width: width, value: value)
        } else {
            let loaded = window.load(offset: offset, width: width)
            #expect(loaded <= allOnes(width: width))
        }
    }
}
