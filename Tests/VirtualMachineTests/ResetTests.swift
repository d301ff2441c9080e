import QAPI
import Synchronization
import SystemCalls
import Testing

@testable import VirtualMachine

struct ResetTests {
    private static func machine(_ resets: CountingResets) throws -> VirtualMachine {
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        parts.resetToPowerOn = { resets.add() }
        return VirtualMachine(parts: parts)
    }

    @Test func aResetOfAStoppedMachineLeadsToPrelaunch() throws {
        let resets = CountingResets()
        let machine = try Self.machine(resets)
        try machine.run()
        try machine.resetByCommand()
        #expect(machine.runState == .running)
        try machine.stopByCommand()
        try machine.resetByCommand()
        #expect(machine.runState == .prelaunch)
        #expect(resets.count == 2)
    }

    @Test func aResetBeforeTheSwitchoverHappensAtOnceAndOneAfterItWhenItIsOver() throws {
        let resets = CountingResets()
        let machine = try Self.machine(resets)
        try machine.run()
        let events = ThreadGate<[MachineEvent]>([])
        machine.setEventHandler { event in events.withLock { $0.append(event) } }
        let reset = MachineEvent.reset(guest: false, reason: "host-qmp-system-reset")
        _ = try machine.haltForMigration()
        try machine.resetByCommand()
        #expect(resets.count == 1 && machine.runState == .finishMigrate)
        machine.beginLeaving()
        try machine.resetByCommand()
        #expect(resets.count == 1, "what is being sent stays whole")
        #expect(events.withLock { $0 } == [.stop, reset])
        try machine.setState(.postmigrate)
        #expect(resets.count == 2)
        try machine.run()
        #expect(resets.count == 2)
        #expect(events.withLock { $0 } == [.stop, reset, reset, .resume])
    }

    @Test func aStopBeforeTheSwitchoverKeepsTheGuestStoppedAndAResetIsStillCarriedOut() throws {
        let resets = CountingResets()
        let machine = try Self.machine(resets)
        try machine.run()
        _ = try machine.haltForMigration()
        machine.beginLeaving()
        try machine.stopByCommand()
        try machine.resetByCommand()
        try machine.run()
        #expect(machine.runState == .paused && resets.count == 1)
        try machine.run()
        _ = try machine.haltForMigration()
        try machine.stopByCommand()
        try machine.setState(.postmigrate)
        try machine.run()
        #expect(machine.runState == .running, "a stop of one migration is not one of the next")
    }

    @Test func aMachineThatWaitsForItsStateIsNotTouched() throws {
        let resets = CountingResets()
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        parts.resetToPowerOn = { resets.add() }
        let machine = VirtualMachine(parts: parts, incoming: true)
        try machine.resetByCommand()
        #expect(resets.count == 0 && machine.runState == .inmigrate)
    }
}

private final class CountingResets: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock { $0 } }
    func add() { value.withLock { $0 += 1 } }
}
