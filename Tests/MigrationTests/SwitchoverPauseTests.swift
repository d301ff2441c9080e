import Environment
import PairLab
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration

struct SwitchoverPauseTests {
    private static func pausedSource(running: Bool = true) throws -> (TestMachine, TestMachine) {
        let source = try TestMachine(megabytes: 1)
        let destination = try TestMachine(incoming: true, megabytes: 1)
        source.fill(seed: 21)
        try source.controller.setCapabilities([MigrationCapabilityStatus(.pauseBeforeSwitchover, true)])
        if running { try source.machine.run() }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("pre-switchover"))
        return (source, destination)
    }

    @Test func theGuestStandsUntilTheOperatorLetsItGo() throws {
        let (source, destination) = try Self.pausedSource()
        #expect(source.machine.runState == .finishMigrate)
        #expect(throws: RunStateError(current: .finishMigrate, wanted: .running)) {
            try source.machine.continueByCommand()
        }
        try source.machine.stopByCommand()
        #expect(throws: MigrationRefusal.otherStatus(.preSwitchover)) {
            try source.controller.migrateContinue(state: .active)()
        }
        let info = source.controller.queryMigrate()
        #expect(info.status == .preSwitchover && info.expectedDowntime == 300 && info.ram?.dirtySyncCount == 1)
        try source.controller.migrateContinue(state: .preSwitchover)()
        #expect(source.awaits("completed"))
        #expect(destination.awaits("completed"))
        #expect(
            source.log.outline == [
                "resume", "setup", "pass", "active", "stop", "pre-switchover", "device", "pass", "completed",
            ])
        #expect(destination.machine.runState == .running)
        #expect(firstDifference(destination.ram, source.ram) == nil)
        #expect(source.machine.runState == .postmigrate)
    }

    @Test func cancellingGivesTheGuestBack() throws {
        let (source, _) = try Self.pausedSource()
        source.controller.migrateCancel()
        #expect(source.awaits("cancelled"))
        #expect(source.log.lines.suffix(5) == ["stop", "pre-switchover", "cancelling", "resume", "cancelled"])
        #expect(source.machine.runState == .running)
    }

    @Test(arguments: [false, true])
    func aStopThereIsHonouredWhenTheGuestComesBackUnlessItIsTakenBack(takenBack: Bool) throws {
        let (source, _) = try Self.pausedSource()
        try source.machine.stopByCommand()
        if takenBack { #expect(throws: RunStateError.self) { try source.machine.continueByCommand() } }
        source.controller.migrateCancel()
        #expect(source.awaits("cancelled"))
        let back = takenBack ? ["resume", "cancelled"] : ["cancelled"]
        #expect(source.log.lines.suffix(back.count + 1) == ["cancelling"] + back)
        #expect(source.machine.runState == (takenBack ? .running : .paused))
        try source.machine.continueByCommand()
        #expect(source.machine.runState == .running)
    }

    @Test func aGuestThatNeverRanCountsAsMigratedWhenItIsCancelledThere() throws {
        let (source, _) = try Self.pausedSource(running: false)
        source.controller.migrateCancel()
        #expect(source.awaits("cancelled"))
        #expect(source.machine.runState == .postmigrate)
        #expect(throws: MigrationRefusal.pausedByMigration) {
            _ = try source.controller.migrate(uri: "tcp:127.0.0.1:1")
        }
        try source.machine.resetByCommand()
        #expect(source.machine.runState == .prelaunch)
        #expect(throws: Never.self) { _ = try source.controller.migrate(uri: "tcp:127.0.0.1:1") }
    }

    @Test func aResetThereIsAnEventAndTheMigrationGoesOn() throws {
        let (source, destination) = try Self.pausedSource()
        try source.machine.resetByCommand()
        #expect(source.machine.runState == .finishMigrate)
        try source.controller.migrateContinue(state: .preSwitchover)()
        #expect(destination.awaits("completed"))
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }

    @Test func quittingCancelsAndTellsNothingMore() throws {
        let (source, _) = try Self.pausedSource()
        source.controller.endByCommand()
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.log.lines.suffix(3) == ["stop", "pre-switchover", "cancelling"])
        #expect(source.machine.runState == .finishMigrate, "the guest does not run on in a process that ends")
    }

    @Test func quittingWhileTheDestinationIsSilentEndsTheWaitToo() throws {
        let source = try TestMachine(megabytes: 1)
        try source.controller.setCapabilities([MigrationCapabilityStatus(.returnPath, true)])
        try source.machine.run()
        try source.migrate(to: "exec:cat > /dev/null")
        #expect(source.awaits("pass 2"))
        source.controller.endByCommand()
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.log.lines.last == "cancelling")
        #expect(source.machine.runState == .finishMigrate)
    }

    @Test func continuingTooEarlyIsNoContinuation() throws {
        let source = try TestMachine(megabytes: 1)
        try source.controller.migrateContinue(state: .none)()
        #expect(throws: MigrationRefusal.otherStatus(.none)) {
            try source.controller.migrateContinue(state: .preSwitchover)()
        }
        let (other, _) = try Self.pausedSource()
        #expect(other.machine.runState == .finishMigrate)
        other.controller.migrateCancel()
        #expect(other.awaits("cancelled"))
    }

    @Test func theThreadOfAMigrationIsListedAsLongAsItLives() throws {
        let (source, destination) = try Self.pausedSource()
        let threads = source.controller.migrationThreads()
        #expect(threads.map(\.name) == ["live_migration"])
        let id = try #require(threads.first?.id)
        #expect(id > 0 && id != Thread.currentID)
        #expect(destination.controller.migrationThreads().isEmpty)
        source.controller.migrateCancel()
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.controller.migrationThreads().isEmpty)
    }
}

struct PostcopyCommandTests {
    @Test func itsCommandsSayWhyTheyDoNothing() throws {
        let machine = try TestMachine(megabytes: 1)
        #expect(throws: MigrationRefusal.postcopyNotEnabled) { try machine.controller.migrateStartPostcopy() }
        #expect(throws: MigrationRefusal.notInPostcopy) { try machine.controller.migratePause() }
        #expect(throws: MigrationRefusal.postcopyNotPaused) {
            try machine.controller.migrateRecover(uri: "tcp:127.0.0.1:0")
        }
        try machine.controller.setCapabilities([MigrationCapabilityStatus(.postcopyRam, true)])
        #expect(throws: MigrationRefusal.postcopyTooEarly) { try machine.controller.migrateStartPostcopy() }
        #expect(throws: MigrationRefusal.noPausedMigration) {
            _ = try machine.controller.migrate(uri: "tcp:127.0.0.1:1", resume: true)
        }
        #expect(machine.log.lines.isEmpty)
    }
}
