import Environment
import Glibc
import Synchronization
import SystemCalls
import Testing

@testable import GuestMemory

/// What a residency asked for and whom it woke.
private final class Events: Sendable {
    private let asked = Mutex<[PageResidency.Place]>([])
    private let woken = Mutex<[Int]>([])
    func ask(_ place: PageResidency.Place) { asked.withLock { $0.append(place) } }
    func wake(_ who: Int) { woken.withLock { $0.append(who) } }
    var askedPages: [Int] { asked.withLock { $0.map(\.page) } }
    var wakes: [Int] { woken.withLock { $0 } }
}

@Suite struct PageResidencyTests {
    private static let base: UInt64 = 0x8000_0000
    private let memory: GuestMemory
    private let residency: PageResidency
    private let events = Events()

    /// Of sixteen pages 3, 4, 5 and 9 are to come.
    init() throws {
        memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: Self.base, size: 16 * targetPageSize)])
        let missing = try memory.makePageSets()
        for page in [3, 4, 5, 9] { missing[0].insert(page) }
        let events = events
        residency = try PageResidency(of: memory, missing: missing) { events.ask($0) }
    }

    private func address(_ page: Int, _ offset: Int = 0) -> UInt64 {
        Self.base + UInt64(page * targetPageSize + offset)
    }

    @Test func pagesThatAreToComeAreRefusedByEveryAccessor() {
        #expect(!memory.isPartial)
        #expect(memory.store(address(3), UInt64(7)))
        memory.beginResidency(residency)
        #expect(memory.isPartial)
        for (place, count) in [(address(3), 8), (address(2, 4092), 8), (address(5, 4095), 2), (address(0), 5 * 4096)] {
            #expect(!memory.isHere(place, count: count))
            #expect(memory.read(place, count: count) == nil)
            #expect(!memory.write(place, bytes: [UInt8](repeating: 1, count: count)))
            #expect(memory.payload(place, count: count, writing: true) == nil)
        }
        #expect(memory.load(address(3), as: UInt64.self) == nil)
        #expect(memory.load(address(2, 4092), as: UInt64.self) == nil)
        #expect(!memory.store(address(3), UInt64(8)))
        #expect(!memory.store(address(2, 4092), UInt64.max))
        #expect(memory.load(address(2, 4088), as: UInt64.self) == 0)
        #expect(memory.store(address(6), UInt64(6)))
        // They are RAM all the same.
        #expect(memory.locate(address(3), count: 8) != nil)
        #expect(events.askedPages.isEmpty, "an accessor asks for nothing")

        residency.notePlaced(3..<4, ofBlock: 0)
        #expect(memory.load(address(3), as: UInt64.self) == 7)
        memory.endResidency()
        #expect(!memory.isPartial)
        #expect(memory.load(address(9), as: UInt64.self) == 0)
    }

    @Test func theMissingPagesOfARangeAreThoseThatAreRAM() {
        func missing(_ place: UInt64, _ count: Int) -> [Int] {
            memory.missingPages(of: place, count: count).map(\.page)
        }
        #expect(missing(address(0), 16 * 4096).isEmpty)
        memory.beginResidency(residency)
        #expect(missing(address(0), 16 * 4096) == [3, 4, 5, 9])
        #expect(missing(address(3, 4095), 1) == [3])
        #expect(missing(address(3, 4095), 2) == [3, 4])
        #expect(missing(address(6), 3 * 4096).isEmpty)
        #expect(missing(address(6), 3 * 4096 + 1) == [9])
        #expect(missing(0, .max) == [3, 4, 5, 9])
        #expect(missing(address(9), .max) == [9])
        #expect(missing(.max, 1).isEmpty)
        #expect(missing(.max - 1, 100).isEmpty)
        #expect(missing(address(16), 100).isEmpty)
        #expect(missing(address(3), 0).isEmpty)
    }

    @Test func aPageIsAskedForOnceAndEverybodyWhoNeedsItIsWokenOnce() {
        let events = events
        #expect(residency.need(2, ofBlock: 0) { events.wake(0) })
        for who in 1...3 { #expect(!residency.need(3, ofBlock: 0) { events.wake(who) }) }
        #expect(!residency.need(4, ofBlock: 0) { events.wake(4) })
        #expect(events.askedPages == [3, 4])
        #expect(residency.requestCount == 2)
        #expect(residency.outstanding.map(\.page) == [3, 4])
        residency.notePlaced(9..<10, ofBlock: 0)
        #expect(events.wakes.isEmpty)
        residency.notePlaced(3..<4, ofBlock: 0)
        #expect(events.wakes.sorted() == [1, 2, 3])
        residency.notePlaced(0..<16, ofBlock: 0)
        #expect(events.wakes.sorted() == [1, 2, 3, 4])
        #expect(residency.missingCount == 0)
        residency.wakeAll()
        #expect(events.wakes.count == 4)
    }

    @Test func aWaitForSeveralPagesEndsWithTheLastOfThem() throws {
        let events = events
        let places = [2, 3, 4, 9].map { PageResidency.Place(block: 0, page: $0) }
        #expect(residency.wait(for: places) { events.wake(1) } != nil)
        #expect(events.askedPages == [3, 4, 9])
        residency.notePlaced(4..<5, ofBlock: 0)
        residency.notePlaced(9..<10, ofBlock: 0)
        #expect(events.wakes.isEmpty)
        #expect(residency.wait(for: places) { events.wake(2) } != nil)
        #expect(events.askedPages == [3, 4, 9])
        residency.notePlaced(3..<4, ofBlock: 0)
        #expect(events.wakes.sorted() == [1, 2])
        #expect(residency.wait(for: places) { events.wake(3) } == nil)
    }

    @Test func aWaitThatIsGivenUpWakesNobody() throws {
        let events = events
        let places = [3, 4].map { PageResidency.Place(block: 0, page: $0) }
        let wait = try #require(residency.wait(for: places) { events.wake(1) })
        #expect(!residency.need(4, ofBlock: 0) { events.wake(2) })
        residency.notePlaced(3..<4, ofBlock: 0)
        residency.cancel(wait)
        residency.cancel(wait)
        residency.notePlaced(4..<5, ofBlock: 0)
        #expect(events.wakes == [2])
    }

    @Test func theEndWakesEverybodyOnce() {
        memory.beginResidency(residency)
        let events = events
        let places = [3, 4, 5].map { PageResidency.Place(block: 0, page: $0) }
        #expect(residency.wait(for: places) { events.wake(1) } != nil)
        #expect(!residency.need(9, ofBlock: 0) { events.wake(2) })
        residency.notePlaced(4..<5, ofBlock: 0)
        memory.endResidency()
        #expect(events.wakes.sorted() == [1, 2])
        residency.notePlaced(0..<16, ofBlock: 0)
        #expect(events.wakes.count == 2)
    }

    /// Two threads, one of which needs a page in the moment in which the other places it, again and again.
    @Test func noWakeIsLostWhenAPageComesInTheMomentInWhichItIsNeeded() throws {
        let count = 100_000
        let memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: 0, size: count * targetPageSize)])
        let missing = try memory.makePageSets()
        missing[0].insertAll()
        let residency = try PageResidency(of: memory, missing: missing) { _ in }
        let turn = Meeting()
        let gate = ThreadGate(0)
        let deadline = SystemClock().now() + .seconds(40)
        let placer = try Thread(name: "placer") {
            for page in 0..<count {
                guard turn.await(page, until: deadline) else { return }
                residency.notePlaced(page..<page + 1, ofBlock: 0)
            }
        }
        var waits = 0
        var isLost = false
        for page in 0..<count {
            turn.announce(page)
            // Both orders come about, and all that lies in between.
            if page % 3 > 0 { for _ in 0..<(page % 64) { turn.pass() } }
            if residency.need(page, ofBlock: 0, wake: { gate.withLock { $0 += 1 } }) { continue }
            waits += 1
            guard gate.wait(until: deadline, { $0 == waits ? true : nil }) == true else {
                isLost = true
                break
            }
        }
        turn.announce(.max)
        placer.join()
        #expect(!isLost, "page \(waits) of those that were waited for")
        #expect(waits > 0)
        #expect(gate.withLock { $0 } == waits)
        #expect(residency.missingCount == 0)
    }
}

/// Where two threads meet: one says how far it is, the other spins until then.
private final class Meeting: Sendable {
    private let place = Atomic<Int>(-1)
    private let noise = Atomic<Int>(0)

    func announce(_ page: Int) { place.store(page, ordering: .releasing) }

    func pass() { noise.add(1, ordering: .relaxed) }

    /// False once `deadline` has passed.
    func `await`(_ page: Int, until deadline: Nanoseconds) -> Bool {
        var looks = 0
        while place.load(ordering: .acquiring) < page {
            looks += 1
            guard looks % 1000 == 0 else { continue }
            sched_yield()
            if SystemClock().now() > deadline { return false }
        }
        return true
    }
}
