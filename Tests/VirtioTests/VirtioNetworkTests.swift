import ByteCoding
import GuestMemory
import MachineModel
import PacketPath
import Synchronization
import Testing

@testable import Virtio

/// A back-end that keeps what is sent and delivers what a test hands it.
final class LoopCable: NetworkBackend, Sendable {
    private let frames = Mutex<[[UInt8]]>([])
    private let receiver = Mutex<(@Sendable ([UInt8]) -> Void)?>(nil)

    func send(_ frame: [UInt8]) { frames.withLock { $0.append(frame) } }
    func start(receiver: @escaping @Sendable ([UInt8]) -> Void) throws(NetworkError) {
        self.receiver.withLock { $0 = receiver }
    }
    func stop() { receiver.withLock { $0 = nil } }
    var sent: [[UInt8]] { frames.withLock { $0 } }
    func deliver(_ frame: [UInt8]) { receiver.withLock { $0 }?(frame) }
}

@Suite struct VirtioNetworkTests {
    static let mac: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x56]
    static let mergeable: UInt64 = 1 << 15
    static let announce: UInt64 = 1 << 17 | 1 << 21 | 1 << 16
    let cable = LoopCable()
    let card: VirtioNetwork
    let driver: Driver

    init() throws {
        card = VirtioNetwork(mac: Self.mac, backend: cable, lock: MachineLock())
        driver = try Driver(card)
        try card.start(through: driver.transport)
    }

    func frame(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) } }

    func offer(_ count: Int) -> UInt64 {
        let address = driver.allocate([UInt8](repeating: 0xee, count: count))
        driver.add(0, [Buffer(address: address, count: UInt32(count), isWritable: true)])
        return address
    }

    @Test func theConfigurationShowsAddressAndLink() {
        #expect((0..<6).map { UInt8(driver.transport.load(offset: 0x100 + $0, width: 1)) } == Self.mac)
        #expect(driver.transport.load(offset: 0x106, width: 2) == 1)
    }

    @Test func aSentFrameLeavesWithoutItsHeaderHoweverItIsSplit() {
        driver.start()
        let frame = frame(60)
        let bytes = [UInt8](repeating: 0, count: 12) + frame
        let parts = [bytes[..<5], bytes[5..<30], bytes[30...]]
        driver.add(1, parts.map { Buffer(address: driver.allocate(Array($0)), count: UInt32($0.count)) })
        driver.notify(1)
        #expect(cable.sent == [frame])
        #expect(driver.used(1).map(\.count) == [0])
    }

    @Test func aFrameTooShortOrTooLongIsDroppedAndCounted() {
        driver.start()
        for count in [13, 65550] {
            let address = driver.allocate([UInt8](repeating: 0, count: 12 + count))
            driver.add(1, [Buffer(address: address, count: UInt32(12 + count))])
        }
        driver.notify(1)
        #expect(cable.sent.isEmpty)
        #expect(card.droppedFrames == 2)
        #expect(driver.used(1).count == 2)
        #expect(!driver.needsReset)
    }

    @Test func aReceivedFrameArrivesBehindAHeaderAndInterrupts() {
        driver.start()
        let address = offer(1600)
        cable.deliver(frame(100))
        #expect(driver.used(0).map(\.count) == [112])
        #expect(driver.memory.read(address, count: 12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0])
        #expect(driver.memory.read(address + 12, count: 100) == frame(100))
        #expect(driver.wire.isHigh)
    }

    @Test func aLargeFrameIsSpreadOverMergedBuffers() {
        driver.start(features: Self.mergeable)
        let addresses = [offer(64), offer(64), offer(64)]
        cable.deliver(frame(140))
        #expect(driver.used(0).map(\.count) == [64, 64, 24])
        #expect(driver.memory.load(addresses[0] + 10, as: UInt16.self) == 3)
        let collected =
            (driver.memory.read(addresses[0] + 12, count: 52) ?? [])
            + (driver.memory.read(addresses[1], count: 64) ?? []) + (driver.memory.read(addresses[2], count: 24) ?? [])
        #expect(collected == frame(140))
    }

    @Test func aFrameWithoutRoomIsDroppedAndTheBuffersStay() {
        driver.start(features: Self.mergeable)
        _ = [offer(64), offer(64)]
        cable.deliver(frame(200))
        #expect(driver.used(0).isEmpty)
        #expect(card.droppedFrames == 1)
        cable.deliver(frame(100))
        #expect(driver.used(0).map(\.count) == [64, 48])
    }

    @Test func withoutMergingAFrameThatDoesNotFitOneBufferIsDropped() {
        driver.start()
        _ = [offer(64), offer(64)]
        cable.deliver(frame(100))
        #expect(driver.used(0).isEmpty)
        cable.deliver(frame(52))
        #expect(driver.used(0).map(\.count) == [64])
    }

    @Test func framesForACardWithoutADriverAreDropped() {
        cable.deliver(frame(100))
        driver.start()
        #expect(driver.used(0).isEmpty)
    }

    @Test func theGuestIsAskedToAnnounceItselfAndAcknowledges() {
        driver.start(features: Self.announce)
        card.requestGuestAnnounce()
        #expect(driver.read(0x060) == 2)
        #expect(driver.transport.load(offset: 0x106, width: 2) == 3)
        let status = driver.allocate([0xff])
        driver.add(
            2,
            [
                Buffer(address: driver.allocate([3, 0]), count: 2), Buffer(address: status, count: 1, isWritable: true),
            ])
        driver.notify(2)
        #expect(driver.memory.read(status, count: 1) == [0])
        #expect(driver.transport.load(offset: 0x106, width: 2) == 1)
    }

    @Test func otherControlCommandsAreRefusedAndAnIncapableDriverIsNotAsked() {
        driver.start(features: 1 << 17)
        card.requestGuestAnnounce()
        #expect(driver.read(0x060) == 0)
        let status = driver.allocate([0xff])
        driver.add(
            2,
            [
                Buffer(address: driver.allocate([0, 0, 1]), count: 3),
                Buffer(address: status, count: 1, isWritable: true),
            ])
        driver.notify(2)
        #expect(driver.memory.read(status, count: 1) == [1])
    }

    @Test func receiveBuffersOfferedBeforeAMoveAreFilledAfterIt() throws {
        driver.start(features: Self.mergeable)
        let address = offer(1600)
        let target = try VirtioNetworkTests()
        try driver.move(to: target.driver)
        target.cable.deliver(frame(80))
        #expect(target.driver.memory.read(address + 12, count: 80) == frame(80))
        #expect(driver.used(0).isEmpty)
    }

    @Test func theStateOfAnotherCardIsRefused() throws {
        var writer = ByteWriter()
        card.saveState(to: &writer)
        var reader = ByteReader(writer.bytes)
        let other = VirtioNetwork(mac: [2, 0, 0, 0, 0, 1], backend: cable, lock: MachineLock())
        #expect(throws: DeviceStateError.invalid(field: "virtio-net.mac", value: "52:54:0:12:34:56")) {
            try other.prepareLoad(from: &reader)
        }
    }
}
