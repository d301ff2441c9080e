import GuestMemory
import PairLab
import QAPI
import QMP
import Testing
import VirtualMachine

@testable import Migration

/// RAM that both ends of a migration have in common, and the capability that leaves it out of the stream.
@Suite(.serialized)
struct SharedMemoryTests {
    private static let pages = (TestMachine.megabytes << 20) / targetPageSize

    private let folder: TemporaryFolder
    private let file: MemoryBacking

    init() throws {
        folder = try TemporaryFolder()
        file = .file(path: folder.path("ram"), isShared: true)
    }

    /// A machine whose RAM is kept in `backing`; `apart`: and that has a second block of its own of 1 MiB.
    private func machine(_ backing: MemoryBacking, incoming: Bool = false, apart: Bool = false) throws -> TestMachine {
        var blocks = [
            try RAMBlock(name: "ram", guestAddress: 0, size: TestMachine.megabytes << 20, backing: backing)
        ]
        if apart { blocks.append(try RAMBlock(name: "own", guestAddress: 1 << 30, size: 1 << 20)) }
        let machine = try TestMachine(incoming: incoming, memory: GuestMemory(blocks: blocks))
        try machine.controller.setCapabilities([MigrationCapabilityStatus(.xIgnoreShared, true)])
        return machine
    }

    private func migrate(_ source: TestMachine, to destination: TestMachine) throws -> MigrationStats {
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("completed"), "\(source.log.lines)")
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        return try #require(source.controller.queryMigrate().ram)
    }

    @Test func sharedMemoryStaysOutOfTheStreamAndIsThere() throws {
        let (source, destination) = (try machine(file), try machine(file, incoming: true))
        source.fill(seed: 21)
        let ram = source.ram
        let stats = try migrate(source, to: destination)
        #expect((stats.normal, stats.duplicate) == (0, 0))
        #expect((stats.total, stats.remaining) == (0, 0))
        #expect(stats.transferred < 4096, "\(stats.transferred) bytes")
        #expect(firstDifference(destination.ram, ram) == nil)
        source.machine.memory.write(0, bytes: [1, 2, 3])
        #expect(destination.machine.memory.read(0, count: 3) == [1, 2, 3])
    }

    @Test func whatIsNotSharedIsSent() throws {
        let (source, destination) = (try machine(file, apart: true), try machine(file, incoming: true, apart: true))
        source.fill(seed: 22)
        let stats = try migrate(source, to: destination)
        #expect(stats.normal + stats.duplicate == 256)
        #expect(stats.total == 1 << 20)
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }

    @Test func memoryOfAProcessIsSentWithTheCapabilityToo() throws {
        let own = MemoryBacking.file(path: folder.path("own"), isShared: false)
        for backing in [MemoryBacking.anonymous, own] {
            let (source, destination) = (try machine(backing), try machine(backing, incoming: true))
            source.fill(seed: 23)
            let stats = try migrate(source, to: destination)
            #expect(stats.normal + stats.duplicate == Int64(Self.pages))
            #expect(firstDifference(destination.ram, source.ram) == nil)
        }
    }

    @Test func withoutTheCapabilitySharedMemoryIsSentOnce() throws {
        let other = MemoryBacking.file(path: folder.path("other"), isShared: true)
        let (source, destination) = (try machine(file), try machine(other, incoming: true))
        for machine in [source, destination] {
            try machine.controller.setCapabilities([MigrationCapabilityStatus(.xIgnoreShared, false)])
        }
        source.fill(seed: 24)
        let stats = try migrate(source, to: destination)
        #expect(stats.normal + stats.duplicate == Int64(Self.pages), "also if the first round is a short one")
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }

    @Test func checkpointsLeaveNothingOut() throws {
        let source = try machine(file)
        source.controller.setCOLOHandler(SequentialPrimary(rounds: 0))
        try source.controller.setCapabilities([MigrationCapabilityStatus(.xColo, true)])
        #expect {
            try source.migrate(to: "tcp:127.0.0.1:1")
        } throws: {
            "\($0)" == "Capability 'x-colo' is not compatible with capability 'x-ignore-shared' on shared RAM"
        }
    }

    @Test(.enabled(if: QEMUPeer.isInstalled, "qemu-system-x86_64 is not installed"))
    func qemuOnTheSameFileTakesTheGuestAndGivesItBack() throws {
        let source = try machine(file)
        source.fill(seed: 25)
        let ram = source.ram
        try source.machine.run()
        let qemu = try QEMUPeer(
            in: folder, name: "q", megabytes: TestMachine.megabytes, memoryFile: folder.path("ram"))
        try qemu.setCapability("x-ignore-shared")
        try qemu.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(try qemu.port())")
        #expect(source.awaits("completed"), "\(source.log.lines)")
        try qemu.awaitMigration("completed")
        let stats = try #require(source.controller.queryMigrate().ram)
        #expect((stats.normal, stats.duplicate, stats.total) == (0, 0, 0))
        #expect(try firstDifference(qemu.memory(count: ram.count), ram) == nil)

        let destination = try machine(file, incoming: true)
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try qemu.migrate(uri: "tcp:127.0.0.1:\(destination.port)")
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        try qemu.awaitMigration("completed")
        let sent = try qemu.execute("query-migrate")["ram"]
        #expect(sent?["normal"] == 0 && sent?["duplicate"] == 0)
        #expect(firstDifference(destination.ram, ram) == nil)
    }
}
