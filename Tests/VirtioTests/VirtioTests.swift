import ByteCoding
import Environment
import GuestMemory
import MachineModel
import Testing

@testable import Virtio

/// A device whose queue 0 echoes the readable bytes into the writable ones.
final class EchoDevice: VirtioDevice, Sendable {
    let deviceID: UInt32 = 42
    let sectionName = "echo"
    let features: UInt64 = 1 << 3
    let queueSizes: [UInt16] = [16, 8]
    let configuration: [UInt8] = [1, 2, 3, 4, 5]

    func queueNotified(_ index: Int, of transport: VirtioTransport) {
        transport.serve(index) { request in
            let bytes = request.read(0..<request.readableCount, transport.memory)
            request.write(bytes, at: 0, transport.memory)
            return min(bytes.count, request.writableCount)
        }
    }
}

@Suite struct TransportTests {
    let driver: Driver

    init() throws { driver = try Driver(EchoDevice()) }

    @Test func theRegistersTellWhatTheSlotHolds() {
        #expect(driver.read(0x000) == 0x7472_6976)
        #expect(driver.read(0x004) == 2)
        #expect(driver.read(0x008) == 42)
        #expect(driver.read(0x010) == 1 << 3 | 1 << 28)
        driver.write(0x014, 1)
        #expect(driver.read(0x010) == 1)
        driver.write(0x014, 2)
        #expect(driver.read(0x010) == 0)
        driver.write(0x030, 1)
        #expect(driver.read(0x034) == 8)
        driver.write(0x030, 2)
        #expect(driver.read(0x034) == 0)
        #expect(driver.transport.load(offset: 0x101, width: 2) == 0x0302)
        #expect(driver.transport.load(offset: 0x104, width: 8) == 5)
        #expect(driver.read(0x0b0) == .max)
    }

    @Test func aDriverWithoutVersion1OrWithForeignFeaturesIsNotAccepted() {
        for (low, high): (UInt32, UInt32) in [(0, 0), (1 << 4, 1), (0, 3)] {
            driver.write(0x070, 0)
            driver.write(0x024, 0)
            driver.write(0x020, low)
            driver.write(0x024, 1)
            driver.write(0x020, high)
            driver.write(0x070, 0xb)
            #expect(driver.read(0x070) == 3)
        }
        driver.start(features: 1 << 3)
        #expect(driver.read(0x070) == 0xf)
    }

    @Test func aRequestIsServedAndInterruptsUntilAcknowledged() {
        driver.start()
        let source = driver.allocate([1, 2, 3, 4, 5])
        let target = driver.allocate([0, 0, 0, 0])
        let head = driver.add(
            0, [Buffer(address: source, count: 5), Buffer(address: target, count: 4, isWritable: true)])
        #expect(driver.used(0).isEmpty)
        driver.notify(0)
        #expect(driver.used(0) == [UsedElement(head: UInt32(head), count: 4)])
        #expect(driver.memory.read(target, count: 5) == [1, 2, 3, 4, 0])
        #expect(driver.wire.isHigh)
        #expect(driver.read(0x060) == 1)
        driver.write(0x064, 1)
        #expect(!driver.wire.isHigh)
    }

