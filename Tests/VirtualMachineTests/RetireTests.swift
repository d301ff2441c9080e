import Environment
import MachineModel
import QAPI
import Synchronization
import SystemCalls
import Testing

@testable import VirtualMachine

struct RetireTests {
    @Test(arguments: [RunState.running, .finishMigrate, .paused, .colo, .prelaunch])
    func aRetiredMachineIsPausedAndNothingStartsItAgain(_ state: RunState) throws {
        let (machine, engine) = try RunControlTests.machine()
        if state != .prelaunch { try machine.run() }
        if state == .finishMigrate { _ = try machine.haltForMigration() } else { try machine.halt(to: state) }
        let runs = engine.log.filter { $0 == "engine runs" }.count
        let events = engine.log.filter { $0 == "stop" }.count
        machine.retire()
        machine.retire()
        #expect(machine.runState == .paused && machine.isRetired)
        #expect(engine.log.filter { $0 == "stop" }.count == events + (state == .running ? 1 : 0))
        let log = engine.log
        #expect { try machine.run() } throws: { "\($0)".contains("given up") }
        #expect(throws: RunStateError.self) { try machine.runAsStandby() }
        #expect(throws: RunStateError.self) { try machine.continueByCommand() }
        #expect(throws: RunStateError.self) { try machine.setState(.running) }
        #expect(throws: RunStateError.self) { try machine.setState(.inmigrate) }
        #expect(throws: RunStateError.self) { _ = try machine.haltForMigration() }
        try machine.stopByCommand()
        try machine.halt(to: .colo)
        try machine.resetByCommand()
        machine.reset(guest: true, reason: "guest-reset")
        #expect(engine.log == log, "no event, no step of the engine")
        machine.pauseBriefly {}
        try machine.pauseBriefly(within: .seconds(1)) {}
        machine.load(PreparedDeviceState([]))
        #expect(engine.log.filter { $0 == "engine runs" }.count == runs)
        #expect(machine.runState == .paused)
        machine.shutDown()
    }

    @Test func aRetirementInTheMiddleOfAPauseKeepsTheGuestFromGoingOn() throws {
        let (machine, engine) = try RunControlTests.machine()
        try machine.run()
        machine.pauseBriefly { machine.retire() }
        #expect(engine.log == ["resume", "engine runs", "engine stands", "engine retires", "stop"])
        #expect(machine.runState == .paused)
    }

    @Test func aRetirementWaitsNeitherForTheRunControlNorForADevice() throws {
        let (machine, engine) = try RunControlTests.machine()
        try machine.run()
        let inside = ThreadGate(false)
        let mayLeave = ThreadGate(false)
        let lock = machine.parts.lock
        let device = try Thread(name: "device") {
            lock.withLock {
                inside.withLock { $0 = true }
                _ = mayLeave.wait { $0 ? true : nil }
            }
        }
        _ = inside.wait { $0 ? true : nil }
        // It has the run control and waits for the device, which does not come back.
        let control = try Thread(name: "pause") { machine.pauseBriefly {} }
        let deadline = SystemClock().now() + .seconds(20)
        while !engine.log.contains("engine stands"), SystemClock().now() < deadline {}
        let start = SystemClock().now()
        machine.retire()
        #expect(SystemClock().now() - start < .milliseconds(500))
        #expect(machine.runState == .paused)
        #expect(machine.health == MachineHealth(), "no operator stopped it")
        #expect(lock.withLock { true } == nil, "devices are refused from now on")
        mayLeave.withLock { $0 = true }
        device.join()
        control.join()
        #expect(engine.log == ["resume", "engine runs", "engine stands", "engine retires", "stop"])
    }
}

struct PauseTimeoutTests {
    @Test func whatCannotPauseTheGuestSaysSoAndLetsItRunOn() throws {
        let (machine, engine) = try RunControlTests.machine()
        try machine.run()
        engine.isStuck.store(true, ordering: .relaxed)
        let log = engine.log
        #expect(throws: PauseTimeout.self) { try machine.pauseBriefly(within: .milliseconds(1)) {} }
        #expect(throws: PauseTimeout.self) { _ = try machine.captureDevices() }
        for attempt in [
            { try machine.stopByCommand() }, { _ = try machine.haltForMigration() }, { try machine.resetByCommand() },
        ] as [() throws -> Void] {
            #expect { try attempt() } throws: {
                "\($0)" == "The guest does not come to a stand: vCPU 0 is in a device access at 0x1000"
            }
        }
        #expect(machine.runState == .running)
        #expect(engine.log == log)
        engine.isStuck.store(false, ordering: .relaxed)
        try machine.stopByCommand()
        #expect(engine.log == log + ["engine stands", "stop"])
        #expect(machine.health.isStopped)
    }

    @Test func aPauseWithoutADeadlineHappensOnceTheVCPUStands() throws {
        let (machine, engine) = try RunControlTests.machine()
        try machine.run()
        engine.isStuck.store(true, ordering: .relaxed)
        let pause = try Thread(name: "pause") { machine.pauseBriefly {} }
        #expect(throws: RunStateError.self) { try machine.halt(to: .paused, within: .milliseconds(1)) }
        engine.isStuck.store(false, ordering: .relaxed)
        pause.join()
        #expect(engine.log == ["resume", "engine runs", "engine stands", "engine runs"])
    }
}
