import GuestMemory
import PairLab
import QAPI
import Testing
import VirtualMachine

@testable import Migration

struct COLOSessionTests {
    @Test(arguments: ["tcp", "unix"], [false, true])
    func checkpointsReachTheSecondaryByteForByte(transport: String, xbzrle: Bool) throws {
        let folder = try TemporaryFolder()
        let source = try TestMachine()
        let destination = try TestMachine(incoming: true)
        let primary = SequentialPrimary(rounds: 5, prepare: source.changer())
        let secondary = SequentialSecondary()
        source.controller.setCOLOHandler(primary)
        destination.controller.setCOLOHandler(secondary)
        source.fill(seed: 3)
        try source.controller.setCapabilities([.init(.xColo, true), .init(.xbzrle, xbzrle)])
        let uri = transport == "tcp" ? "tcp:127.0.0.1:0" : "unix:\(folder.path("colo.sock"))"
        try destination.controller.migrateIncoming(uri: uri)
        try source.migrate(to: transport == "tcp" ? "tcp:127.0.0.1:\(destination.port)" : uri)
        #expect(secondary.awaitCheckpoints(5))
        #expect(primary.awaitRounds())
        #expect(primary.error == nil)
        #expect(firstDifference(destination.ram, source.ram) == nil)
        #expect((source.differences > 0) == xbzrle)
        #expect(source.controller.queryMigrate().status == .colo)
        #expect(destination.controller.queryMigrate().status == .colo)
        primary.leave()
        #expect(secondary.awaitEnd() != nil)
        #expect(source.log.outline == ["setup", "pass", "active", "pass", "colo", "resume"])
        let checkpoint = ["stop", "resume"]
        #expect(
            destination.log.lines == ["setup", "active", "colo", "resume"] + (0..<5).flatMap { _ in checkpoint })
        #expect(source.controller.finishCOLO())
        #expect(source.controller.queryMigrate().status == .completed)
        #expect(!source.controller.finishCOLO())
    }

    @Test func whatIsWrittenBetweenTheInitialStateAndTheFirstCheckpointIsInIt() throws {
        let source = try TestMachine()
        let destination = try TestMachine(incoming: true)
        let memory = source.machine.memory
        let primary = SequentialPrimary(rounds: 1, begin: { memory.write(9 << 20, bytes: [1, 2, 3]) })
        let secondary = SequentialSecondary()
        source.controller.setCOLOHandler(primary)
        destination.controller.setCOLOHandler(secondary)
        source.fill(seed: 5)
        try source.controller.setCapabilities([MigrationCapabilityStatus(.xColo, true)])
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(secondary.awaitCheckpoints(1))
        #expect(destination.machine.memory.read(9 << 20, count: 3) == [1, 2, 3])
        #expect(firstDifference(destination.ram, source.ram) == nil)
        primary.leave()
        #expect(secondary.awaitEnd() != nil)
    }

    @Test func coloIsRefusedTogetherWithWhatItCannotCarry() throws {
        let source = try TestMachine()
        source.controller.setCOLOHandler(SequentialPrimary(rounds: 0))
        for other in [MigrationCapability.returnPath, .multifd, .compress] {
            try source.controller.setCapabilities([
                MigrationCapabilityStatus(.xColo, true), MigrationCapabilityStatus(other, true),
            ])
            #expect {
                try source.migrate(to: "tcp:127.0.0.1:1")
            } throws: {
                "\($0)" == "Capability 'x-colo' is not compatible with capability '\(other.rawValue)'"
            }
            try source.controller.setCapabilities([MigrationCapabilityStatus(other, false)])
        }
    }

    @Test func coloIsRefusedForAMachineWithAWritableDisk() throws {
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        parts.writableDisks = ["/images/root.img"]
        let controller = MigrationController(machine: VirtualMachine(parts: parts)) { _ in }
        controller.setCOLOHandler(SequentialPrimary(rounds: 0))
        try controller.setCapabilities([MigrationCapabilityStatus(.xColo, true)])
        #expect {
            _ = try controller.migrate(uri: "tcp:127.0.0.1:1")
        } throws: {
            "\($0)".contains("/images/root.img")
        }
    }
}