    @Test func whatTheDeviceWritesIsInTheDirtyLog() throws {
        driver.start()
        let target = driver.allocate([0])
        driver.add(
            0, [Buffer(address: target, count: 1), Buffer(address: target + 0x1000, count: 1, isWritable: true)])
        let tracker = try driver.memory.makeTracker()
        tracker.beginRecord()
        driver.notify(0)
        let pages = try driver.memory.makePageSets()
        tracker.takeRecord(into: pages)
        #expect(
            Array(pages[0]) == [
                Int((driver.deviceArea(0) - Driver.ramBase) / 4096), Int((target + 0x1000 - Driver.ramBase) / 4096),
            ])
    }

    @Test func aDriverThatWantsNoInterruptGetsNone() {
        driver.start()
        driver.memory.store(driver.driverArea(0), UInt16(1))
        driver.add(0, [Buffer(address: driver.allocate([1]), count: 1)])
        driver.notify(0)
        #expect(driver.used(0).count == 1)
        #expect(!driver.wire.isHigh)
    }

    @Test func anIndirectChainIsServedLikeADirectOne() {
        driver.start(features: 1 << 28)
        let target = driver.allocate([0, 0])
        let table = driver.allocate([UInt8](repeating: 0, count: 32))
        driver.setDescriptor(table, 0, Buffer(address: driver.allocate([7, 8]), count: 2), next: 1)
        driver.setDescriptor(table, 1, Buffer(address: target, count: 2, isWritable: true), next: nil)
        driver.add(0, [Buffer(address: table, count: 32, extraFlags: 4)])
        driver.notify(0)
        #expect(driver.memory.read(target, count: 2) == [7, 8])
        #expect(!driver.needsReset)
    }

    @Test func theIndicesWrapAround() {
        driver.start()
        for round in 0..<70000 {
            driver.nextDescriptor[0] = UInt16(round % 16)
            driver.add(0, [Buffer(address: Driver.bufferBase, count: 1)])
            driver.notify(0)
        }
        #expect(!driver.needsReset)
        #expect(driver.memory.load(driver.deviceArea(0) + 2, as: UInt16.self) == UInt16(truncatingIfNeeded: 70000))
    }

    @Test func aResetForgetsQueuesAndFeatures() {
        driver.start(features: 1 << 3)
        driver.add(0, [Buffer(address: Driver.bufferBase, count: 1)])
        driver.notify(0)
        driver.write(0x070, 0)
        #expect(driver.read(0x070) == 0)
        #expect(driver.read(0x060) == 0)
        #expect(!driver.wire.isHigh)
        #expect(!driver.transport.hasNegotiated(1 << 3))
        driver.write(0x030, 0)
        #expect(driver.read(0x044) == 0)
    }

    @Test func notificationsBeforeDriverOKOrForNoQueueAreIgnored() {
        driver.start()
        driver.write(0x050, 99)
        driver.write(0x070, 0)
        driver.write(0x070, 3)
        driver.notify(0)
        #expect(!driver.needsReset)
    }
}

/// Each driver here breaks one rule; its device stops with a reason, and works again after a reset.
@Suite struct HostileDriverTests {
    enum Offence: String, CaseIterable {
        case loop, headOutOfRange, nextOutOfRange, bufferOutsideRAM, bufferWraps, availableJump, writableFirst
        case indirectUnasked, indirectOddLength, indirectNested, indirectOutsideRAM, indirectTooLong, tooManyBytes
        case ringOutsideRAM
    }

    @Test(arguments: Offence.allCases) func theDeviceStopsWithAReasonAndComesBackAfterAReset(offence: Offence) throws {
        let driver = try Driver(EchoDevice())
        driver.start(features: offence == .indirectUnasked ? 0 : 1 << 28)
        try commit(offence, driver)
        driver.notify(0)
        #expect(driver.needsReset)
        #expect(driver.read(0x060) & 2 == 2)
        #expect(driver.journal.all.count == 1)
        #expect(!driver.transport.isDriverReady)
        driver.notify(0)
        #expect(driver.journal.all.count == 1)

        driver.memory.write(Driver.ramBase, bytes: [UInt8](repeating: 0, count: 0x8_0000))
        (driver.available, driver.nextDescriptor) = ([:], [:])
        driver.start()
        driver.add(0, [Buffer(address: Driver.bufferBase, count: 1)])
        driver.notify(0)
        #expect(driver.used(0).count == 1)
        #expect(!driver.needsReset)
    }

