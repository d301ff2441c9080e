import Environment
import GuestMemory
import Migration
import PacketPath
import PairLab
import QAPI
import QMP
import Testing
import VirtualMachine

@testable import Replication

/// COLO with a real QEMU 7.2 at the other end, both ways round, with the service that the daemon runs.
@Suite(.serialized, .enabled(if: QEMUPeer.isInstalled, "\(QEMUPeer.path) is not installed"))
struct QEMUConformanceTests {
    private static let megabytes = 16
    private static var pages: Int { (megabytes << 20) / targetPageSize }

    /// A QEMU whose RAM is the same as that of `image`, moved there by a plain migration.
    private func primary(_ folder: TemporaryFolder, image: COLOMachine, delay: Int) throws -> QEMUPeer {
        let qemu = try QEMUPeer(in: folder, name: "primary", megabytes: Self.megabytes)
        try qemu.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try image.machine.run()
        try image.migration.setCapabilities([MigrationCapabilityStatus(.xColo, false)])
        try image.migration.migrate(uri: "tcp:127.0.0.1:\(try qemu.port())").start()
        try qemu.awaitMigration("completed")
        try qemu.setCapability("x-colo")
        try qemu.execute("migrate-set-parameters", ["x-checkpoint-delay": JSONValue(delay)])
        return qemu
    }

    @Test func ourSecondaryHoldsTheCheckpointsOfQEMUAndTakesOver() throws {
        let folder = try TemporaryFolder()
        let image = try COLOMachine(pages: Self.pages)
        image.write(pages: stride(from: 1, to: Self.pages, by: 7), seed: 21)
        let ram = image.ram
        let qemu = try primary(folder, image: image, delay: 200)
        let secondary = try COLOMachine(incoming: true, pages: Self.pages)
        try secondary.migration.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try qemu.migrate(uri: "tcp:127.0.0.1:\(secondary.port)")
        #expect(secondary.awaits { secondary.completed >= 3 }, "\(secondary.log.events) \(secondary.log.notes)")
        #expect(secondary.replication.leaveByCommand())
        #expect(firstDifference(secondary.ram, ram) == nil)
        #expect(secondary.machine.runState == .running)
        let events = secondary.log.events
        #expect(events.prefix(4) == ["MIGRATION setup", "MIGRATION active", "MIGRATION colo", "RESUME"])
        #expect(events.suffix(3) == ["MIGRATION completed", "COLO_EXIT secondary request", "RESUME"])
        // QEMU notices at its next checkpoint, and serves on alone once it is told.
        try qemu.awaitCOLOExit(mode: "primary", reason: "error")
        try qemu.loseHeartbeat()
        #expect(try qemu.execute("query-colo-status")["last-mode"]?.string == "primary")
        #expect(try qemu.execute("query-migrate")["status"]?.string == "completed")
        #expect(firstDifference(try qemu.memory(count: ram.count), ram) == nil)
    }

    @Test func ourSecondaryServesOnAfterQEMUHasFailedOver() throws {
        let folder = try TemporaryFolder()
        let image = try COLOMachine(pages: Self.pages)
        image.write(pages: 5..<50, seed: 22)
        let ram = image.ram
        let qemu = try primary(folder, image: image, delay: 50)
        let secondary = try COLOMachine(incoming: true, pages: Self.pages)
        try secondary.migration.migrateIncoming(uri: "unix:\(folder.path("colo"))")
        try qemu.migrate(uri: "unix:\(folder.path("colo"))")
        #expect(secondary.awaits { secondary.completed >= 3 }, "\(secondary.log.events) \(secondary.log.notes)")
        try qemu.loseHeartbeat()
        #expect(secondary.log.awaits("COLO_EXIT secondary error"))
        #expect(secondary.mode == .secondary)
        #expect(secondary.replication.leaveByCommand())
        #expect(secondary.log.events.suffix(3) == ["STOP", "MIGRATION completed", "RESUME"])
        #expect(firstDifference(secondary.ram, ram) == nil)
    }

    @Test(arguments: ["tcp", "unix"])
    func qemuTakesOverFromTheCheckpointsOfOurPrimary(transport: String) throws {
        let folder = try TemporaryFolder()
        let primary = try COLOMachine(pages: Self.pages)
        primary.write(pages: stride(from: 0, to: Self.pages, by: 11), seed: 31)
        try primary.machine.run()
        let qemu = try QEMUPeer(in: folder, name: "secondary", megabytes: Self.megabytes)
        try qemu.setCapability("x-colo")
        let path = "unix:\(folder.path("colo"))"
        try qemu.migrateIncoming(uri: transport == "tcp" ? "tcp:127.0.0.1:0" : path)
        try primary.migration.migrate(uri: transport == "tcp" ? "tcp:127.0.0.1:\(try qemu.port())" : path).start()
        #expect(primary.awaits { primary.mode == .primary && primary.machine.runState == .running })
        for round in 0..<5 {
            primary.write(pages: stride(from: round, to: Self.pages, by: 3 + round * 40), seed: UInt64(round))
            // Pages that become zero have a record of their own.
            primary.machine.memory.write(
                UInt64(round * 9 * targetPageSize), bytes: [UInt8](repeating: 0, count: targetPageSize * 3))
            primary.hold.send([UInt8(round)])
            #expect(primary.checkpoint(), "\(primary.log.events) \(primary.log.notes)")
            #expect(primary.network.sent.count == round + 1)
        }
        let last = primary.ram
        primary.write(pages: 0..<200, seed: 99)
        try qemu.loseHeartbeat()
        #expect(firstDifference(try qemu.memory(count: last.count), last) == nil)
        // It may notice its own closed channel before its failover counts as done, and says `error` then.
        try qemu.awaitCOLOExit(mode: "secondary")
        #expect(try qemu.execute("query-status")["status"]?.string == "running")
        // Our side notices its closed channel and waits for its own command.
        primary.hold.send([77])
        #expect(primary.log.awaits("COLO_EXIT primary error"))
        #expect(primary.network.sent.count == 5)
        #expect(primary.replication.leaveByCommand())
        #expect(primary.network.sent.last == [77])
        #expect(primary.log.events.suffix(3) == ["STOP", "MIGRATION completed", "RESUME"])
    }

    /// Without the capability on its side: the stream says that it is COLO.
    @Test func qemuServesOnAfterOurPrimaryHasFailedOver() throws {
        let folder = try TemporaryFolder()
        let primary = try COLOMachine(pages: Self.pages, checkpointDelay: 10)
        primary.write(pages: stride(from: 0, to: Self.pages, by: 5), seed: 41)
        try primary.machine.run()
        let qemu = try QEMUPeer(in: folder, name: "secondary", megabytes: Self.megabytes)
        try qemu.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try primary.migration.migrate(uri: "tcp:127.0.0.1:\(try qemu.port())").start()
        #expect(primary.awaits { primary.completed >= 5 }, "\(primary.log.events) \(primary.log.notes)")
        #expect(primary.replication.leaveByCommand())
        try qemu.awaitCOLOExit(mode: "secondary", reason: "error")
        try qemu.loseHeartbeat()
        #expect(firstDifference(try qemu.memory(count: primary.ram.count), primary.ram) == nil)
        #expect(
            primary.log.events.suffix(4) == [
                "STOP", "MIGRATION completed", "COLO_EXIT primary request", "RESUME",
            ])
    }
}
