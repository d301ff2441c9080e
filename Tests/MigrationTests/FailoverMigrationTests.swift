import Environment
import Glibc
import GuestMemory
import MachineModel
import PacketPath
import QAPI
import SystemCalls
import Testing

@testable import Migration
@testable import VirtualMachine

/// A guest with a failover pair moves without its primary card, and has it again if it stays.
struct FailoverMigrationTests {
    private static func running() throws -> FailoverMachine {
        let source = try FailoverMachine()
        try source.base.machine.run()
        source.startDriver()
        #expect(source.isPlugged)
        return source
    }

    private static let asked = ["setup", "UNPLUG_PRIMARY net0-primary", "pass 1", "wait-unplug"]

    @Test func aGuestThatKnowsNoStandbyNeverSeesTheCard() throws {
        let machine = try FailoverMachine()
        try machine.base.machine.run()
        machine.startDriver(acceptingStandby: false)
        #expect(!machine.isPlugged)
        machine.startDriver()
        #expect(!machine.isPlugged, "features are settled until the driver resets the card")
    }

    /// The card cannot wait for a page, so it comes when all pages of RAM have come.
    @Test func theCardStaysOutWhilePagesOfRAMAreMissing() throws {
        let machine = try FailoverMachine()
        let (memory, parts) = (machine.base.machine.memory, machine.base.machine.parts)
        let missing = try memory.makePageSets()
        missing[0].insert(7)
        memory.beginResidency(try PageResidency(of: memory, missing: missing) { _ in })
        try parts.deferredRequests.begin()
        try machine.base.machine.run()
        machine.startDriver()
        #expect(!machine.isPlugged)
        machine.base.machine.endResidency()
        let deadline = SystemClock().now() + .seconds(20)
        while !machine.isPlugged, SystemClock().now() < deadline { sched_yield() }
        #expect(machine.isPlugged)
    }

