import Environment
import Glibc
import GuestMemory
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// Snapshots of guests that run on, of the machine `none`.
@Suite(.serialized) struct BackgroundSnapshotTests {
    private static let snapshots = [MigrationCapabilityStatus(.backgroundSnapshot, true)]

    /// A machine that runs, with something in its RAM, and whose snapshots take their time.
    private func source(megabytes: Int = TestMachine.megabytes, memory: GuestMemory? = nil) throws -> TestMachine {
        let source = try TestMachine(megabytes: megabytes, memory: memory)
        source.fill(seed: 5)
        try source.controller.setCapabilities(Self.snapshots)
        try source.controller.updateParameters { $0.maxBandwidth = 12 << 20 }
        try source.machine.run()
        return source
    }

    private func isIdle(_ source: TestMachine) -> Bool {
        source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10))
    }

    private func load(_ file: String) throws -> TestMachine {
        let destination = try TestMachine(incoming: true)
        try destination.controller.migrateIncoming(uri: "exec:cat '\(file)'")
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        return destination
    }

    @Test(arguments: [MemoryBacking.anonymous, .memfd])
    func aFileHasTheGuestOfTheInstantAtWhichItBegan(backing: MemoryBacking) throws {
        let memory = GuestMemory(blocks: [
            try RAMBlock(
                name: "ram", guestAddress: 0, size: TestMachine.megabytes << 20, backing: backing)
        ])
        let source = try source(memory: memory)
        let folder = try TemporaryFolder()
        for round in UInt64(1)...2 {
            let before = source.ram
            let file = folder.path("snapshot \(round)")
            try source.migrate(to: "exec:cat > '\(file)'")
            #expect(source.awaits("resume", atLeast: Int(round) + 1))
            for page in 0..<UInt64(TestMachine.megabytes << 8) where page % 2 == round % 2 {
                memory.store(page * 4096 + 8, page | round << 60)
            }
            // Past the marks, as somebody else in the process.
            memory.blocks[0].base.storeBytes(of: round, toByteOffset: 5 << 20, as: UInt64.self)
            #expect(source.controller.queryMigrate().status == .active)
            #expect(source.awaits("completed", atLeast: Int(round)))
            #expect(firstDifference(try load(file).ram, before) == nil)
            let info = source.controller.queryMigrate()
            #expect(info.ram?.dirtySyncCount == 0 && info.ram?.remaining == 0)
            #expect((info.ram?.normal ?? 0) + (info.ram?.duplicate ?? 0) == Int64(TestMachine.megabytes << 8))
            #expect((1...1000).contains(info.downtime ?? 0))
        }
        #expect(
            source.log.lines == [
                "resume", "setup", "active", "stop", "resume", "completed", "setup", "active", "stop", "resume",
                "completed",
            ])
        #expect(source.machine.runState == .running)
    }

    @Test func aGuestThatWasPausedRunsAfterwards() throws {
        let source = try source(megabytes: 1)
        try source.machine.stopByCommand()
        try source.migrate(to: "exec:cat > /dev/null")
        #expect(source.awaits("completed"))
        #expect(source.log.lines == ["resume", "stop", "setup", "active", "resume", "completed"])
        #expect(source.machine.runState == .running)
    }

    @Test func aGuestThatNeverRanHasNoMomentToKeep() throws {
        let source = try TestMachine(megabytes: 1)
        try source.controller.setCapabilities(Self.snapshots)
        #expect(throws: MigrationRefusal.noMomentToKeep(.prelaunch)) {
            try source.migrate(to: "exec:cat > /dev/null")
        }
        #expect(source.log.lines.isEmpty)
        #expect(source.machine.runState == .prelaunch)
    }

    @Test func memoryThatTheHostCannotProtectIsRefusedBeforehand() throws {
        // On a disk: a file system in memory would do.
        let path = "/var/tmp/colod-ram-\(getpid())"
        defer { unlink(path) }
        let source = try TestMachine(
            memory: GuestMemory(blocks: [
                try RAMBlock(
                    name: "ram", guestAddress: 0, size: 1 << 20,
                    backing: .file(path: path, isShared: true))
            ]))
        #expect(throws: MigrationRefusal.noSnapshotsOfThisMemory) {
            try source.controller.setCapabilities(Self.snapshots)
        }
        #expect(!source.controller.settings[.backgroundSnapshot])
    }

    /// What ends a snapshot before its time.
    enum Trouble: CaseIterable { case cancel, yank, peerResets, quit }

    @Test(arguments: Trouble.allCases)
    func theGuestWritesAsItLikesOnceASnapshotHasEnded(trouble: Trouble) throws {
        let source = try source(megabytes: 64)
        try source.controller.updateParameters { $0.maxBandwidth = 0 }
        // It keeps what it got and never reads it.
        let peer = try RawPeer()
        try source.migrate(to: peer.uri)
        var connections = [try peer.accept()]
        defer { withExtendedLifetime(connections) {} }
        #expect(source.awaits("resume", atLeast: 2))
        source.machine.memory.store(63 << 20, UInt64(1))
        #expect(source.controller.queryMigrate().status == .active)
        switch trouble {
        case .cancel: source.controller.migrateCancel()
        case .yank: source.controller.yank()
        case .peerResets: connections.removeAll()
        case .quit: source.controller.endByCommand()
        }
        try #require(isIdle(source), "it does not end")
        let status = source.controller.queryMigrate().status
        #expect(status == ([.cancel, .quit].contains(trouble) ? .cancelled : .failed), "\(source.log.lines)")
        #expect(source.machine.runState == .running)
        #expect(source.controller.migrationThreads().isEmpty)
        // All of it, with nobody there who would let a writer go on.
        for page in 0..<UInt64(64 << 8) { source.machine.memory.store(page * 4096, page) }
        // The next one is as if there had been none.
        let folder = try TemporaryFolder()
        try source.migrate(to: "exec:cat > '\(folder.path("snapshot"))'")
        #expect(source.awaits("completed"))
    }

    @Test func aCancelIsObeyedAtEveryMoment() throws {
        var random = SeededGenerator(seed: 11)
        let source = try source(megabytes: 4)
        try source.controller.updateParameters { $0.maxBandwidth = 0 }
        let pause = ThreadGate(())
        for _ in 0..<40 {
            try source.migrate(to: "exec:cat > /dev/null")
            _ = pause.wait(until: SystemClock().now() + Nanoseconds(random.next() % 12_000_000)) { _ -> Bool? in nil }
            source.controller.migrateCancel()
            try #require(isIdle(source), "\(source.log.lines)")
            let status = source.controller.queryMigrate().status
            #expect(status == .cancelled || status == .completed)
            for page in 0..<UInt64(4 << 8) { source.machine.memory.store(page * 4096, page) }
            #expect(source.machine.runState == .running)
        }
    }
}
