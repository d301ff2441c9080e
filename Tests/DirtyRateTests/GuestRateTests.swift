import Environment
import GuestMemory
import MachineModel
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import DirtyRate

/// What a running guest dirties, one test at a time: they share the host's cores.
@Suite(.serialized)
struct GuestRateTests {
    @Test func eachModeSeesWhatTheGuestDirties() throws {
        let guest = try DirtyingGuest()
        try guest.start()
        try guest.monitor.calculate(seconds: 1, mode: .dirtyRing)
        let ring = guest.monitor.measured()
        // Two times 32 MiB in each second; a busy host makes a second longer, never shorter.
        #expect((52...64).contains(ring.dirtyRate ?? 0))
        #expect(ring.vcpuDirtyRate?.map(\.id) == [0, 1])
        #expect(ring.vcpuDirtyRate?.allSatisfy { (26...32).contains($0.dirtyRate) } == true)
        #expect(ring.samplePages == 0)
        try guest.monitor.calculate(seconds: 1, mode: .dirtyBitmap)
        let bitmap = guest.monitor.measured()
        // The same pages.
        #expect((40...64).contains(bitmap.dirtyRate ?? 0))
        #expect(bitmap.vcpuDirtyRate == nil)
        try guest.monitor.calculate(seconds: 1, samplePages: 16384)
        // 64 of 80 MiB.
        #expect((40...75).contains(guest.monitor.measured().dirtyRate ?? 0))
        try guest.machine.stopByCommand()
        try guest.monitor.calculate(seconds: 1, mode: .dirtyRing)
        #expect(guest.monitor.measured().dirtyRate == 0, "a stopped guest dirties nothing")
    }

    @Test func everyPageCountsOnceASecondHoweverOftenCheckpointsHarvest() throws {
        let guest = try DirtyingGuest()
        try guest.start()
        try guest.monitor.calculate(seconds: 2, mode: .dirtyRing)
        let tracker = try guest.machine.memory.makeTracker()
        let seen = try guest.machine.memory.makePageSets()
        _ = wait {
            guest.machine.harvest(tracker, into: seen)
            return guest.monitor.dirtyRate.status == .measured
        }
        #expect((52...64).contains(guest.monitor.dirtyRate.dirtyRate ?? 0))
        #expect(seen[0].count > 2 * DirtyingGuest.pagesEach, "and the harvests have all pages, too")
    }

    @Test func aLimitedVCPUIsHeldToItsLimitAndTheOtherIsNot() throws {
        let guest = try DirtyingGuest()
        try guest.start()
        let limit: UInt64 = 10
        let held = Double(limit) * 0.9...Double(limit) * 1.1
        try guest.monitor.setLimit(cpuIndex: 0, rate: limit)
        var measured = try measure(guest)
        // A host that has no time for the vCPU for a while gets two more tries; more than the limit is never right.
        for _ in 0..<2 where measured.counted < held.lowerBound { measured = try measure(guest) }
        #expect(held.contains(measured.counted), "as the guest counts: \(measured.counted) MB/s")
        #expect(held.contains(Double(measured.rates[0].dirtyRate)), "as it is measured")
        #expect((26...32).contains(measured.rates[1].dirtyRate), "the other one runs freely")
        let listed = guest.monitor.vCPULimits
        #expect(listed.map(\.cpuIndex) == [0])
        #expect(listed.map(\.limitRate) == [limit])
        #expect((5...11).contains(listed[0].currentRate))
        try guest.monitor.cancelLimit(cpuIndex: 0)
        #expect(guest.monitor.vCPULimits.isEmpty)
        let free = guest.written(by: 0)
        #expect(wait { guest.written(by: 0) > free + 100_000 }, "it runs freely again")
    }

    /// What vCPU 0 wrote in five seconds by its own count, in MB/s, and what was measured in the same time.
    private func measure(_ guest: DirtyingGuest) throws -> (counted: Double, rates: [DirtyRateVcpu]) {
        let clock = SystemClock()
        let (start, before) = (clock.now(), guest.written(by: 0))
        try guest.monitor.calculate(seconds: 5, mode: .dirtyRing)
        let rates = try #require(guest.monitor.measured().vcpuDirtyRate)
        let seconds = (clock.now() - start).inMilliseconds / 1000
        return (Double(guest.written(by: 0) - before) * 4096 / Double(1 << 20) / seconds, rates)
    }

