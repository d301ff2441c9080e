import Environment
import Glibc
import SystemCalls
import Testing

@testable import GuestMemory

/// How many of the first `count` pages at `base` take memory: mincore(2).
func residentPages(at base: UnsafeMutableRawPointer, count: Int) -> Int {
    var present = [UInt8](repeating: 0, count: count)
    // SAFETY: asks about a range of the reserve's own mapping, with a byte for each page.
    guard mincore(base, count * targetPageSize, &present) == 0 else { return -1 }
    return present.count { $0 & 1 == 1 }
}

struct PageReserveTests {
    private static let pages = 16 * PageDemand.step

    private func reserve(_ initial: Int = 100) throws -> PageReserve {
        try PageReserve(pageCount: Self.pages, initialPages: initial)
    }

    private func awaitPresent(_ reserve: PageReserve, _ pages: Int) -> Bool {
        let clock = SystemClock()
        let deadline = clock.now() + .seconds(20)
        while reserve.presentPages != pages, clock.now() < deadline { usleep(1000) }
        return reserve.presentPages == pages
    }

    @Test func whatIsPresentIsWhatWasAskedForAtFirst() throws {
        let reserve = try reserve(2 * PageDemand.step)
        #expect(reserve.presentPages == 2 * PageDemand.step)
        #expect(residentPages(at: reserve.base, count: Self.pages) == 2 * PageDemand.step)
    }

    @Test func aLargerUseIsMadeRoomForByTheThreadAndAQuietTimeGivesItBack() throws {
        let reserve = try reserve()
        let start = SystemClock().now()
        try reserve.noteUse(4 * PageDemand.step, now: start)
        #expect(awaitPresent(reserve, 5 * PageDemand.step), "a quarter more than what was used")
        #expect(residentPages(at: reserve.base, count: Self.pages) == 5 * PageDemand.step)
        reserve.base.storeBytes(of: 77, as: UInt8.self)
        for half in 1...3 {
            try reserve.noteUse(1, now: start + Nanoseconds(PageDemand.quietTime.count / 2 * UInt64(half)))
        }
        #expect(reserve.presentPages == 5 * PageDemand.step, "two windows ago is recent enough")
        try reserve.noteUse(1, now: start + Nanoseconds(PageDemand.quietTime.count * 2))
        #expect(reserve.presentPages == PageDemand.step)
        #expect(residentPages(at: reserve.base, count: Self.pages) == PageDemand.step)
        #expect(reserve.base.load(as: UInt8.self) == 77, "what is in use stays")
    }

    @Test func noUseTakesMoreThanThereArePages() throws {
        let reserve = try reserve()
        try reserve.noteUse(Self.pages)
        #expect(awaitPresent(reserve, Self.pages))
        reserve.prepare(for: 2 * Self.pages)
        #expect(reserve.presentPages == Self.pages)
    }

    @Test func roomIsMadeAtOnceWhenAskedForAndWhatPagesHoldStays() throws {
        let reserve = try reserve()
        let page = 3 * PageDemand.step
        (reserve.base + page * targetPageSize).storeBytes(of: 5, as: UInt8.self)
        reserve.prepare(for: page + 1)
        #expect(reserve.presentPages == 4 * PageDemand.step)
        #expect((reserve.base + page * targetPageSize).load(as: UInt8.self) == 5)
        reserve.prepare(for: 1)
        #expect(reserve.presentPages == 4 * PageDemand.step)
    }
}

struct PageDemandTests {
    private func time(_ quietTimes: Double) -> Nanoseconds {
        Nanoseconds(1_000_000_000 + UInt64(quietTimes * Double(PageDemand.quietTime.count)))
    }

    @Test func theLargestOfTheLastTwoWindowsCounts() {
        var demand = PageDemand(floor: 10, ceiling: 1 << 20, now: time(0))
        let large = 8 * PageDemand.step
        #expect(demand.note(0, now: time(0)) == PageDemand.step)
        #expect(demand.note(large, now: time(0.1)) == 10 * PageDemand.step)
        #expect(demand.note(5, now: time(0.9)) == 10 * PageDemand.step)
        #expect(demand.note(5, now: time(1.1)) == 10 * PageDemand.step)
        #expect(demand.note(5, now: time(2.2)) == PageDemand.step)
    }

    @Test func nothingIsRememberedOverALongSilence() {
        var demand = PageDemand(floor: 10, ceiling: 1 << 20, now: time(0))
        #expect(demand.note(8 * PageDemand.step, now: time(0.1)) == 10 * PageDemand.step)
        #expect(demand.note(5, now: time(7)) == PageDemand.step)
    }

    @Test func floorAndCeilingHold() {
        var demand = PageDemand(floor: 3 * PageDemand.step, ceiling: 5000, now: time(0))
        #expect(demand.note(1, now: time(0)) == 3 * PageDemand.step)
        #expect(demand.note(4900, now: time(0)) == 5000)
        let small = PageDemand(floor: 8192, ceiling: 64, now: time(0))
        #expect(small.room(for: 1) == 64)
    }
}
