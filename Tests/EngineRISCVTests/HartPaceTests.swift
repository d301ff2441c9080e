import Environment
import Testing

@testable import EngineRISCV

struct HartPaceTests {
    /// Runs slices of 10 µs of simulated time for five seconds, resting as told, and woken `late` after each rest.
    /// Returns how long it ran and how many pages it dirtied, at `pagesPerSlice` each.
    private func simulate(
        throttle: UInt64 = 0, limit: UInt64 = 0, pagesPerSlice: Int = 1, late: Nanoseconds = .zero
    ) -> (ran: Nanoseconds, pages: Int) {
        var pace = HartPace()
        let slice = Nanoseconds(10_000)
        var now = Nanoseconds.seconds(1000)
        let end = now + .seconds(5)
        var ran = Nanoseconds.zero
        var pages = 0
        while now < end {
            if let rest = pace.restEnd(throttle: throttle, dirtyLimit: limit, now: now) {
                now = rest + late
                continue
            }
            for _ in 0..<pagesPerSlice {
                pages += 1
                if limit != 0, pace.noteDirtied(limit: limit, now: now) { break }
            }
            pace.noteRun(throttle: throttle, from: now, to: now + slice)
            now = now + slice
            ran = ran + slice
        }
        return (ran, pages)
    }

    @Test func withoutOrdersNothingRests() {
        #expect(simulate().ran == .seconds(5))
    }

    @Test(arguments: [UInt64(1), 20, 50, 80, 99])
    func aThrottledHartRunsForItsPartOfTheTime(percentage: UInt64) {
        let part = simulate(throttle: percentage).ran.inMilliseconds / 5000
        let expected = Double(100 - percentage) / 100
        // A period of 99 % is a second long, so five seconds hold five and a bit of the sixth.
        #expect(abs(part - expected) <= 0.003)
    }

    @Test(arguments: [UInt64(256), 2048, 25600, 90_000])
    func aLimitedHartDirtiesAsMuchAsItMay(limit: UInt64) {
        let pages = Double(simulate(limit: limit).pages)
        let allowed = Double(limit) * 5
        #expect(pages > allowed * 0.99)
        #expect(pages < allowed * (1 + DirtyBucket.storeSeconds / 5 + 0.001))
    }

    @Test func whoDirtiesLessThanTheLimitNeverRests() {
        #expect(simulate(limit: 200_000).ran == .seconds(5))
    }

    @Test func lateWakingIsMadeUpFor() {
        let pages = Double(simulate(limit: 2048, late: .milliseconds(40)).pages)
        #expect(pages > 2048 * 5 * 0.97)
        #expect(pages < 2048 * 5 * 1.03)
    }

    @Test func aBurstWithinOneSliceIsOwed() {
        let limit: UInt64 = 1000
        var pace = HartPace()
        let now = Nanoseconds.seconds(7)
        _ = pace.restEnd(throttle: 0, dirtyLimit: limit, now: now)
        for _ in 0..<500 { _ = pace.noteDirtied(limit: limit, now: now) }
        let rest = pace.restEnd(throttle: 0, dirtyLimit: limit, now: now)
        #expect(rest.map { ($0 - now).inMilliseconds.rounded() } == 500)
    }

    @Test func anIdleHartSavesUpNoMoreThanTheStore() {
        let limit: UInt64 = 1000
        var pace = HartPace()
        _ = pace.restEnd(throttle: 0, dirtyLimit: limit, now: .seconds(1))
        var pages = 0
        while !pace.noteDirtied(limit: limit, now: .seconds(100)) { pages += 1 }
        #expect(pages == 99)
    }

    @Test func aNewOrderEndsTheRestOfAnOldOne() {
        var pace = HartPace()
        let now = Nanoseconds.seconds(3)
        pace.noteRun(throttle: 99, from: now, to: now + .milliseconds(10))
        let later = now + .milliseconds(11)
        #expect(pace.restEnd(throttle: 99, dirtyLimit: 0, now: later) == now + .milliseconds(1000))
        #expect(pace.restEnd(throttle: 20, dirtyLimit: 0, now: later) == nil)
        for _ in 0..<50 { _ = pace.noteDirtied(limit: 1, now: later) }
        #expect(pace.restEnd(throttle: 20, dirtyLimit: 1, now: later) != nil)
        #expect(pace.restEnd(throttle: 20, dirtyLimit: 0, now: later) == nil)
    }

    @Test func theLongerRestOfThrottleAndLimitCounts() {
        var pace = HartPace()
        let now = Nanoseconds.seconds(3)
        pace.noteRun(throttle: 50, from: now, to: now + .milliseconds(10))
        _ = pace.noteDirtied(limit: 1, now: now + .milliseconds(10))
        let short = pace.restEnd(throttle: 50, dirtyLimit: 0, now: now + .milliseconds(10))
        #expect(short == now + .milliseconds(20))
        _ = pace.noteDirtied(limit: 1, now: now + .milliseconds(10))
        let long = pace.restEnd(throttle: 50, dirtyLimit: 1, now: now + .milliseconds(10))
        #expect((long ?? .zero) > now + .milliseconds(1000))
    }
}
