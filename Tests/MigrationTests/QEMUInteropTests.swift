import Environment
import GuestMemory
import PairLab
import QAPI
import QMP
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration

/// A real QEMU 7.2 with machine `none` at the other end.
@Suite(.serialized, .enabled(if: QEMUPeer.isInstalled, "qemu-system-x86_64 is not installed"))
struct QEMUInteropTests {
    @Test(arguments: ["tcp", "unix"], [false, true])
    func ramArrivesInQEMUAndComesBackTheSame(transport: String, returnPath: Bool) throws {
        let folder = try TemporaryFolder()
        let source = try TestMachine()
        source.fill(seed: 1)
        try source.machine.run()
        let size = source.machine.memory.totalSize
        let qemu = try QEMUPeer(in: folder, name: "a", megabytes: TestMachine.megabytes)
        let listenURI = transport == "tcp" ? "tcp:127.0.0.1:0" : "unix:\(folder.path("in.sock"))"
        try qemu.migrateIncoming(uri: listenURI)
        if returnPath { try source.controller.setCapabilities([.init(.returnPath, true)]) }
        try source.migrate(to: transport == "tcp" ? "tcp:127.0.0.1:\(try qemu.port())" : listenURI)
        #expect(source.awaits("completed"), "\(source.log.outline)")
        try qemu.awaitMigration("completed")
        #expect(try firstDifference(qemu.memory(count: size), source.ram) == nil)
        #expect(
            source.log.outline == ["resume", "setup", "pass", "active", "stop", "pass", "completed"])
        #expect(source.machine.runState == .postmigrate)

        let destination = try TestMachine(incoming: true)
        let backURI = transport == "tcp" ? "tcp:127.0.0.1:0" : "unix:\(folder.path("back.sock"))"
        try destination.controller.migrateIncoming(uri: backURI)
        if returnPath {
            try qemu.setCapability("return-path")
        }
        try qemu.migrate(uri: transport == "tcp" ? "tcp:127.0.0.1:\(destination.port)" : backURI)
        #expect(destination.awaits("completed"), "\(destination.log.outline)")
        try qemu.awaitMigration("completed")
        #expect(firstDifference(destination.ram, source.ram) == nil)
        #expect(destination.log.outline == ["setup", "active", "resume", "completed"])
        #expect(destination.machine.runState == .running)
    }

    @Test(arguments: [false, true]) func qemuHoldsTheCheckpointsOfOurPrimary(xbzrle: Bool) throws {
        let folder = try TemporaryFolder()
        let source = try TestMachine()
        let handler = SequentialPrimary(rounds: 4, prepare: source.changer())
        source.controller.setCOLOHandler(handler)
        source.fill(seed: 5)
        let qemu = try QEMUPeer(in: folder, name: "s", megabytes: TestMachine.megabytes)
        try qemu.setCapability("x-colo")
        try qemu.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.controller.setCapabilities([.init(.xColo, true), .init(.xbzrle, xbzrle)])
        try source.migrate(to: "tcp:127.0.0.1:\(try qemu.port())")
        #expect(handler.awaitRounds())
        #expect(handler.error == nil)
        try qemu.loseHeartbeat()
        #expect(try firstDifference(qemu.memory(count: source.machine.memory.totalSize), source.ram) == nil)
        #expect((source.differences > 0) == xbzrle)
        handler.leave()
    }

    @Test(arguments: [false, true]) func ourSecondaryHoldsTheCheckpointsOfQEMU(xbzrle: Bool) throws {
        let folder = try TemporaryFolder()
        let filler = try TestMachine()
        filler.fill(seed: 6)
        let qemu = try QEMUPeer(in: folder, name: "p", megabytes: TestMachine.megabytes)
        try qemu.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try filler.machine.run()
        try filler.migrate(to: "tcp:127.0.0.1:\(try qemu.port())")
        try qemu.awaitMigration("completed")
        let destination = try TestMachine(incoming: true)
        let secondary = SequentialSecondary()
        destination.controller.setCOLOHandler(secondary)
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try qemu.setCapability("x-colo")
        if xbzrle { try qemu.setCapability("xbzrle") }
        try qemu.execute("migrate-set-parameters", ["x-checkpoint-delay": 50])
        try qemu.migrate(uri: "tcp:127.0.0.1:\(destination.port)")
        #expect(secondary.awaitCheckpoints(3), "\(destination.log.lines)")
        try qemu.loseHeartbeat()
        #expect(secondary.awaitEnd() != nil)
        #expect(firstDifference(destination.ram, filler.ram) == nil)
    }
}
