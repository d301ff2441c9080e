import Environment
import Glibc
import GuestMemory
import MigrationFormat
import PairLab
import QAPI
import QMP
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration

/// Pages on channels of their own.
@Suite(.serialized) struct MultifdTests {
    static func settings(
        _ machine: TestMachine, channels: Int, compression: MultiFDCompression = .none
    ) throws {
        try machine.controller.setCapabilities([.init(.multifd, true)])
        try machine.controller.updateParameters { values in
            values.multifdChannels = UInt8(channels)
            values.multifdCompression = compression
        }
    }

    @Test(arguments: [1, 2, 8, 255])
    func betweenTwoColods(channels: Int) throws {
        let source = try TestMachine()
        source.fill(seed: 21)
        try source.machine.run()
        let destination = try TestMachine(incoming: true)
        for machine in [source, destination] { try Self.settings(machine, channels: channels) }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("completed"), "\(source.log.lines)")
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(firstDifference(destination.ram, source.ram) == nil)
        let stats = try #require(source.controller.queryMigrate().ram)
        #expect(stats.multifdBytes > UInt64(stats.normalBytes))
        #expect(UInt64(stats.transferred) == stats.multifdBytes + stats.precopyBytes + stats.downtimeBytes)
        #expect(stats.normal + stats.duplicate == Int64(source.machine.memory.totalSize / targetPageSize))
    }

    @Test func theLimitOfTheBandwidthHoldsForManyChannels() throws {
        let source = try TestMachine()
        source.fill(seed: 23)
        try source.machine.run()
        let destination = try TestMachine(incoming: true)
        for machine in [source, destination] { try Self.settings(machine, channels: 64, compression: .zlib) }
        // More than 5 MB of RAM are no zeroes, and the channels together hold more than that.
        try source.controller.updateParameters { $0.maxBandwidth = 20 << 20 }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        let start = SystemClock().now()
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("stop"), "\(source.log.lines)")
        #expect(SystemClock().now() - start > .milliseconds(150))
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }

    /// Else a guest on a host with few processors stands still, for its clients, while it is compressed.
    @Test(arguments: [(MultiFDCompression.none, Int32(0)), (.zlib, 5), (.zstd, 5)])
    func threadsThatCompressGiveWayToVCPUs(compression: MultiFDCompression, niceness: Int32) throws {
        let source = try TestMachine()
        source.fill(seed: 24)
        try source.machine.run()
        let destination = try TestMachine(incoming: true)
        for machine in [source, destination] { try Self.settings(machine, channels: 2, compression: compression) }
        try source.controller.setCapabilities([.init(.pauseBeforeSwitchover, true)])
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("pre-switchover"), "\(source.log.lines)")
        let threads = source.controller.migrationThreads()
        let shown = threads.map { "\($0.name) \(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t($0.id)))" }
        #expect(
            shown == ["multifdsend_1 \(niceness)", "multifdsend_0 \(niceness)", "live_migration 0"])
        source.controller.migrateCancel()
        #expect(source.awaits("cancelled"), "\(source.log.lines)")
    }

    @Test(
        .enabled(if: QEMUPeer.isInstalled, "qemu-system-x86_64 is not installed"),
        arguments: [
            ("tcp", 1, MultiFDCompression.none), ("unix", 2, .none), ("tcp", 8, .none), ("tcp", 1, .zlib),
            ("unix", 2, .zlib), ("tcp", 8, .zlib), ("tcp", 1, .zstd), ("unix", 2, .zstd), ("tcp", 8, .zstd),
        ])
    func withQEMU(transport: String, channels: Int, compression: MultiFDCompression) throws {
        let folder = try TemporaryFolder()
        let source = try TestMachine()
        source.fill(seed: 22)
        try source.machine.run()
        let size = source.machine.memory.totalSize
        let qemu = try QEMUPeer(in: folder, name: "a", megabytes: TestMachine.megabytes)
        try qemu.setCapability("multifd")
        try qemu.execute(
            "migrate-set-parameters",
            [
                "multifd-channels": JSONValue(channels), "multifd-compression": .string(compression.rawValue),
            ])
        let listenURI = transport == "tcp" ? "tcp:127.0.0.1:0" : "unix:\(folder.path("in.sock"))"
        try qemu.migrateIncoming(uri: listenURI)
        try Self.settings(source, channels: channels, compression: compression)
        try source.migrate(to: transport == "tcp" ? "tcp:127.0.0.1:\(try qemu.port())" : listenURI)
        #expect(source.awaits("completed"), "\(source.log.lines)")
        try qemu.awaitMigration("completed")
        #expect(try firstDifference(qemu.memory(count: size), source.ram) == nil)

        let destination = try TestMachine(incoming: true)
        try Self.settings(destination, channels: channels, compression: compression)
        let backURI = transport == "tcp" ? "tcp:127.0.0.1:0" : "unix:\(folder.path("back.sock"))"
        try destination.controller.migrateIncoming(uri: backURI)
        try qemu.migrate(uri: transport == "tcp" ? "tcp:127.0.0.1:\(destination.port)" : backURI)
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        try qemu.awaitMigration("completed")
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }
}
