import Environment
import Testing

@testable import MachineModel

@Suite struct BlocktimeMeterTests {
    private func ms(_ count: UInt64) -> Nanoseconds { .milliseconds(1000 + count) }

    @Test func eachVCPUHasItsOwnTimeAndTheTotalIsWhatTheyHaveInCommon() {
        var meter = BlocktimeMeter(vCPUCount: 2)
        #expect(meter.blocktime(at: ms(0)) == Blocktime(vCPUs: [0, 0], total: 0))
        // 0: 10 to 50 and 60 to 100; 1: 30 to 70. Both: 30 to 50 and 60 to 70.
        meter.begin(0, at: ms(10))
        meter.begin(1, at: ms(30))
        meter.end(0, at: ms(50))
        meter.begin(0, at: ms(60))
        meter.end(1, at: ms(70))
        meter.end(0, at: ms(100))
        #expect(meter.blocktime(at: ms(500)) == Blocktime(vCPUs: [80, 40], total: 30))
    }

    @Test func aSingleVCPUIsAllOfThem() {
        var meter = BlocktimeMeter(vCPUCount: 1)
        meter.begin(0, at: ms(0))
        meter.end(0, at: ms(226))
        #expect(meter.blocktime(at: ms(300)) == Blocktime(vCPUs: [226], total: 226))
    }

    @Test func waitsThatGoOnCountUpToNow() {
        var meter = BlocktimeMeter(vCPUCount: 2)
        meter.begin(1, at: ms(5))
        #expect(meter.blocktime(at: ms(15)) == Blocktime(vCPUs: [0, 10], total: 0))
        meter.begin(0, at: ms(20))
        #expect(meter.blocktime(at: ms(26)) == Blocktime(vCPUs: [6, 21], total: 6))
    }

    @Test func whatIsOverStands() {
        var meter = BlocktimeMeter(vCPUCount: 2)
        for vCPU in 0..<2 { meter.begin(vCPU, at: ms(5)) }
        meter.end(0, at: ms(7))
        meter.finish(at: ms(15))
        // It runs a while after its page has come.
        meter.end(1, at: ms(20))
        meter.begin(0, at: ms(25))
        #expect(meter.blocktime(at: ms(30)) == Blocktime(vCPUs: [2, 10], total: 2))
    }

    @Test func partsOfMillisecondsAddUp() {
        var meter = BlocktimeMeter(vCPUCount: 1)
        for step: UInt64 in 0..<10 {
            meter.begin(0, at: Nanoseconds(step * 1_000_000))
            meter.end(0, at: Nanoseconds(step * 1_000_000 + 250_000))
        }
        #expect(meter.blocktime(at: .seconds(1)) == Blocktime(vCPUs: [2], total: 2))
    }

    @Test func whatIsSaidTwiceCountsOnce() {
        var meter = BlocktimeMeter(vCPUCount: 2)
        meter.end(0, at: ms(1))
        meter.begin(0, at: ms(10))
        meter.begin(0, at: ms(20))
        meter.begin(1, at: ms(25))
        meter.end(0, at: ms(30))
        meter.end(0, at: ms(40))
        #expect(meter.blocktime(at: ms(50)) == Blocktime(vCPUs: [20, 25], total: 5))
    }

    @Test func withoutVCPUsNothingWaits() {
        #expect(BlocktimeMeter(vCPUCount: 0).blocktime(at: ms(9)) == Blocktime(vCPUs: [], total: 0))
    }
}