    @Test func aThrottleComesOnTopOfALimit() throws {
        let guest = try DirtyingGuest()
        try guest.start()
        try guest.monitor.setLimit(cpuIndex: nil, rate: 5)
        guest.machine.parts.engine.setThrottle(percentage: 50)
        try guest.monitor.calculate(seconds: 2, mode: .dirtyRing)
        let rates = try #require(guest.monitor.measured().vcpuDirtyRate)
        // Half of the time is far more than what the limit needs.
        #expect(rates.allSatisfy { (3...6).contains($0.dirtyRate) }, "\(rates)")
        guest.machine.parts.engine.setThrottle(percentage: 0)
        #expect(guest.monitor.vCPULimits.map(\.limitRate) == [5, 5])
        let clock = SystemClock()
        let start = clock.now()
        guest.machine.pauseBriefly {}
        #expect(clock.now() - start < .milliseconds(500), "a held guest pauses without waiting for its time")
    }

    @Test func aLimitHoldsFromTheMomentItIsSet() throws {
        let guest = try DirtyingGuest()
        try guest.start()
        // While pages are counted already, those that a vCPU dirtied freely are not free for it any longer.
        try guest.monitor.setLimit(cpuIndex: 0, rate: 1)
        let free = guest.written(by: 1)
        #expect(wait { guest.written(by: 1) > free + 100_000 })
        try guest.monitor.setLimit(cpuIndex: 1, rate: 3)
        let before = guest.written(by: 1)
        let clock = SystemClock()
        let end = clock.now() + .milliseconds(500)
        _ = wait { clock.now() > end }
        // 3 MB/s are 768 pages a second; a free vCPU writes millions.
        #expect(guest.written(by: 1) - before < 20_000)
    }

    @Test func limitsAreSetChangedAndCancelledByVCPU() throws {
        let guest = try DirtyingGuest()
        let monitor = guest.monitor
        #expect(monitor.vCPULimits.isEmpty)
        try monitor.setLimit(cpuIndex: nil, rate: 7)
        try monitor.setLimit(cpuIndex: 1, rate: 9)
        #expect(monitor.vCPULimits.map(\.limitRate) == [7, 9])
        #expect(monitor.vCPULimits.map(\.currentRate) == [0, 0])
        try monitor.setLimit(cpuIndex: 0, rate: 0)
        #expect(monitor.vCPULimits.map(\.cpuIndex) == [1])
        try monitor.cancelLimit(cpuIndex: nil)
        #expect(monitor.vCPULimits.isEmpty)
        try monitor.cancelLimit(cpuIndex: 1)
        for index in [Int64(-1), 2, .max] {
            let error = #expect(throws: DirtyRateError.self) { try monitor.setLimit(cpuIndex: index, rate: 1) }
            #expect(error?.description == "incorrect cpu index specified")
            #expect(throws: DirtyRateError.self) { try monitor.setLimit(cpuIndex: index, rate: 0) }
            #expect(throws: DirtyRateError.self) { try monitor.cancelLimit(cpuIndex: index) }
        }
        try monitor.setLimit(cpuIndex: nil, rate: .max)
        #expect(monitor.vCPULimits.map(\.limitRate) == [.max, .max])
    }

    @Test func aMachineWithoutVCPUsHasNoLimits() throws {
        let machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: 1 << 20))
        let monitor = DirtyRateMonitor(machine: machine)
        for (index, rate) in [(nil, 0), (0, 1), (99, UInt64.max)] as [(Int64?, UInt64)] {
            let error = #expect(throws: DirtyRateError.self) { try monitor.setLimit(cpuIndex: index, rate: rate) }
            #expect(
                error?.description
                    == "dirty page limit feature requires KVM with accelerator property 'dirty-ring-size' set'")
        }
        try monitor.cancelLimit(cpuIndex: 99)
        #expect(monitor.vCPULimits.isEmpty)
        machine.shutDown()
    }

    @Test func theGlobalLogHasEveryPageWrittenSinceItWasSwitchedOn() throws {
        let guest = try DirtyingGuest()
        let monitor = guest.monitor
        #expect(monitor.globallyLoggedPages == nil)
        let tracker = try guest.machine.memory.makeTracker()
        guest.machine.harvest(tracker)
        try guest.start()
        try monitor.setGlobalLog(true)
        // Both regions and the first count, though each page was in a write TLB or the dirty log before.
        let all = 2 * Int(DirtyingGuest.pagesEach) + 1
        #expect(wait { (monitor.globallyLoggedPages ?? 0) == all })
        try monitor.setGlobalLog(true)
        #expect(monitor.globallyLoggedPages == all, "switching it on again forgets nothing")
        #expect(tracker.count >= all, "another tracker has them, too")
        guest.machine.harvest(tracker)
        #expect(monitor.globallyLoggedPages == all)
        try guest.machine.stopByCommand()
        try monitor.setGlobalLog(false)
        try monitor.setGlobalLog(false)
        #expect(monitor.globallyLoggedPages == nil)
        try monitor.setGlobalLog(true)
        #expect(monitor.globallyLoggedPages == 0, "a new log begins empty")
    }
}
