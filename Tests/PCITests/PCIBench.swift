import GuestMemory
import MachineModel
import PacketPath

@testable import PCI

final class Wire: InterruptController, @unchecked Sendable {
    var isHigh = false
    func setLevel(source: Int, _ high: Bool) { isHigh = high }
}

/// A host with one root port and a network card that belongs into its slot, a small RAM, and the guest's side of it all.
final class PCIBench {
    static let ramBase: UInt64 = 0x8000_0000
    static let mac: [UInt8] = [0x52, 0x54, 0, 1, 2, 3]
    /// Where the root port and, once the bus has its number, the card are in configuration space.
    static let portPlace: UInt64 = 1 << 15
    static let cardPlace: UInt64 = 1 << 20
    static let portBase: UInt64 = 0x1000
    private static let initBlock = ramBase + 0x100
    static let receiveRing = ramBase + 0x200
    static let transmitRing = ramBase + 0x400

    let memory: GuestMemory
    let network = RecordingBackend()
    let wire = Wire()
    let card: PCNetCard
    let port: RootPort
    let host: PCIHost
    private let counts = Counts()

    init() throws {
        memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: Self.ramBase, size: 1 << 16)])
        let counts = counts
        card = PCNetCard(mac: Self.mac, backend: network, memory: memory, lock: MachineLock()) { counts.starts += 1 }
        port = RootPort(index: 0, card: card, line: InterruptLine(controller: wire, source: 1)) {
            counts.releases += 1
        }
        host = PCIHost(ecam: 0, portsBase: 1 << 40, memoryBase: 1 << 41, ports: [port])
        try card.start()
    }

    private final class Counts: @unchecked Sendable {
        var releases = 0
        var starts = 0
    }
    /// How often the guest gave the card up, and how often its driver started it.
    var releaseCount: Int { counts.releases }
    var startCount: Int { counts.starts }

    var configuration: any MemoryMappedDevice { host.windows[0] }
    var ports: any MemoryMappedDevice { host.windows[1] }

    func read(_ place: UInt64, _ offset: UInt64, width: Int = 4) -> UInt64 {
        configuration.load(offset: place + offset, width: width)
    }
    func write(_ place: UInt64, _ offset: UInt64, _ value: UInt64, width: Int = 4) {
        configuration.store(offset: place + offset, width: width, value: value)
    }

    /// What a kernel does for a card in the slot: numbers the bus, opens the bridge, gives the card its ports.
    func enable() {
        write(Self.portPlace, 0x18, 0x01_0100)
        write(Self.portPlace, 0x1c, 0x1010, width: 2)
        write(Self.portPlace, 0x04, 0x0007, width: 2)
        write(Self.cardPlace, 0x10, Self.portBase)
        write(Self.cardPlace, 0x04, 0x0005, width: 2)
    }

    /// The card's registers, as a driver reaches them.
    func readRegister(_ index: Int) -> UInt16 {
        ports.store(offset: Self.portBase + 0x12, width: 2, value: UInt64(index))
        return UInt16(ports.load(offset: Self.portBase + 0x10, width: 2))
    }
    func writeRegister(_ index: Int, _ value: UInt16) {
        ports.store(offset: Self.portBase + 0x12, width: 2, value: UInt64(index))
        ports.store(offset: Self.portBase + 0x10, width: 2, value: UInt64(value))
    }

    /// Starts the card with two receive and two transmit descriptors, all the driver's, and buffers of 1600 bytes.
    func startDriver(mode: UInt16 = 0) {
        enable()
        _ = ports.load(offset: Self.portBase + 0x14, width: 2)
        ports.store(offset: Self.portBase + 0x12, width: 2, value: 20)
        ports.store(offset: Self.portBase + 0x16, width: 2, value: 2)
        memory.write(Self.initBlock, bytes: [UInt8(mode & 0xff), UInt8(mode >> 8), 1 << 4, 1 << 4] + Self.mac)
        memory.store(Self.initBlock + 20, UInt32(Self.receiveRing))
        memory.store(Self.initBlock + 24, UInt32(Self.transmitRing))
        for index in 0..<2 as Range<UInt64> {
            memory.store(Self.receiveRing + 16 * index, UInt32(Self.receiveBuffer(index)))
            memory.store(Self.receiveRing + 16 * index + 4, UInt32(0x1_0000 - 1600))
        }
        writeRegister(1, UInt16(truncatingIfNeeded: Self.initBlock))
        writeRegister(2, UInt16(Self.initBlock >> 16))
        writeRegister(0, 1)
        writeRegister(0, 0x42)
    }

    static func receiveBuffer(_ index: UInt64) -> UInt64 { ramBase + 0x1000 + 0x800 * index }

    /// Gives receive descriptor `index` to the card.
    func offer(_ index: UInt64) { memory.store(Self.receiveRing + 16 * index + 6, UInt16(0x8000)) }

    /// Makes transmit descriptor `index` ready, with the flags of a whole frame unless others are given.
    func ready(_ index: UInt64, _ bytes: [UInt8], flags: UInt16 = 0x8300) {
        let buffer = Self.ramBase + 0x4000 + 0x1000 * index
        memory.write(buffer, bytes: bytes)
        memory.store(Self.transmitRing + 16 * index, UInt32(buffer))
        memory.store(Self.transmitRing + 16 * index + 4, UInt16(truncatingIfNeeded: -bytes.count))
        memory.store(Self.transmitRing + 16 * index + 6, flags)
    }

    /// Tells the card to look at the transmit ring.
    func demand() { writeRegister(0, 0x48) }

    func flags(ofReceive index: UInt64) -> UInt16? { memory.load(Self.receiveRing + 16 * index + 6) }
    func flags(ofTransmit index: UInt64) -> UInt16? { memory.load(Self.transmitRing + 16 * index + 6) }

    static func frame(_ count: Int, to address: [UInt8] = mac) -> [UInt8] {
        address + (address.count..<count).map { UInt8(truncatingIfNeeded: $0) }
    }
}
