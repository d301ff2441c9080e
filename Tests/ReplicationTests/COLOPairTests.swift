import Environment
import GuestMemory
import Migration
import PacketPath
import PairLab
import QAPI
import ReplicationCore
import Synchronization
import Testing
import VirtualMachine

@testable import Replication

/// COLO between two services of this process, as it goes when nothing fails.
struct COLOPairTests {
    @Test(arguments: [COLOPair.Link.tcp, .unix])
    func theSecondaryTakesOverFromTheLastCompleteCheckpoint(link: COLOPair.Link) throws {
        let pair = try COLOPair(link)
        #expect(firstDifference(pair.secondary.ram, pair.primary.ram) == nil)
        for round in 0..<4 {
            pair.primary.write(pages: stride(from: round, to: 256, by: 5 + round), seed: UInt64(round) + 10)
            let image = pair.primary.ram
            #expect(pair.primary.checkpoint())
            #expect(firstDifference(pair.secondary.ram, image) == nil)
        }
        let last = pair.primary.ram
        // What the guest does after its last checkpoint dies with the primary.
        pair.primary.write(pages: 0..<256, seed: 99)
        #expect(pair.secondary.replication.leaveByCommand())
        #expect(firstDifference(pair.secondary.ram, last) == nil)
        #expect(pair.secondary.machine.runState == .running)
        #expect(pair.secondary.migration.queryMigrate().status == .completed)
        #expect(
            pair.secondary.replication.coloStatus
                == COLOStatus(mode: .none, lastMode: .secondary, reason: .request))
        #expect(!pair.secondary.replication.leaveByCommand())
    }

    @Test func aSecondaryThatNeverGotACheckpointTakesOverFromTheInitialState() throws {
        let pair = try COLOPair()
        let initial = pair.primary.ram
        pair.primary.write(pages: 0..<256, seed: 7)
        #expect(pair.secondary.replication.leaveByCommand())
        #expect(firstDifference(pair.secondary.ram, initial) == nil)
    }

    /// The events that QEMU 7.2's clients see when the secondary fails over and the primary is told afterwards.
    @Test func failoverOnTheSecondaryTellsItsEventsInOrder() throws {
        let pair = try COLOPair()
        #expect(pair.primary.checkpoint())
        #expect(pair.secondary.replication.leaveByCommand())
        #expect(pair.primary.log.awaits("COLO_EXIT"))
        #expect(pair.primary.mode == .primary)
        #expect(pair.primary.migration.queryMigrate().status == .colo)
        #expect(
            pair.secondary.log.events == [
                "MIGRATION setup", "MIGRATION active", "MIGRATION colo", "RESUME", "STOP", "RESUME", "STOP",
                "MIGRATION completed", "COLO_EXIT secondary request", "RESUME",
            ])
        #expect(pair.primary.replication.leaveByCommand())
        #expect(
            pair.primary.log.events == [
                "RESUME", "MIGRATION setup", "MIGRATION_PASS 1", "MIGRATION active", "STOP", "MIGRATION_PASS 2",
                "MIGRATION colo", "RESUME", "STOP", "MIGRATION_PASS 3", "RESUME", "COLO_EXIT primary error", "STOP",
                "MIGRATION completed", "RESUME",
            ])
        #expect(pair.primary.machine.runState == .running)
        #expect(pair.primary.migration.queryMigrate().status == .completed)
    }

    @Test func failoverOnThePrimaryTellsItsEventsInOrder() throws {
        let pair = try COLOPair()
        #expect(pair.primary.checkpoint())
        let (before, there) = (pair.primary.log.events.count, pair.secondary.log.events.count)
        #expect(pair.primary.replication.leaveByCommand())
        #expect(
            pair.primary.log.events(from: before) == [
                "STOP", "MIGRATION completed", "COLO_EXIT primary request", "RESUME",
            ])
        #expect(
            pair.primary.replication.coloStatus == COLOStatus(mode: .none, lastMode: .primary, reason: .request))
        #expect(pair.secondary.log.awaits("COLO_EXIT"))
        #expect(pair.secondary.mode == .secondary)
        #expect(pair.secondary.replication.leaveByCommand())
        // One COLO_EXIT in each run, and it was told already.
        #expect(
            pair.secondary.log.events(from: there) == [
                "COLO_EXIT secondary error", "STOP", "MIGRATION completed", "RESUME",
            ])
        #expect(pair.secondary.machine.runState == .running)
    }

    /// What was wrong in a run says nothing about a guest that can be paused again.
    @Test func aPauseThatFailedIsNoImpairmentAfterItsRun() throws {
        let pair = try COLOPair()
        let primary = pair.primary
        #expect(primary.replication.condition.impairments.isEmpty)
        primary.engine.isStuck.store(true, ordering: .relaxed)
        primary.replication.holdLimitReached()
        #expect(primary.awaits { primary.replication.condition.impairments.contains(.guest) })
        #expect(primary.log.awaits("log: replication ended"))
        primary.engine.isStuck.store(false, ordering: .relaxed)
        #expect(primary.awaits { primary.replication.condition.impairments.isEmpty })
    }

    @Test func aPausedPrimaryRunsInCOLO() throws {
        let primary = try COLOMachine()
        let secondary = try COLOMachine(incoming: true)
        try secondary.migration.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try primary.migration.migrate(uri: "tcp:127.0.0.1:\(secondary.port)").start()
        #expect(primary.awaits { primary.machine.runState == .running && secondary.mode == .secondary })
        #expect(primary.checkpoint())
    }

    @Test func checkpointsComeByThemselvesAndHoldOnlyWhatChanged() throws {
        let pair = try COLOPair(checkpointDelay: 5)
        let primary = pair.primary
        #expect(primary.awaits { primary.completed >= 5 })
        primary.write(pages: [3, 4, 200], seed: 5)
        let image = primary.ram
        let before = primary.completed
        #expect(primary.awaits { primary.completed >= before + 2 })
        #expect(firstDifference(pair.secondary.ram, image) == nil)
        #expect(primary.replication.statistics.lastAge != nil)
    }

    @Test func aChangedDelayTakesEffectAtOnce() throws {
        let pair = try COLOPair()
        let primary = pair.primary
        try primary.migration.updateParameters { $0.checkpointDelay = 2 }
        primary.replication.checkpointDelayChanged()
        #expect(primary.awaits { primary.completed >= 3 })
    }

    @Test func outputLeavesWithItsCheckpointAlone() throws {
        let pair = try COLOPair()
        let primary = pair.primary
        primary.hold.send([1])
        #expect(primary.network.sent == [])
        #expect(primary.checkpoint())
        #expect(primary.network.sent == [[1]])
        primary.hold.send([2])
        #expect(primary.network.sent == [[1]])
        #expect(primary.replication.leaveByCommand())
        #expect(primary.network.sent == [[1], [2]])
        primary.hold.send([3])
        #expect(primary.network.sent == [[1], [2], [3]])
    }

    @Test func aFullHoldBufferIsAReasonForACheckpoint() throws {
        let pair = try COLOPair(holdLimit: 4000)
        let primary = pair.primary
        let frame = [UInt8](repeating: 7, count: 1400)
        primary.hold.send(frame)
        primary.hold.send(frame)
        #expect(primary.completed == 0)
        primary.hold.send(frame)
        #expect(primary.awaits { primary.completed == 1 && primary.network.sent.count == 3 })
        for _ in 0..<3 { primary.hold.send(frame) }
        #expect(primary.awaits { primary.completed == 2 && primary.network.sent.count == 6 })
    }

    @Test func aSurvivorIsProtectedAgainByAFreshSecondary() throws {
        let pair = try COLOPair()
        #expect(pair.primary.checkpoint())
        #expect(pair.secondary.replication.leaveByCommand())
        let survivor = pair.secondary
        let fresh = try COLOMachine(incoming: true)
        try fresh.migration.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try survivor.migration.migrate(uri: "tcp:127.0.0.1:\(fresh.port)").start()
        #expect(survivor.awaits { survivor.mode == .primary && fresh.mode == .secondary })
        survivor.write(pages: 10..<90, seed: 4)
        survivor.hold.send([9])
        #expect(survivor.checkpoint())
        #expect(survivor.network.sent == [[9]])
        #expect(firstDifference(fresh.ram, survivor.ram) == nil)
        #expect(fresh.replication.leaveByCommand())
        #expect(firstDifference(fresh.ram, survivor.ram) == nil)
    }

    @Test func aSwitchoverThatFailsLetsOutputFlowAgain() throws {
        let primary = try COLOMachine()
        try primary.machine.run()
        #expect(primary.replication.maySwitchOver())
        primary.hold.send([1])
        #expect(primary.network.sent == [])
        primary.replication.switchoverFailed()
        primary.hold.send([2])
        #expect(primary.network.sent == [[1], [2]])
    }
}