    private func commit(_ offence: Offence, _ driver: Driver) throws {
        let table = driver.descriptors(0)
        let good = Buffer(address: Driver.bufferBase, count: 1)
        let indirect = driver.allocate([UInt8](repeating: 0, count: 64))
        switch offence {
        case .loop:
            driver.setDescriptor(table, 0, good, next: 1)
            driver.setDescriptor(table, 1, good, next: 0)
            driver.publish(0, head: 0)
        case .headOutOfRange: driver.publish(0, head: 16)
        case .nextOutOfRange:
            driver.setDescriptor(table, 0, good, next: 16)
            driver.publish(0, head: 0)
        case .bufferOutsideRAM:
            driver.add(0, [Buffer(address: Driver.ramBase + UInt64(Driver.ramSize) - 1, count: 2)])
        case .bufferWraps: driver.add(0, [Buffer(address: .max, count: .max)])
        case .availableJump: driver.memory.store(driver.driverArea(0) + 2, UInt16(17))
        case .writableFirst:
            driver.add(0, [Buffer(address: Driver.bufferBase, count: 1, isWritable: true), good])
        case .indirectUnasked: driver.add(0, [Buffer(address: indirect, count: 16, extraFlags: 4)])
        case .indirectOddLength: driver.add(0, [Buffer(address: indirect, count: 17, extraFlags: 4)])
        case .indirectNested:
            driver.setDescriptor(indirect, 0, Buffer(address: indirect, count: 16, extraFlags: 4), next: nil)
            driver.add(0, [Buffer(address: indirect, count: 16, extraFlags: 4)])
        case .indirectOutsideRAM: driver.add(0, [Buffer(address: 0x1000, count: 16, extraFlags: 4)])
        case .indirectTooLong: driver.add(0, [Buffer(address: indirect, count: 16 * 1025, extraFlags: 4)])
        case .tooManyBytes:
            let entries = 200
            let long = Driver.bufferBase + 0x1000
            for index in 0..<UInt16(entries) {
                let buffer = Buffer(address: Driver.ramBase, count: UInt32(Driver.ramSize))
                driver.setDescriptor(long, index, buffer, next: index + 1 < entries ? index + 1 : nil)
            }
            driver.add(0, [Buffer(address: long, count: UInt32(16 * entries), extraFlags: 4)])
        case .ringOutsideRAM:
            driver.write(0x030, 0)
            driver.write(0x044, 0)
            driver.write(0x090, 0x1000)
            driver.write(0x094, 0)
            driver.write(0x044, 1)
        }
    }

    @Test func aQueueThatCannotBeOneStopsTheDevice() throws {
        for (register, value): (UInt64, UInt32) in [(0x038, 12), (0x038, 0), (0x038, 32), (0x080, 8), (0x0a0, 2)] {
            let driver = try Driver(EchoDevice())
            driver.start()
            driver.write(0x030, 0)
            driver.write(0x044, 0)
            driver.write(register, value)
            driver.write(0x044, 1)
            #expect(driver.needsReset, "register \(register) value \(value)")
        }
    }

    enum Kind: CaseIterable { case echo, network, block, entropy, console }

    private func makeDriver(_ kind: Kind) throws -> Driver {
        switch kind {
        case .echo: return try Driver(EchoDevice())
        case .block: return try Driver(VirtioBlock(backend: MemoryDisk(sectors: 64), serial: "x"))
        case .entropy: return try Driver(VirtioEntropy(random: { 7 }))
        case .console: return try Driver(VirtioConsole { _ in })
        case .network:
            return try Driver(VirtioNetwork(mac: [2, 0, 0, 0, 0, 1], backend: LoopCable(), lock: MachineLock()))
        }
    }

    /// Input from outside, between two offences of the driver.
    private func feed(_ driver: Driver, _ random: inout SeededGenerator) {
        let bytes = [UInt8](repeating: 1, count: Int(random.next() % 3000))
        if let card = driver.transport.device as? VirtioNetwork {
            card.deliver(bytes, through: driver.transport)
            card.requestGuestAnnounce()
        }
        if let console = driver.transport.device as? VirtioConsole { console.receive(bytes, through: driver.transport) }
    }

    /// Random bytes where descriptors and rings should be, and random register accesses: nothing may trap, and after a
    /// reset the device must serve a proper request.
    @Test(arguments: Kind.allCases, 0..<24) func noGarbageBringsTheProcessDown(kind: Kind, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let driver = try makeDriver(kind)
        driver.start(features: driver.transport.offeredFeatures)
        for _ in 0..<300 {
            for _ in 0..<40 { scribble(driver, &random) }
            let queue = Int(random.next() % UInt64(driver.transport.device.queueSizes.count))
            driver.memory.store(driver.driverArea(queue) + 2, UInt16(truncatingIfNeeded: random.next() % 17))
            driver.notify(queue)
            feed(driver, &random)
            if random.chance(1, in: 4) {
                let offset = random.next() % 0x120 / 4 * 4
                driver.transport.store(offset: offset, width: 4, value: random.next() >> (random.next() % 64))
                _ = driver.transport.load(offset: random.next() % 0xff0, width: 8)
            }
            if driver.needsReset { driver.start(features: driver.transport.offeredFeatures) }
        }
        driver.memory.write(Driver.ramBase, bytes: [UInt8](repeating: 0, count: 0x8_0000))
        (driver.available, driver.nextDescriptor) = ([:], [:])
        driver.start()
        let queue = kind == .network || kind == .console ? 1 : 0
        driver.add(
            queue,
            [
                Buffer(address: Driver.bufferBase, count: 64),
                Buffer(address: Driver.bufferBase + 64, count: 1, isWritable: true),
            ])
        driver.notify(queue)
        #expect(driver.used(queue).count == 1)
        #expect(!driver.needsReset)
    }

