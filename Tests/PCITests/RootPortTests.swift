import ByteCoding
import GuestMemory
import MachineModel
import Testing

@testable import PCI

struct RootPortTests {
    private static let (port, card) = (PCIBench.portPlace, PCIBench.cardPlace)
    private let bench: PCIBench

    init() throws { bench = try PCIBench() }

    @Test func onlyTheRootPortIsFoundWhileTheSlotIsEmpty() {
        for bus in 0..<UInt64(PCI.busCount) {
            for device in 0..<32 as Range<UInt64> {
                for function in 0..<8 as Range<UInt64> {
                    let place = bus << 20 | device << 15 | function << 12
                    #expect(bench.read(place, 0) == (place == Self.port ? 0x000c_1b36 : 0xffff_ffff))
                }
            }
        }
    }

    @Test func theSlotIsFoundAsOneThatASoftwareCanEmpty() {
        // A bridge with a PCI Express capability of a root port with a slot.
        #expect(bench.read(Self.port, 0x08) >> 8 == 0x060400)
        #expect(bench.read(Self.port, 0x0e, width: 1) == 1)
        #expect(bench.read(Self.port, 0x06, width: 2) & 0x10 != 0)
        let capability = bench.read(Self.port, 0x34, width: 1)
        #expect(bench.read(Self.port, capability) == 0x0142_0010)
        // Attention button, power controller, indicators, hot-plug; no surprise.
        #expect(bench.read(Self.port, capability + 0x14) & 0x7f == 0x5b)
    }

    @Test func theCardIsFoundBehindThePortAndHasPorts() {
        bench.port.insertCard()
        #expect(bench.read(Self.card, 0) == 0xffff_ffff, "the bus has no number")
        bench.enable()
        #expect(bench.read(Self.card, 0) == 0x2000_1022)
        #expect(bench.read(Self.card | 1 << 15, 0) == 0xffff_ffff)
        #expect(bench.read(Self.port, 0x52, width: 2) & 0x2000 != 0, "the link is up")
        bench.write(Self.card, 0x10, 0xffff_ffff)
        #expect(bench.read(Self.card, 0x10) == 0xffff_ffe1)
        for register in stride(from: 0x14, to: 0x28, by: 4) as StrideTo<UInt64> {
            bench.write(Self.card, register, 0xffff_ffff)
            #expect(bench.read(Self.card, register) == 0)
        }
    }

    @Test func portsReachTheCardOnlyThroughAnOpenBridge() {
        bench.port.insertCard()
        bench.enable()
        #expect(bench.ports.load(offset: PCIBench.portBase, width: 1) == UInt64(PCIBench.mac[0]))
        #expect(bench.ports.load(offset: PCIBench.portBase + 32, width: 1) == 0xff)
        bench.write(Self.port, 0x04, 0x0006, width: 2)
        #expect(bench.ports.load(offset: PCIBench.portBase, width: 2) == 0xffff)
        bench.write(Self.port, 0x04, 0x0007, width: 2)
        bench.write(Self.port, 0x1c, 0x2020, width: 2)
        #expect(bench.ports.load(offset: PCIBench.portBase, width: 4) == 0xffff_ffff)
    }

    @Test func theButtonInterruptsAndTheCardLeavesOnceItIsGivenUp() {
        bench.port.insertCard()
        bench.enable()
        bench.write(Self.port, 0x58, 0x0029, width: 2)
        bench.write(Self.port, 0x5a, 0x0109, width: 2)
        #expect(!bench.wire.isHigh)
        bench.port.pressAttentionButton()
        #expect(bench.wire.isHigh)
        #expect(bench.read(Self.port, 0x5a, width: 2) == 0x41)
        // One store for both registers, as wide as a driver may make it.
        bench.write(Self.port, 0x58, 0x0109_07c0)
        #expect(!bench.port.isOccupied)
        #expect(bench.releaseCount == 1)
        #expect(bench.read(Self.card, 0) == 0xffff_ffff)
        #expect(bench.ports.load(offset: PCIBench.portBase, width: 2) == 0xffff)
        #expect(bench.read(Self.port, 0x5a, width: 2) == 0x108, "card and link are gone")
    }

    /// A second press would take the first one back.
    @Test func aGuestThatIsAboutToGiveTheCardUpIsNotAskedAgain() {
        bench.port.insertCard()
        bench.write(Self.port, 0x58, 0x0200, width: 2)
        bench.write(Self.port, 0x5a, 0x0109, width: 2)
        bench.port.pressAttentionButton()
        #expect(bench.read(Self.port, 0x5a, width: 2) == 0x40)
    }

    @Test func aResetEmptiesTheSlot() {
        bench.port.insertCard()
        bench.enable()
        bench.port.resetToPowerOn()
        #expect(!bench.port.isOccupied)
        #expect(bench.releaseCount == 1)
        #expect(bench.read(Self.port, 0x18) == 0)
        #expect(!bench.wire.isHigh)
    }

    // MARK: State

    private func saved() -> [UInt8] {
        var writer = ByteWriter()
        bench.port.saveState(to: &writer)
        return writer.bytes
    }

    @Test func theStateMovesToAnotherPort() throws {
        bench.enable()
        bench.write(Self.port, 0x58, 0x0129, width: 2)
        bench.port.pressAttentionButton()
        let other = try PCIBench()
        var reader = ByteReader(saved())
        try other.port.prepareLoad(from: &reader)()
        for register in 0..<UInt64(256) {
            #expect(other.read(Self.port, register, width: 1) == bench.read(Self.port, register, width: 1))
        }
        #expect(other.wire.isHigh)
    }

    /// In the order of the bytes: the registers, Slot Control, the events, whether there is a card.
    @Test(arguments: [
        (0, 0x37, "pcie-root-port.config"), (256, 0x80, "pcie-root-port.slot-control"),
        (258, 0x80, "pcie-root-port.slot-events"), (260, 1, "pcie-root-port.slot-occupied"),
    ])
    func aStateThatThePortCannotBeInIsRefused(place: Int, byte: UInt8, field: String) throws {
        var bytes = saved()
        bytes[place] = byte
        var reader = ByteReader(bytes)
        let error = #expect(throws: DeviceStateError.self) { _ = try bench.port.prepareLoad(from: &reader) }
        guard case .invalid(let found, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found == field)
    }

    @Test func aStateThatEndsTooSoonIsRefused() {
        let bytes = saved()
        for count in [0, 255, 256, 257, 259, 260] {
            var reader = ByteReader(Array(bytes.prefix(count)))
            #expect(throws: DeviceStateError.self) { _ = try bench.port.prepareLoad(from: &reader) }
        }
    }

    @Test func aSlotWithACardIsNoStateToMove() {
        bench.port.insertCard()
        var reader = ByteReader(saved())
        #expect(throws: DeviceStateError.invalid(field: "pcie-root-port.slot-occupied", value: "1")) {
            _ = try bench.port.prepareLoad(from: &reader)
        }
    }
}
