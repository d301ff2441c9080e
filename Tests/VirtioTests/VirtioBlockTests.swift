import BlockLayer
import ByteCoding
import GuestMemory
import MachineModel
import Synchronization
import Testing

@testable import Virtio

/// A disk in memory that can be told to fail.
final class MemoryDisk: BlockBackend, @unchecked Sendable {
    let name = "memory"
    let isReadOnly: Bool
    var bytes: [UInt8]
    var isBroken = false
    var flushes = 0
    var size: UInt64 { UInt64(bytes.count) }

    init(sectors: Int, isReadOnly: Bool = false) {
        bytes = (0..<sectors * 512).map { UInt8(truncatingIfNeeded: $0 / 512 + 1) }
        self.isReadOnly = isReadOnly
    }

    func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(BlockError) {
        if isBroken { throw .endOfFile(disk: name, offset: offset) }
        target.copyBytes(from: bytes[Int(offset)..<Int(offset) + target.count])
    }
    func write(at offset: UInt64, from source: UnsafeRawBufferPointer) throws(BlockError) {
        bytes.replaceSubrange(Int(offset)..<Int(offset) + source.count, with: source)
    }
    func flush() throws(BlockError) { flushes += 1 }
}

@Suite struct VirtioBlockTests {
    let disk = MemoryDisk(sectors: 8)
    let driver: Driver

    init() throws {
        driver = try Driver(VirtioBlock(backend: disk, serial: "disk0"))
        driver.start()
    }

    /// Sends a request and returns its status; `data` is what the guest writes, or room of `room` bytes to read into.
    func request(
        _ kind: UInt32, sector: UInt64, data: [UInt8] = [], room: Int = 0, on driver: Driver? = nil
    ) -> (status: UInt8, read: [UInt8], count: UInt32) {
        let driver = driver ?? self.driver
        var header = ByteWriter()
        header.writeLittleEndian(kind)
        header.writeZeroes(4)
        header.writeLittleEndian(sector)
        var buffers = [Buffer(address: driver.allocate(header.bytes), count: 16)]
        if !data.isEmpty { buffers.append(Buffer(address: driver.allocate(data), count: UInt32(data.count))) }
        let target = driver.allocate([UInt8](repeating: 0xee, count: room))
        if room > 0 { buffers.append(Buffer(address: target, count: UInt32(room), isWritable: true)) }
        let status = driver.allocate([0xff])
        buffers.append(Buffer(address: status, count: 1, isWritable: true))
        driver.nextDescriptor[0] = 0
        driver.add(0, buffers)
        driver.notify(0)
        return (
            driver.memory.read(status, count: 1)?[0] ?? 0xff, driver.memory.read(target, count: room) ?? [],
            driver.used(0).last?.count ?? .max
        )
    }

    @Test func theConfigurationTellsCapacityAndBlockSize() {
        #expect(driver.transport.load(offset: 0x100, width: 8) == 8)
        #expect(driver.transport.load(offset: 0x114, width: 4) == 512)
    }

    @Test func sectorsAreReadAndWritten() {
        let read = request(0, sector: 3, room: 1024)
        #expect(read.status == 0)
        #expect(read.read == [UInt8](repeating: 4, count: 512) + [UInt8](repeating: 5, count: 512))
        #expect(read.count == 1025)
        #expect(request(1, sector: 7, data: [UInt8](repeating: 9, count: 512)).status == 0)
        #expect(Array(disk.bytes.suffix(512)) == [UInt8](repeating: 9, count: 512))
        #expect(request(4, sector: 0).status == 0)
        #expect(disk.flushes == 1)
    }

    @Test(arguments: [
        (UInt64(8), 512), (7, 1024), (UInt64.max, 512), (UInt64.max / 512, 512), (0, 511), (1 << 55, 512),
    ])
    func accessOutsideTheDiskFailsAloneAndTouchesNothing(sector: UInt64, count: Int) {
        let before = disk.bytes
        #expect(request(0, sector: sector, room: count).status == 1)
        #expect(request(1, sector: sector, data: [UInt8](repeating: 0, count: count)).status == 1)
        #expect(disk.bytes == before)
        #expect(!driver.needsReset)
        #expect(request(0, sector: 0, room: 512).status == 0)
    }

    @Test func aFailingDiskGivesAnErrorStatus() {
        disk.isBroken = true
        #expect(request(0, sector: 0, room: 512).status == 1)
    }

    @Test func aReadOnlyDiskSaysSoAndRefusesWrites() throws {
        let disk = MemoryDisk(sectors: 1, isReadOnly: true)
        let driver = try Driver(VirtioBlock(backend: disk, serial: "x"))
        #expect(driver.read(0x010) & 1 << 5 != 0)
        driver.start()
        #expect(request(1, sector: 0, data: [UInt8](repeating: 0, count: 512), on: driver).status == 1)
        #expect(disk.bytes[0] == 1)
    }

    @Test func theIdentifierIsPaddedAndUnknownRequestsAreUnsupported() {
        let answer = request(8, sector: 0, room: 20)
        #expect(answer.read == Array("disk0".utf8) + [UInt8](repeating: 0, count: 15))
        #expect(request(77, sector: 0).status == 2)
    }

    @Test func aRequestWithoutHeaderOrStatusStopsTheDevice() {
        driver.add(0, [Buffer(address: Driver.bufferBase, count: 15)])
        driver.notify(0)
        #expect(driver.needsReset)
    }

    @Test func theStateOfADiskOfAnotherSizeIsRefused() throws {
        var writer = ByteWriter()
        driver.transport.saveState(to: &writer)
        var reader = ByteReader(writer.bytes)
        let other = try Driver(VirtioBlock(backend: MemoryDisk(sectors: 9), serial: "disk0"))
        #expect(throws: DeviceStateError.invalid(field: "virtio-blk.size", value: "4096")) {
            try other.transport.prepareLoad(version: 1, from: &reader)
        }
    }
}

@Suite struct SmallDeviceTests {
    final class Output: @unchecked Sendable { var bytes: [UInt8] = [] }

    @Test func theEntropyDeviceFillsWhatItIsGivenUpToItsLimit() throws {
        let driver = try Driver(VirtioEntropy(random: { 0x0807_0605_0403_0201 }))
        driver.start(size: 8)
        let small = driver.allocate([UInt8](repeating: 0, count: 11))
        driver.add(0, [Buffer(address: small, count: 11, isWritable: true)])
        driver.add(0, [Buffer(address: Driver.bufferBase + 0x1000, count: 8192, isWritable: true)])
        driver.notify(0)
        #expect(driver.memory.read(small, count: 11) == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3])
        #expect(driver.used(0).map(\.count) == [11, UInt32(VirtioLimit.entropy)])
    }

    @Test func theConsoleCarriesBytesBothWaysAndKeepsInputAcrossAMove() throws {
        let output = Output()
        let console = VirtioConsole { output.bytes += $0 }
        let driver = try Driver(console)
        driver.start()
        driver.add(1, [Buffer(address: driver.allocate(Array("out".utf8)), count: 3)])
        driver.notify(1)
        #expect(output.bytes == Array("out".utf8))

        #expect(console.receive(Array("in".utf8), through: driver.transport) == 2)
        let second = VirtioConsole { _ in }
        let target = try Driver(second)
        try driver.move(to: target)
        let room = target.allocate([0, 0, 0])
        target.add(0, [Buffer(address: room, count: 3, isWritable: true)])
        target.notify(0)
        #expect(target.memory.read(room, count: 3) == Array("in".utf8) + [0])
        #expect(second.receive([UInt8](repeating: 1, count: 5000), through: target.transport) == 4096)
    }
}
