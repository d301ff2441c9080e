import GuestMemory
import MachineModel
import PCI
import PacketPath
import QAPI
import Virtio

@testable import Migration
@testable import VirtualMachine

/// A machine of RAM with a failover pair, and what plays its guest: it touches the registers of the standby card and of
/// the slot, as a driver would.
final class FailoverMachine {
    let base: TestMachine
    let pair: FailoverPair
    let standbyNetwork = RecordingBackend()
    let primaryNetwork = RecordingBackend()
    private let slot: VirtioTransport
    private let configuration: any MemoryMappedDevice
    private let ports: any MemoryMappedDevice

    static let mac: [UInt8] = [0x52, 0x54, 0, 1, 2, 3]
    private static let device: UInt64 = 1 << 15

    init(incoming: Bool = false) throws {
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        let controller = Wires()
        let card = VirtioNetwork(mac: Self.mac, backend: standbyNetwork, lock: parts.lock, isStandby: true)
        slot = VirtioTransport(
            base: 0x1000_1000, device: card, memory: parts.memory,
            line: InterruptLine(controller: controller, source: 1))
        pair = FailoverPair(
            id: "net0-primary", index: 0, standby: card, backend: primaryNetwork, memory: parts.memory,
            lock: parts.lock, line: InterruptLine(controller: controller, source: 2))
        let host = PCIHost(ecam: 0, portsBase: 1 << 40, memoryBase: 1 << 41, ports: [pair.port])
        (configuration, ports) = (host.windows[0], host.windows[1])
        parts.savedDevices += [pair.port, slot]
        parts.failoverPairs = [pair]
        parts.networkDevices = [card]
        base = try TestMachine(parts: parts, incoming: incoming)
    }

    var isPlugged: Bool { pair.isPlugged }

    /// The standby card's driver takes the card into use, as a stand-in or not.
    func startDriver(acceptingStandby accepts: Bool = true) {
        atTheDevices {
            for (register, value): (UInt64, UInt64) in [
                (0x70, 3), (0x24, 0), (0x20, 0), (0x24, 1), (0x20, accepts ? 1 | 1 << 30 : 1), (0x70, 11), (0x70, 15),
            ] { slot.store(offset: register, width: 4, value: value) }
        }
    }

    /// The primary card's driver starts it, with rings that are empty.
    func startPrimaryDriver() {
        let (card, base): (UInt64, UInt64) = (1 << 20, 0x1000)
        atTheDevices {
            configuration.store(offset: Self.device + 0x18, width: 4, value: 0x01_0100)
            configuration.store(offset: Self.device + 0x1c, width: 2, value: 0x1010)
            configuration.store(offset: Self.device + 0x04, width: 2, value: 7)
            configuration.store(offset: card + 0x10, width: 4, value: base)
            configuration.store(offset: card + 0x04, width: 2, value: 5)
            // BCR20, then CSR0: the 32-bit style, and go.
            for (register, value): (UInt64, UInt64) in [(0x12, 20), (0x16, 2), (0x12, 0), (0x10, 1), (0x10, 2)] {
                ports.store(offset: base + register, width: 2, value: value)
            }
        }
    }

    /// Whether the attention button was pressed, as Slot Status says.
    var isAsked: Bool { atTheDevices { configuration.load(offset: Self.device + 0x5a, width: 2) } & 1 != 0 }

    /// Switches power and indicators off: the card may be pulled out.
    func giveUpCard() {
        atTheDevices { configuration.store(offset: Self.device + 0x58, width: 4, value: 0x0109_07c0) }
    }

    private func atTheDevices<Result>(_ body: () -> Result) -> Result {
        base.machine.parts.lock.withLockWhileFrozen(body)
    }
}

private final class Wires: InterruptController {
    func setLevel(source: Int, _ high: Bool) {}
}