    @Test func theGuestIsAskedAndWaitedForAndHasItsCardWhereItMovedTo() throws {
        let source = try Self.running()
        let destination = try FailoverMachine(incoming: true)
        try destination.base.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.base.migrate(to: "tcp:127.0.0.1:\(destination.base.port)")
        #expect(source.base.awaits("wait-unplug"))
        let info = source.base.controller.queryMigrate()
        #expect(info.status == .waitUnplug && info.ram == nil && info.totalTime == nil)
        #expect(source.isAsked && source.isPlugged)
        #expect(!destination.isPlugged)
        source.giveUpCard()
        #expect(source.base.awaits("completed"))
        #expect(destination.base.awaits("completed"))
        #expect(
            source.base.log.outline == [
                "resume", "setup", "UNPLUG_PRIMARY net0-primary", "pass", "wait-unplug", "active", "stop", "pass",
                "completed",
            ])
        #expect(!source.isPlugged)
        #expect(destination.isPlugged)
        #expect(destination.base.machine.runState == .running)
    }

    /// The network learns where the guest's frames come from now.
    @Test func theStandbyCardsNetworkIsToldWhenTheGuestGivesTheCardUp() throws {
        let source = try Self.running()
        #expect(source.standbyNetwork.sent.isEmpty)
        source.giveUpCard()
        #expect(source.standbyNetwork.sent == [try #require(EthernetAddress(FailoverMachine.mac)).announcement])
        #expect(source.primaryNetwork.sent.isEmpty)
    }

    /// Also what is announced because the guest has arrived, or because an operator asks for it.
    @Test func theAddressIsAnnouncedWhereTheGuestsFramesAre() throws {
        let machine = try Self.running()
        let frame = try #require(EthernetAddress(FailoverMachine.mac)).announcement
        machine.startPrimaryDriver()
        #expect(machine.primaryNetwork.sent.first == frame)
        #expect(machine.standbyNetwork.sent.isEmpty)
        machine.base.machine.announce(AnnounceParameters(rounds: 1))
        #expect(machine.primaryNetwork.sent.count >= 2)
        #expect(machine.standbyNetwork.sent.isEmpty)
        machine.giveUpCard()
        let before = machine.primaryNetwork.sent.count
        machine.base.machine.announce(AnnounceParameters(rounds: 1))
        #expect(machine.standbyNetwork.sent == [frame, frame])
        #expect(machine.primaryNetwork.sent.count == before)
    }

    @Test func aMigrationWithoutThePluggedCardWaitsForNothing() throws {
        let source = try Self.running()
        source.giveUpCard()
        try source.base.migrate(to: "exec:cat >/dev/null")
        #expect(source.base.awaits("completed"))
        #expect(source.base.log.outline == ["resume", "setup", "pass", "active", "stop", "pass", "completed"])
    }

    @Test func aCancelledWaitGivesTheCardBackOnceTheGuestHasGivenItUp() throws {
        let source = try Self.running()
        try source.base.migrate(to: "exec:cat >/dev/null")
        #expect(source.base.awaits("wait-unplug"))
        source.base.controller.migrateCancel()
        #expect(source.base.awaits("cancelled"))
        #expect(source.base.log.lines == ["resume"] + Self.asked + ["cancelling", "cancelled"])
        #expect(source.base.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.isPlugged)
        // What it was asked for goes its way, and then the card is there again.
        source.giveUpCard()
        #expect(source.isPlugged)
        #expect(source.standbyNetwork.sent.count == 1)
    }

    @Test func aMigrationThatFailsGivesTheCardBack() throws {
        let source = try Self.running()
        try source.base.migrate(to: "exec:cat >/dev/null; exit 3")
        #expect(source.base.awaits("wait-unplug"))
        source.giveUpCard()
        #expect(!source.isPlugged)
        #expect(source.base.awaits("outgoing failed"))
        #expect(source.base.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.isPlugged)
        #expect(source.base.machine.runState == .running)
    }

    /// Whatever the guest does meanwhile: also a reset, after which its driver accepts the stand-in again.
    @Test func noCardComesIntoTheSlotWhileTheGuestMoves() throws {
        let source = try Self.running()
        let first = try #require(source.pair.hold(until: .never))
        #expect(first.wasPlugged)
        source.giveUpCard()
        source.startDriver()
        #expect(!source.isPlugged)
        // The next move has begun when the end of the first one comes.
        let second = try #require(source.pair.hold(until: .never))
        source.pair.giveBack(first)
        #expect(!source.isPlugged)
        source.pair.giveBack(second)
        #expect(source.isPlugged)
    }

    @Test func aProcessThatEndsDoesNotWaitForTheGuest() throws {
        let source = try Self.running()
        try source.base.migrate(to: "exec:cat >/dev/null")
        #expect(source.base.awaits("wait-unplug"))
        source.base.controller.endByCommand()
        #expect(source.base.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.base.log.lines == ["resume"] + Self.asked + ["cancelling"])
    }

    @Test func aNextMigrationAsksAgain() throws {
        let source = try Self.running()
        for round in 1...2 {
            try source.base.migrate(to: "exec:cat >/dev/null")
            #expect(source.base.awaits("wait-unplug", atLeast: round))
            source.base.controller.migrateCancel()
            #expect(source.base.awaits("cancelled", atLeast: round))
            #expect(source.base.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
            #expect(source.isAsked)
            source.giveUpCard()
            #expect(source.isPlugged && !source.isAsked)
        }
    }

    @Test func replicationIsRefused() throws {
        let source = try Self.running()
        try source.base.controller.setCapabilities([MigrationCapabilityStatus(.xColo, true)])
        #expect(throws: MigrationRefusal.primaryInCOLO("net0-primary")) {
            try source.base.migrate(to: "exec:cat >/dev/null")
        }
    }

    /// The state of a slot with a card is none that another machine can take.
    @Test func theDevicesAreNotSavedWhileTheCardIsThere() throws {
        let source = try Self.running()
        #expect(throws: DeviceFileError.primaryPlugged("net0-primary")) {
            try source.base.controller.saveDevices(to: "/dev/null")
        }
    }
}