    private func scribble(_ driver: Driver, _ random: inout SeededGenerator) {
        let index = UInt16(random.next() % 16)
        let near = Driver.ramBase + random.next() % UInt64(Driver.ramSize + 4096)
        let buffer = Buffer(
            address: random.chance(1, in: 16) ? random.next() : near,
            count: UInt32(truncatingIfNeeded: random.next() >> (32 + random.next() % 32)),
            isWritable: random.chance(1, in: 2), extraFlags: random.chance(1, in: 4) ? 4 : 0)
        let next: UInt16? = random.chance(1, in: 2) ? UInt16(random.next() % 18) : nil
        let queue = Int(random.next() % UInt64(driver.transport.device.queueSizes.count))
        let table = random.chance(7, in: 8) ? driver.descriptors(queue) : Driver.ramBase + random.next() % 0x8_0000
        driver.setDescriptor(table, index, buffer, next: next)
        driver.memory.store(driver.driverArea(queue) + 4 + 2 * UInt64(index), UInt16(random.next() % 17))
    }
}

@Suite struct TransportStateTests {
    @Test func requestsThatWaitInTheRingsAreServedAfterTheMove() throws {
        let source = try Driver(EchoDevice())
        source.start(features: 1 << 3)
        let first = source.add(0, [Buffer(address: Driver.bufferBase, count: 1)])
        source.notify(0)
        let text = source.allocate([5, 6])
        let answer = source.allocate([0, 0])
        let second = source.add(
            0, [Buffer(address: text, count: 2), Buffer(address: answer, count: 2, isWritable: true)])

        let target = try Driver(EchoDevice())
        try source.move(to: target)
        #expect(target.wire.isHigh)
        #expect(target.transport.isDriverReady)
        #expect(target.transport.hasNegotiated(1 << 3))
        target.notify(0)
        #expect(
            target.used(0) == [
                UsedElement(head: UInt32(first), count: 0), UsedElement(head: UInt32(second), count: 2),
            ])
        #expect(target.memory.read(answer, count: 2) == [5, 6])
        #expect(source.memory.read(answer, count: 2) == [0, 0])
    }

    @Test func everyCutStateIsRefusedAndChangesNothing() throws {
        let driver = try Driver(EchoDevice())
        driver.start()
        var writer = ByteWriter()
        driver.transport.saveState(to: &writer)
        let other = try Driver(EchoDevice())
        let before = other.transport.state
        for count in 0..<writer.count {
            var reader = ByteReader(Array(writer.bytes.prefix(count)))
            #expect(throws: DeviceStateError.self) { try other.transport.prepareLoad(version: 1, from: &reader) }
        }
        #expect(other.transport.state == before)
    }

    /// Damaged states are refused or, where the damage is no contradiction, load a device that still cannot trap.
    @Test(arguments: 0..<200) func aDamagedStateNeverTraps(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let driver = try Driver(EchoDevice())
        driver.start(features: 1 << 28)
        driver.add(0, [Buffer(address: Driver.bufferBase, count: 1)])
        var writer = ByteWriter()
        driver.transport.saveState(to: &writer)
        var bytes = writer.bytes
        for _ in 0...random.next() % 6 {
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        }
        var reader = ByteReader(bytes)
        guard let apply = try? driver.transport.prepareLoad(version: 1, from: &reader) else { return }
        apply()
        driver.notify(0)
        driver.notify(1)
        driver.start()
        driver.notify(0)
    }
}
