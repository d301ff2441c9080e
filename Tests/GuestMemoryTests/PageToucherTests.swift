import Environment
import PairLab
import SystemCalls
import Testing

@testable import GuestMemory

/// What measures how long a page that is missing takes.
struct PageToucherTests {
    @Test func eachHostPageIsTouchedOnceAndOnlyMissingOnesCount() throws {
        let lab = try MissingLab(.memfd, hostPages: 64)
        for page in 0..<64 { lab.memory.store(UInt64(page * targetPageSize), UInt64(page)) }
        lab.missing[0].insert(contentsOf: 16..<48)
        try lab.pages.begin(lab.residency, missing: lab.missing)
        defer { lab.pages.end() }
        let all = try PageToucher(lab.memory, seed: 1)
        let some = try PageToucher(lab.memory, seed: 1, missing: lab.residency)
        #expect(lab.asked.wait(until: SystemClock().now() + .seconds(10)) { $0.isEmpty ? nil : true } == true)
        #expect(!some.finish(within: .milliseconds(20)), "nothing was placed")
        try lab.place(16..<48) { UInt64($0) }
        #expect(all.finish(within: .seconds(10)) && some.finish(within: .seconds(10)))
        #expect(all.times.samples.count == 64 && all.wordSum == UInt64(64 * 63 / 2))
        #expect((1...32).contains(some.times.samples.count))
        // At least one of them waited for the first page that was asked for.
        let longest = try #require((all.times.samples + some.times.samples).max())
        #expect(longest >= .milliseconds(20))
    }

    @Test func oneSeedIsOneOrder() throws {
        func asked(_ seed: UInt64) throws -> PageResidency.Place {
            let lab = try MissingLab(.anonymous, hostPages: 512)
            lab.missing[0].insertAll()
            try lab.pages.begin(lab.residency, missing: lab.missing)
            defer { lab.pages.end() }
            let toucher = try PageToucher(lab.memory, seed: seed)
            let first = lab.asked.wait(until: SystemClock().now() + .seconds(10)) { $0.first }
            toucher.stop()
            return try #require(first)
        }
        #expect(try asked(3) == asked(3))
    }

    @Test func theBareRoundTripIsMeasured() throws {
        let times = try BareFaultRoundTrip.measure(rounds: 200)
        #expect(times.samples.count == 200)
        #expect(times.median > .zero && times.median <= times.p99 && times.p99 < .seconds(5))
    }

    @Test func quantilesAreThoseOfTheRanks() {
        let times = TouchTimes((1...200).reversed().map { Nanoseconds($0) })
        #expect(times.median.count == 100 && times.p99.count == 198)
        #expect(TouchTimes([Nanoseconds(7)]).median.count == 7 && TouchTimes([]).p99 == .zero)
    }
}
