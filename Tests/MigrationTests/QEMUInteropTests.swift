import Environment
import GuestMemory
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration

/// A real QEMU 7.2 with machine `none` at the other end.
@Suite(.serialized, .enabled(if: QEMUPeer.isInstalled, "qemu-system-x86_64 is not installed"))
struct QEMUInteropTests {
    @Test(arguments: ["tcp", "unix"], [false, true])
    func ramArrivesInQEMUAndComesBackTheSame(transport: String, returnPath: Bool) throws {
        let scratch = try ScratchDirectory()
        let source = try TestMachine()
        source.fill(seed: 1)
        try source.machine.run()
        let size = source.machine.memory.totalSize
        let qemu = try QEMUPeer(
            directory: scratch.path, name: "a", megabytes: TestMachine.megabytes, arguments: ["-incoming", "defer"])
        let listenURI = transport == "tcp" ? "tcp:127.0.0.1:0" : "unix:\(scratch.path)/in.sock"
        try qemu.execute("migrate-incoming", ["uri": listenURI])
        if returnPath { try source.controller.setCapabilities([.init(.returnPath, true)]) }
        try source.migrate(to: transport == "tcp" ? "tcp:127.0.0.1:\(try Self.port(qemu))" : listenURI)
        #expect(source.awaits("completed"), "\(source.log.lines)")
        try qemu.awaitMigration("completed")
        #expect(try qemu.memory(directory: scratch.path, count: size) == source.ram)
        #expect(
            source.log.lines == ["resume", "setup", "pass 1", "active", "stop", "pass 2", "completed"])
        #expect(source.machine.runState == .postmigrate)

        let destination = try TestMachine(incoming: true)
        let backURI = transport == "tcp" ? "tcp:127.0.0.1:0" : "unix:\(scratch.path)/back.sock"
        try destination.controller.migrateIncoming(uri: backURI)
        if returnPath {
            try qemu.execute(
                "migrate-set-capabilities", ["capabilities": [["capability": "return-path", "state": true]]])
        }
        try qemu.execute("migrate", ["uri": transport == "tcp" ? "tcp:127.0.0.1:\(destination.port)" : backURI])
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        try qemu.awaitMigration("completed")
        #expect(destination.ram == source.ram)
        #expect(destination.log.lines == ["setup", "active", "resume", "completed"])
        #expect(destination.machine.runState == .running)
    }

    @Test func qemuHoldsTheCheckpointsOfOurPrimary() throws {
        let scratch = try ScratchDirectory()
        let source = try TestMachine()
        let handler = SequentialPrimary(rounds: 4)
        source.controller.setColoHandler(handler)
        source.fill(seed: 5)
        let qemu = try QEMUPeer(
            directory: scratch.path, name: "s", megabytes: TestMachine.megabytes, arguments: ["-incoming", "defer"])
        try qemu.setCapability("x-colo")
        try qemu.execute("migrate-incoming", ["uri": "tcp:127.0.0.1:0"])
        try source.controller.setCapabilities([CapabilityChange(.colo, true)])
        try source.migrate(to: "tcp:127.0.0.1:\(try Self.port(qemu))")
        #expect(handler.awaitRounds())
        #expect(handler.error == nil)
        try qemu.execute("x-colo-lost-heartbeat")
        #expect(try qemu.memory(directory: scratch.path, count: source.machine.memory.totalSize) == source.ram)
        handler.leave()
    }

    @Test func ourSecondaryHoldsTheCheckpointsOfQEMU() throws {
        let scratch = try ScratchDirectory()
        let filler = try TestMachine()
        filler.fill(seed: 6)
        let qemu = try QEMUPeer(
            directory: scratch.path, name: "p", megabytes: TestMachine.megabytes, arguments: ["-incoming", "defer"])
        try qemu.execute("migrate-incoming", ["uri": "tcp:127.0.0.1:0"])
        try filler.machine.run()
        try filler.migrate(to: "tcp:127.0.0.1:\(try Self.port(qemu))")
        try qemu.awaitMigration("completed")
        let destination = try TestMachine(incoming: true)
        let secondary = SequentialSecondary()
        destination.controller.setColoHandler(secondary)
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try qemu.setCapability("x-colo")
        try qemu.execute("migrate-set-parameters", ["x-checkpoint-delay": 50])
        try qemu.execute("migrate", ["uri": "tcp:127.0.0.1:\(destination.port)"])
        #expect(secondary.awaitCheckpoints(3), "\(destination.log.lines)")
        try qemu.execute("x-colo-lost-heartbeat")
        #expect(secondary.awaitEnd() != nil)
        #expect(destination.ram == filler.ram)
    }

    private static func port(_ qemu: QEMUPeer) throws -> String {
        let info = try qemu.execute("query-migrate") as? [String: Any]
        let addresses = info?["socket-address"] as? [[String: Any]]
        return addresses?.first?["port"] as? String ?? ""
    }
}
