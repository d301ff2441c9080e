import Environment
import GuestMemory
import PairLab
import QAPI
import QMP
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration

/// Pages as differences and compressed, while they are written to.
@Suite(.serialized) struct PageEncodingTests {
    enum Way: CaseIterable {
        case plain, xbzrle, compress, compressThenXBZRLE, multifd, multifdZlib, multifdZstd, zeroCopy

        var capabilities: [MigrationCapability] {
            switch self {
            case .plain: []
            case .xbzrle: [.xbzrle]
            case .compress: [.compress]
            case .compressThenXBZRLE: [.compress, .xbzrle]
            case .multifd, .multifdZlib, .multifdZstd: [.multifd]
            case .zeroCopy: [.multifd, .zeroCopySend]
            }
        }

        var compression: MultiFDCompression {
            switch self {
            case .multifdZlib: .zlib
            case .multifdZstd: .zstd
            default: .none
            }
        }
    }

    /// Bytes a second and milliseconds with which a migration of 16 MiB takes some passes.
    private static let slow: UInt64 = 12 << 20
    private static let passes: UInt64 = 5
    private static let dirtied = 300

    static func prepare(_ machine: TestMachine, _ way: Way) throws {
        try machine.controller.setCapabilities(way.capabilities.map { .init($0, true) })
        try machine.controller.updateParameters { values in
            values.multifdCompression = way.compression
            values.maxBandwidth = slow
            values.downtimeLimit = 1
        }
    }

    /// Writes a few bytes to some pages, and zeroes one, as a guest would.
    static func dirty(_ machine: TestMachine, round: Int) {
        let memory = machine.machine.memory
        for page in 0..<dirtied {
            _ = memory.write(
                UInt64(page * 9) * 4096 + UInt64(round * 100), bytes: [UInt8(round), UInt8(page & 255), 3])
        }
        _ = memory.write(UInt64(round * 9) * 4096, bytes: [UInt8](repeating: 0, count: 4096))
    }

    /// Has pages written to in each of some passes, and lets it end then.
    private func dirtyThroughPasses(of source: TestMachine) {
        source.passes.observe { [weak source] pass in
            guard let source, pass <= Self.passes else { return }
            Self.dirty(source, round: Int(pass))
        }
    }

    /// Lets it end after these.
    private func finish(_ source: TestMachine) throws {
        #expect(source.awaits("pass \(Self.passes)"), "\(source.log.lines)")
        try source.controller.updateParameters { values in
            values.maxBandwidth = 0
            values.downtimeLimit = 2000
        }
        #expect(source.awaits("completed"), "\(source.log.lines)")
    }

    @Test(arguments: Way.allCases) func betweenTwoColods(way: Way) throws {
        let source = try TestMachine()
        source.fill(seed: 31)
        try source.machine.run()
        let destination = try TestMachine(incoming: true)
        for machine in [source, destination] { try Self.prepare(machine, way) }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        dirtyThroughPasses(of: source)
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        try finish(source)
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(firstDifference(destination.ram, source.ram) == nil)
        let info = source.controller.queryMigrate()
        // On this host the kernel copies after all, and says so.
        #expect((info.ram?.dirtySyncMissedZeroCopy ?? 0 > 0) == (way == .zeroCopy))
        if way.capabilities.contains(.xbzrle) {
            let stats = try #require(info.xbzrleCache)
            #expect(stats.pages > 0 && stats.bytes > 0 && stats.cacheMiss > 0)
            #expect(stats.encodingRate > 10)
            #expect(stats.bytes < stats.pages * 100)
        } else {
            #expect(info.xbzrleCache == nil)
        }
        if way.capabilities.contains(.compress) {
            let stats = try #require(info.compression)
            #expect(stats.pages > 0 && stats.compressedSize > 0 && stats.compressionRate > 0)
        } else {
            #expect(info.compression == nil)
        }
    }

    @Test(.enabled(if: QEMUPeer.isInstalled, "qemu-system-x86_64 is not installed"), arguments: Way.allCases)
    func toQEMU(way: Way) throws {
        let folder = try TemporaryFolder()
        let source = try TestMachine()
        source.fill(seed: 32)
        try source.machine.run()
        let qemu = try QEMUPeer(in: folder, name: "d", megabytes: TestMachine.megabytes)
        try Self.prepare(qemu, way)
        try qemu.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try Self.prepare(source, way)
        dirtyThroughPasses(of: source)
        try source.migrate(to: "tcp:127.0.0.1:\(try qemu.port())")
        try finish(source)
        try qemu.awaitMigration("completed")
        #expect(try firstDifference(qemu.memory(count: source.machine.memory.totalSize), source.ram) == nil)
    }

    static func prepare(_ qemu: QEMUPeer, _ way: Way) throws {
        for capability in way.capabilities { try qemu.setCapability(capability.rawValue) }
        try qemu.setParameters([
            "multifd-compression": .string(way.compression.rawValue), "max-bandwidth": JSONValue(Int(slow)),
            "downtime-limit": 1,
        ])
    }

    @Test(.enabled(if: QEMUPeer.isInstalled, "qemu-system-x86_64 is not installed"), arguments: Way.allCases)
    func fromQEMU(way: Way) throws {
        let folder = try TemporaryFolder()
        let qemu = try QEMUPeer(
            in: folder, name: "s", megabytes: TestMachine.megabytes, isWritable: true, isIncoming: false)
        try Self.prepare(qemu, way)
        let writer = try qemu.memoryWriter()
        let filling = (0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 5)) }
        for page in stride(from: 0, to: 1024, by: 4) { try writer.write(filling, at: page * 4096) }
        let destination = try TestMachine(incoming: true, autostart: false)
        try Self.prepare(destination, way)
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        // It stops before the switchover, so that the last writes are known to come before that.
        try qemu.setCapability("pause-before-switchover")
        try qemu.setParameters(["max-bandwidth": 4_000_000])
        try qemu.migrate(uri: "tcp:127.0.0.1:\(destination.port)")
        func write(_ round: Int) throws {
            for page in 0..<60 { try writer.write([UInt8(round), UInt8(page)], at: page * 8192 + round * 64) }
        }
        for round in 1...20 { try write(round) }
        try qemu.setParameters(["max-bandwidth": 0, "downtime-limit": 2000])
        try qemu.awaitMigration("pre-switchover")
        try write(21)
        try qemu.execute("migrate-continue", ["state": "pre-switchover"])
        // RAM is complete; the vCPU that it needs to be written to is none of this machine's devices.
        let refusal = "incoming failed: load of migration failed: Unknown savevm section or instance 'cpu_common' 0"
        #expect(destination.awaits(refusal), "\(destination.log.lines)")
        #expect(try firstDifference(qemu.memory(count: destination.machine.memory.totalSize), destination.ram) == nil)
    }
}
