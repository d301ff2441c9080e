import GuestMemory
import MachineModel
import PacketPath
import Synchronization
import Testing

@testable import Virtio

/// A network that counts what comes and hands over what a test has for the guest.
private final class Cable: NetworkBackend {
    /// In a structure, for a function that a generic holds by itself is wrapped anew whenever it is taken out.
    private struct Receiver {
        let take: @Sendable ([UInt8]) -> Void
    }

    let sent = Atomic<Int>(0)
    private let receiver = Mutex<Receiver?>(nil)

    func send(_ frame: [UInt8]) { sent.add(frame.count, ordering: .relaxed) }
    func start(receiver: @escaping @Sendable ([UInt8]) -> Void) throws(NetworkError) {
        self.receiver.withLock { $0 = Receiver(take: receiver) }
    }
    func stop() { receiver.withLock { $0 = nil } }

    /// Hands over a copy of `frame`, as a back-end does that has read it from its device.
    func deliver(_ frame: [UInt8]) { receiver.withLock { $0 }?.take(Array(frame[...])) }
}

private final class Line: InterruptController, Sendable {
    func setLevel(source: Int, _ high: Bool) {}
}

/// A card behind a hold, and a driver that has one buffer of 2 KiB in each ring and offers it again and again.
private struct Guest {
    static let base: UInt64 = 0x8000_0000
    static let ringSize: UInt16 = 16
    let cable = Cable()
    let hold: OutputHold
    let memory: GuestMemory
    let transport: VirtioTransport
    private var available: [UInt16] = [0, 0]

    init() throws {
        memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: Self.base, size: 1 << 20)])
        hold = OutputHold(cable, holdLimit: 1 << 30)
        let card = VirtioNetwork(mac: [2, 0, 0, 0, 0, 1], backend: hold, lock: MachineLock())
        transport = VirtioTransport(
            base: 0x1000_1000, device: card, memory: memory, line: InterruptLine(controller: Line(), source: 1))
        try card.start(through: transport)
        for status: UInt64 in [0, 1, 3] { write(0x070, status) }
        // VERSION_1 and the merging of receive buffers.
        for (half, bits): (UInt64, UInt64) in [(0, 1 << 15), (1, 1)] {
            write(0x024, half)
            write(0x020, bits)
        }
        write(0x070, 0xb)
        for queue in 0..<2 { setUp(queue) }
        write(0x070, 0xf)
    }

    private func write(_ register: UInt64, _ value: UInt64) {
        transport.store(offset: register, width: 4, value: value)
    }

    private func area(_ queue: Int) -> UInt64 { Self.base + UInt64(queue) * 0x1_0000 }

    /// Rings, and a descriptor of the buffer behind them.
    private func setUp(_ queue: Int) {
        write(0x030, UInt64(queue))
        write(0x038, UInt64(Self.ringSize))
        for (register, offset): (UInt64, UInt64) in [(0x080, 0), (0x090, 0x4000), (0x0a0, 0x6000)] {
            write(register, (area(queue) + offset) & 0xffff_ffff)
            write(register + 4, (area(queue) + offset) >> 32)
        }
        write(0x044, 1)
        memory.store(area(queue), area(queue) + 0x8000)
        memory.store(area(queue) + 8, UInt32(queue == 0 ? 2048 : 12 + 1500))
        memory.store(area(queue) + 12, UInt16(queue == 0 ? 2 : 0))
    }

    private mutating func offer(_ queue: Int) {
        // The ring names descriptor 0 everywhere.
        available[queue] &+= 1
        memory.store(area(queue) + 0x4000 + 2, available[queue])
    }

    mutating func send() {
        offer(1)
        write(0x050, 1)
    }

    mutating func receive(_ frame: [UInt8]) {
        offer(0)
        cable.deliver(frame)
    }

    /// How many frames the driver got.
    var received: UInt16 { memory.load(area(0) + 0x6000 + 2, as: UInt16.self) ?? 0 }
}

extension Allocations {
    private static let frames = 10_000
    private static let frameSize = 1500

    /// The frame itself is the one thing that takes memory.
    @Test func aFrameLeavesTheGuestWithOne() throws {
        var guest = try Guest()
        for _ in 0..<100 { guest.send() }
        let count = allocationsHere { for _ in 0..<Self.frames { guest.send() } }
        #expect(count <= UInt64(Self.frames))
        #expect(guest.cable.sent.load(ordering: .relaxed) == (100 + Self.frames) * Self.frameSize)
    }

    /// Held until its checkpoint is complete, and released.
    @Test func aHeldFrameLeavesTheGuestWithOne() throws {
        var guest = try Guest()
        guest.hold.beginHolding()
        for _ in 0..<Self.frames { guest.send() }
        guest.hold.release(through: guest.hold.sealEpoch())
        let count = allocationsHere {
            for _ in 0..<Self.frames { guest.send() }
            guest.hold.release(through: guest.hold.sealEpoch())
        }
        #expect(count <= UInt64(Self.frames))
        #expect(guest.cable.sent.load(ordering: .relaxed) == 2 * Self.frames * Self.frameSize)
    }

    @Test func aFrameEntersTheGuestWithOne() throws {
        var guest = try Guest()
        let frame = [UInt8](repeating: 7, count: Self.frameSize)
        for _ in 0..<100 { guest.receive(frame) }
        let count = allocationsHere { for _ in 0..<Self.frames { guest.receive(frame) } }
        #expect(count <= UInt64(Self.frames))
        #expect(guest.received == UInt16(100 + Self.frames))
    }
}
