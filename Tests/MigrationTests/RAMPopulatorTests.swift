import Environment
import Glibc
import GuestMemory
import MigrationFormat
import SystemCalls
import Testing

@testable import Migration

struct RAMPopulatorTests {
    /// What was made present, in order.
    private final class Record: Sendable {
        private let gate = ThreadGate<[Range<Int>]>([])

        func populator(pages: Int, succeeds: Bool = true) -> RAMPopulator {
            RAMPopulator(pageCounts: [pages]) { [gate] _, range in
                gate.withLock { $0.append(range) }
                return succeeds
            }
        }

        /// Waits until the page was made present.
        func awaits(_ page: Int) -> Bool {
            gate.wait(until: SystemClock().now() + .seconds(10)) { $0.contains { $0.contains(page) } ? true : nil }
                ?? false
        }

        func awaitsAny() -> Bool {
            gate.wait(until: SystemClock().now() + .seconds(10)) { $0.isEmpty ? nil : true } ?? false
        }

        var ranges: [Range<Int>] { gate.withLock(notify: false) { $0 } }
    }

    private static func write(_ pages: some Sequence<Int>, to populator: RAMPopulator) {
        for page in pages { populator.noteWritten(page..<page + 1, ofBlock: 0) }
    }

    @Test func itLooksAsFarAheadAsPagesHaveComeInARow() {
        let record = Record()
        let populator = record.populator(pages: 1 << 20)
        Self.write(0..<2048, to: populator)
        #expect(record.awaits(4095))
        populator.end()
        #expect(record.ranges.allSatisfy { $0.upperBound <= 4096 && $0.count <= RAMPopulator.step })
        let pages = record.ranges.map(\.lowerBound)
        #expect(pages == pages.sorted() && Set(pages).count == pages.count, "nothing is gone through twice")
    }

    @Test func itLooksNoFurtherThanTheLimitAndTheBlock() {
        let record = Record()
        let count = 4 * RAMPopulator.limit
        let populator = record.populator(pages: count)
        Self.write(0..<2 * RAMPopulator.limit, to: populator)
        #expect(record.awaits(3 * RAMPopulator.limit - 1))
        #expect(record.ranges.allSatisfy { $0.upperBound <= 3 * RAMPopulator.limit })
        Self.write(2 * RAMPopulator.limit..<count - RAMPopulator.step, to: populator)
        populator.end()
        #expect(record.ranges.allSatisfy { $0.upperBound <= count })
    }

    @Test(arguments: [(50, true), (4, false), (1, false)])
    func amongManyZeroesNothingIsMadePresent(pagesToAZero: Int, isWorthIt: Bool) {
        let record = Record()
        let populator = record.populator(pages: 1 << 20)
        for page in 0..<100_000 {
            let pages = page..<page + 1
            if page % (pagesToAZero + 1) == 0 {
                populator.noteZero(pages, ofBlock: 0)
            } else {
                populator.noteWritten(pages, ofBlock: 0)
            }
        }
        if isWorthIt { #expect(record.awaitsAny()) }
        populator.end()
        #expect(record.ranges.isEmpty == !isWorthIt)
    }

    @Test func pagesFarApartAreNoReasonToLookAhead() {
        let record = Record()
        let populator = record.populator(pages: 1 << 24)
        Self.write(stride(from: 0, to: 1 << 24, by: RAMPopulator.gap + 1), to: populator)
        populator.end()
        #expect(record.ranges == [])
    }

    @Test func afterAnEndOrAFailureItDoesNothingMore() {
        let ended = Record()
        let populator = ended.populator(pages: 1 << 20)
        populator.end()
        Self.write(0..<4096, to: populator)
        populator.end()
        #expect(ended.ranges == [])
        let failed = Record()
        let useless = failed.populator(pages: 1 << 20, succeeds: false)
        Self.write(0..<4096, to: useless)
        #expect(failed.awaitsAny())
        Self.write(4096..<16384, to: useless)
        useless.end()
        #expect(failed.ranges.count == 1)
    }

    @Test func whatItMakesPresentStaysAsItIs() throws {
        let memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: 0, size: 64 << 20)])
        let base = memory.blocks[0].base
        base.storeBytes(of: 77, toByteOffset: 20 << 20, as: UInt8.self)
        let populator = RAMPopulator(memory: memory)
        Self.write(0..<12288, to: populator)
        let end = SystemClock().now() + .seconds(20)
        while AddressSpace.untouchedParts(of: base + (62 << 20), count: 2 << 20) != [], SystemClock().now() < end {
            sched_yield()
        }
        populator.end()
        #expect(AddressSpace.untouchedParts(of: base + (62 << 20), count: 2 << 20) == [])
        #expect(base.load(fromByteOffset: 20 << 20, as: UInt8.self) == 77)
        #expect(base.load(fromByteOffset: 62 << 20, as: UInt64.self) == 0)
    }
}
