import Environment
import Testing

@testable import MigrationCore

struct RateLimiterTests {
    /// The rate at which a sender comes through when it always waits as told.
    private func rate(_ bytesPerSecond: UInt64, batch: UInt64, batches: Int) -> Double {
        var limiter = RateLimiter(bytesPerSecond: bytesPerSecond, now: .zero)
        var now = Nanoseconds.zero
        for _ in 0..<batches {
            now = now + Nanoseconds(1000)
            if let end = limiter.pause(afterSending: batch, now: now) { now = end }
        }
        return Double(batch) * Double(batches) / (now.inMilliseconds / 1000)
    }

    @Test(arguments: [(UInt64(10_000_000), UInt64(100_000)), (1_000_000, 1 << 20), (100_000_000, 4096)])
    func theLimitIsKeptAndUsed(limit: UInt64, batch: UInt64) {
        let measured = rate(limit, batch: batch, batches: 20_000)
        #expect(measured < Double(limit) * 1.15)
        #expect(measured > Double(limit) * 0.85)
    }

    @Test func aNewLimitCountsAtOnce() {
        var limiter = RateLimiter(bytesPerSecond: 1, now: .seconds(1))
        let long = limiter.pause(afterSending: 1_000_000, now: .seconds(1))
        #expect((long ?? .zero) > .seconds(1000))
        limiter.bytesPerSecond = 10_000_000
        let short = limiter.pause(afterSending: 1_000_000, now: .seconds(2))
        #expect((short ?? .zero) <= .seconds(2) + RateLimiter.window)
    }

    @Test func withoutALimitNobodyWaits() {
        var limiter = RateLimiter(bytesPerSecond: 0, now: .zero)
        #expect(limiter.pause(afterSending: .max, now: .zero) == nil)
    }

    @Test func unusedBandwidthIsNotSavedUp() {
        var limiter = RateLimiter(bytesPerSecond: 1_000_000, now: .zero)
        #expect(limiter.pause(afterSending: 1000, now: .seconds(10)) == nil)
        let burst = limiter.pause(afterSending: 200_000, now: .seconds(10))
        #expect(burst != nil)
    }
}
