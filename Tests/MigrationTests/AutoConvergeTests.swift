import Environment
import Glibc
import GuestMemory
import MachineModel
import MigrationCore
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration

struct AutoConvergeTests {
    @Test(arguments: [false, true])
    func aGuestThatWritesAllTheTimeIsSlowedDownAndSetFreeAtTheEnd(cancelling: Bool) throws {
        let source = try WritingGuest()
        let destination = try WritingGuest(incoming: true)
        try source.controller.setCapabilities([MigrationCapabilityStatus(.autoConverge, true)])
        try source.controller.updateParameters { parameters in
            parameters.maxBandwidth = 800_000
            parameters.downtimeLimit = 1
            parameters.cpuThrottleInitial = 30
        }
        try source.machine.run()
        try source.awaitCount(above: 1000)
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.controller.migrate(uri: "tcp:127.0.0.1:\(destination.port)").start()
        #expect(source.controller.queryMigrate().cpuThrottlePercentage == nil)
        let clock = SystemClock()
        let end = clock.now() + .seconds(60)
        while source.controller.queryMigrate().cpuThrottlePercentage == nil, clock.now() < end { usleep(10_000) }
        #expect(source.controller.queryMigrate().cpuThrottlePercentage == 30)
        #expect(source.machine.parts.engine.throttlePercentage == 30)
        if cancelling {
            source.controller.migrateCancel()
            #expect(source.log.wait(for: "cancelled"), "\(source.log.lines)")
        } else {
            try source.controller.updateParameters { parameters in
                parameters.maxBandwidth = 0
                parameters.downtimeLimit = 2000
            }
            #expect(source.log.wait(for: "completed"), "\(source.log.lines)")
        }
        #expect(source.controller.queryMigrate().cpuThrottlePercentage == nil)
        #expect(source.machine.parts.engine.throttlePercentage == 0)
    }

    @Test func everyParameterReachesTheSlowingOfTheGuest() throws {
        var settings = MigrationSettings()
        try settings.setParameters { (values: inout MigrationSettings.Values) in
            values.throttleTriggerThreshold = 71
            values.cpuThrottleInitial = 12
            values.cpuThrottleIncrement = 13
            values.maxCPUThrottle = 84
            values.cpuThrottleTailslow = true
        }
        #expect(
            AutoConverge.Settings(settings.parameters)
                == AutoConverge.Settings(threshold: 71, initial: 12, increment: 13, maximum: 84, isTailslow: true))
    }

    @Test func theGuestIsSlowedDownStepByStepUpToTheMaximumAndNoFurther() throws {
        let source = try WritingGuest()
        let destination = try WritingGuest(incoming: true)
        try source.controller.setCapabilities([MigrationCapabilityStatus(.autoConverge, true)])
        try source.controller.updateParameters { parameters in
            parameters.maxBandwidth = 1_600_000
            parameters.downtimeLimit = 1
            parameters.cpuThrottleInitial = 20
            parameters.cpuThrottleIncrement = 40
            parameters.maxCPUThrottle = 45
        }
        try source.machine.run()
        try source.awaitCount(above: 1000)
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.controller.migrate(uri: "tcp:127.0.0.1:\(destination.port)").start()
        let clock = SystemClock()
        let end = clock.now() + .seconds(60)
        var steps: [Int] = []
        while steps.last != 45, clock.now() < end {
            let now = source.machine.parts.engine.throttlePercentage
            if now != steps.last ?? 0 { steps.append(now) }
            usleep(10_000)
        }
        #expect(steps == [20, 45])
        try source.controller.updateParameters { $0.maxCPUThrottle = 33 }
        #expect(source.machine.parts.engine.throttlePercentage == 33, "a lower maximum counts at once")
        source.controller.migrateCancel()
        #expect(source.log.wait(for: "cancelled"), "\(source.log.lines)")
        #expect(source.machine.parts.engine.throttlePercentage == 0)
    }
}
