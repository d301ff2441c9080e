import Environment
import Glibc
import GuestMemory
import MachineModel
import SystemCalls
import Testing

@testable import EngineRISCV

/// Programs that write one page after the other, over and over, and count in s1 (x9).
private enum Writer {
    /// Instructions of one turn.
    static let turn: UInt64 = 6

    /// Writes `mask` + 1 pages from 64 pages behind its start on.
    static func words(mask: UInt32) -> [UInt32] {
        [
            Assemble.auipc(8, 64),  //            s0 = the first page
            Assemble.addi(9, 0, 0),
            mask << 20 | 0x0004_f293,  //   loop: andi  t0, s1, mask
            0x00c2_9293,  //                      slli  t0, t0, 12
            0x0082_82b3,  //                      add   t0, t0, s0
            Assemble.sd(9, 5, 8),
            Assemble.addi(9, 9, 1),
            Assemble.jumpBack(5),
        ]
    }
}

struct DirtyMeterTests {
    @Test func eachPageCountsOnceUntilItIsRearmed() throws {
        let bench = try TestBench(Writer.words(mask: 127))
        bench.engine.startCounting()
        bench.run(2 + 128 * Writer.turn)
        #expect(bench.engine.dirtiedPages == [128])
        bench.run(1000 * Writer.turn)
        #expect(bench.engine.dirtiedPages == [128])
        bench.engine.rearm()
        bench.run(1000 * Writer.turn)
        #expect(bench.engine.dirtiedPages == [256])
        bench.engine.stopCounting()
        bench.engine.rearm()
        bench.run(1000 * Writer.turn)
        #expect(bench.engine.dirtiedPages == [256])
    }

    @Test func harvestsAndCountingDoNotDisturbEachOther() throws {
        let bench = try TestBench(Writer.words(mask: 127))
        let tracker = try bench.memory.makeTracker()
        tracker.beginRecord()
        bench.run(10 * Writer.turn)
        bench.engine.startCounting()
        var counted = 0
        for _ in 0..<10 {
            tracker.forgetRecord()
            bench.engine.forgetWritePermissions()
            bench.run(128 * Writer.turn)
            #expect(tracker.count == 128, "a tracker has every page of its period, counted or not")
            tracker.forgetRecord()
            bench.engine.forgetWritePermissions()
            bench.run(128 * Writer.turn)
            counted = 128
            #expect(bench.engine.dirtiedPages == [UInt64(counted)], "a harvest makes no page count again")
        }
        bench.engine.rearm()
        tracker.forgetRecord()
        bench.run(128 * Writer.turn)
        #expect(tracker.count == 128, "nor does rearming hide a write from a tracker")
    }

    @Test func aTrackerHasWhatWasWrittenSinceItBegan() throws {
        let bench = try TestBench(Writer.words(mask: 63))
        bench.run(1000 * Writer.turn)
        let other = try bench.memory.makeTracker()
        let tracker = try bench.memory.makeTracker()
        tracker.beginRecord()
        bench.engine.forgetWritePermissions()
        #expect(tracker.count == 0)
        bench.run(10 * Writer.turn)
        #expect(tracker.count == 10)
        bench.run(1000 * Writer.turn)
        tracker.stop()
        bench.engine.forgetWritePermissions()
        bench.memory.store(TestBench.base, UInt32(Assemble.nop))
        #expect(tracker.count == 64)
        #expect(other.count == 0)
    }

    @Test func aThrottledHartStandsAtOnceAndRunsOnWhenTheThrottleGoes() throws {
        let bench = try TestBench(Writer.words(mask: 127))
        bench.engine.setThrottle(percentage: 99)
        bench.engine.resume()
        let clock = SystemClock()
        // After 10 ms of running it rests for 990.
        awaitStandstill(of: bench)
        let start = clock.now()
        bench.engine.pause()
        #expect(clock.now() - start < .milliseconds(500), "a pause does not wait for the end of a rest")
        bench.engine.resume()
        let before = bench.engine.retiredInstructions
        bench.engine.setThrottle(percentage: 0)
        while bench.engine.retiredInstructions < before + 1_000_000, clock.now() - start < .seconds(20) {
            sched_yield()
        }
        #expect(bench.engine.retiredInstructions >= before + 1_000_000)
        bench.engine.pause()
    }

    /// Waits until the hart has retired nothing for 20 ms.
    private func awaitStandstill(of bench: TestBench) {
        let clock = SystemClock()
        let end = clock.now() + .seconds(20)
        var seen: UInt64 = .max
        var since = clock.now()
        while clock.now() < end, seen != bench.engine.retiredInstructions || clock.now() - since < .milliseconds(20) {
            if seen != bench.engine.retiredInstructions {
                seen = bench.engine.retiredInstructions
                since = clock.now()
            }
            usleep(1000)
        }
    }

    @Test func aLimitHoldsOneHartAndLeavesTheOtherAlone() throws {
        let words = Writer.words(mask: 2047)
        let bench = try TestBench(words, harts: 2, memorySize: 32 << 20)
        let second: UInt64 = TestBench.base + (16 << 20)
        bench.load(words, at: second)
        bench.engine.reset([
            HartReset(pc: TestBench.base, privilege: .machine), HartReset(pc: second, privilege: .machine),
        ])
        bench.engine.startCounting()
        let limit: UInt64 = 2000
        bench.engine.setLimit(pagesPerSecond: limit, vCPU: 0)
        let clock = SystemClock()
        let start = clock.now()
        bench.engine.resume()
        // It is the bucket's own clock that counts, so the upper bound holds on a busy machine too.
        while clock.now() - start < .milliseconds(600) { usleep(10_000) }
        bench.engine.pause()
        let seconds = (clock.now() - start).inMilliseconds / 1000
        let written = bench.register(9, hart: 0)
        #expect(bench.engine.dirtiedPages[0] == written, "fewer than all pages were written, so each write counts")
        #expect(Double(written) <= Double(limit) * (seconds + DirtyBucket.storeSeconds) + 1)
        #expect(Double(written) >= Double(limit) * seconds * 0.3)
        #expect(bench.register(9, hart: 1) > 100_000, "the other hart runs freely")
        #expect(bench.engine.dirtiedPages[1] == 2048)
        bench.engine.setLimit(pagesPerSecond: nil, vCPU: 0)
        bench.engine.resume()
        while bench.engine.dirtiedPages[0] < 2048, clock.now() - start < .seconds(20) { sched_yield() }
        bench.engine.pause()
        #expect(bench.engine.dirtiedPages[0] == 2048)
    }
}
