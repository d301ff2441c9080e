import ByteCoding
import GuestMemory
import MachineModel
import Synchronization
import Testing

@testable import Virtio

final class Wire: InterruptController, @unchecked Sendable {
    var isHigh = false
    func setLevel(source: Int, _ high: Bool) { isHigh = high }
}

final class Journal: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

/// A descriptor as a test writes it.
struct Buffer {
    var address: UInt64
    var count: UInt32
    var isWritable = false
    var extraFlags: UInt16 = 0
}

/// The guest's side of a device: a driver that sets the device up as virtio 1.2 §3.1.1 says and keeps its rings in a
/// small RAM of its own.
final class Driver {
    static let ramBase: UInt64 = 0x8000_0000
    static let ramSize = 1 << 20
    static let ringStride: UInt64 = 0x8000
    static let bufferBase = ramBase + 0x8_0000

    let memory: GuestMemory
    let transport: VirtioTransport
    let wire = Wire()
    let journal = Journal()
    var freeBuffer = Driver.bufferBase
    var nextDescriptor: [Int: UInt16] = [:]
    var available: [Int: UInt16] = [:]

    init(_ device: any VirtioDevice, deferred: DeferredRequests? = nil) throws {
        memory = GuestMemory(blocks: [
            try RAMBlock(name: "ram", guestAddress: Self.ramBase, size: Self.ramSize)
        ])
        let journal = journal
        transport = VirtioTransport(
            base: 0x1000_1000, device: device, memory: memory, line: InterruptLine(controller: wire, source: 1),
            deferred: deferred, log: { journal.add($0) })
    }

    func read(_ register: UInt64) -> UInt32 { UInt32(transport.load(offset: register, width: 4)) }
    func write(_ register: UInt64, _ value: UInt32) {
        transport.store(offset: register, width: 4, value: UInt64(value))
    }

    func descriptors(_ queue: Int) -> UInt64 { Self.ramBase + UInt64(queue) * Self.ringStride }
    func driverArea(_ queue: Int) -> UInt64 { descriptors(queue) + 0x4000 }
    func deviceArea(_ queue: Int) -> UInt64 { descriptors(queue) + 0x6000 }

    /// Brings the device up with `features` beside VERSION_1.
    func start(features: UInt64 = 0, size: UInt32 = 16) {
        write(0x070, 0)
        write(0x070, 1)
        write(0x070, 3)
        let wanted = features | 1 << 32
        for half: UInt32 in 0..<2 {
            write(0x024, half)
            write(0x020, UInt32(truncatingIfNeeded: wanted >> UInt64(32 * half)))
        }
        write(0x070, 0xb)
        for queue in transport.device.queueSizes.indices { setUpQueue(queue, size: size) }
        write(0x070, 0xf)
    }

    func setUpQueue(_ queue: Int, size: UInt32) {
        write(0x030, UInt32(queue))
        write(0x038, min(size, read(0x034)))
        let areas: [(UInt64, UInt64)] = [
            (0x080, descriptors(queue)), (0x090, driverArea(queue)), (0x0a0, deviceArea(queue)),
        ]
        for (register, address) in areas {
            write(register, UInt32(truncatingIfNeeded: address))
            write(register + 4, UInt32(address >> 32))
        }
        write(0x044, 1)
    }

    /// A piece of memory filled with `bytes`.
    func allocate(_ bytes: [UInt8]) -> UInt64 {
        defer { freeBuffer += UInt64(bytes.count + 63) / 64 * 64 }
        memory.write(freeBuffer, bytes: bytes)
        return freeBuffer
    }

    func setDescriptor(_ table: UInt64, _ index: UInt16, _ buffer: Buffer, next: UInt16?) {
        let address = table + 16 * UInt64(index)
        memory.store(address, buffer.address)
        memory.store(address + 8, buffer.count)
        let flags = (buffer.isWritable ? 2 : 0) | (next == nil ? 0 : 1) | buffer.extraFlags
        memory.store(address + 12, UInt16(flags))
        memory.store(address + 14, next ?? 0)
    }

    /// Writes a chain and makes it available; returns its head.
    @discardableResult
    func add(_ queue: Int, _ buffers: [Buffer]) -> UInt16 {
        let head = nextDescriptor[queue, default: 0]
        for (offset, buffer) in buffers.enumerated() {
            let index = head + UInt16(offset)
            setDescriptor(descriptors(queue), index, buffer, next: offset + 1 < buffers.count ? index + 1 : nil)
        }
        nextDescriptor[queue] = (head + UInt16(buffers.count)) % 16
        publish(queue, head: head)
        return head
    }

    func publish(_ queue: Int, head: UInt16) {
        let index = available[queue, default: 0]
        memory.store(driverArea(queue) + 4 + 2 * UInt64(index % 16), head)
        available[queue] = index &+ 1
        memory.store(driverArea(queue) + 2, index &+ 1)
    }

    func notify(_ queue: Int) { write(0x050, UInt32(queue)) }

    /// What the device gave back: heads and lengths.
    func used(_ queue: Int) -> [UsedElement] {
        let count = memory.load(deviceArea(queue) + 2, as: UInt16.self) ?? 0
        return (0..<count).map { index in
            let address = deviceArea(queue) + 4 + 8 * UInt64(index % 16)
            return UsedElement(
                head: memory.load(address, as: UInt32.self) ?? .max,
                count: memory.load(address + 4, as: UInt32.self) ?? 0)
        }
    }

    var needsReset: Bool { read(0x070) & 0x40 != 0 }

    /// Saves this device and loads it into `other`, together with RAM and the driver's own knowledge.
    func move(to other: Driver) throws {
        var writer = ByteWriter()
        transport.saveState(to: &writer)
        var reader = ByteReader(writer.bytes)
        let apply = try other.transport.prepareLoad(version: 1, from: &reader)
        #expect(reader.isAtEnd)
        other.memory.write(Self.ramBase, bytes: memory.read(Self.ramBase, count: Self.ramSize) ?? [])
        apply()
        (other.freeBuffer, other.nextDescriptor, other.available) = (freeBuffer, nextDescriptor, available)
    }
}

struct UsedElement: Equatable {
    var head: UInt32
    var count: UInt32
}
