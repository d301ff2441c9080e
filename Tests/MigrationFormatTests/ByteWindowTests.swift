import ByteCoding
import MigrationFormat
import Testing

/// Records that a window takes without having them decoded.
struct ByteWindowTests {
    /// Records of the pages of a block, `payloads` telling each page's byte; those of `otherPages` name another page.
    private static func window(_ payloads: [UInt8], otherPages: Set<Int> = []) -> ByteWindow {
        var writer = ByteWriter()
        for (page, byte) in payloads.enumerated() {
            let number = UInt64(otherPages.contains(page) ? page + 1 : page)
            // wire.md §4.3: page 08, the block of the page before 20.
            writer.write(number * 4096 | 0x28)
            writer.write([UInt8](repeating: byte, count: 4096))
        }
        return ByteWindow(writer.bytes)
    }

    private static func take(_ pages: Range<Int>, from window: inout ByteWindow) -> (count: Int, memory: [UInt8]) {
        var memory = [UInt8](repeating: 0xff, count: max(1, pages.count) * 4096)
        let count = memory.withUnsafeMutableBytes {
            $0.baseAddress.map { window.takeRepeatedPages(pages, to: $0) } ?? 0
        }
        return (count, memory)
    }

    @Test func pagesThatFollowEachOtherAreTakenAtOnce() {
        var window = Self.window([1, 2, 3])
        let (count, memory) = Self.take(0..<8, from: &window)
        #expect(count == 3 && window.available == 0 && window.offset == 3 * 4104)
        #expect([0, 4095, 4096, 8192, 12287, 12288].map { memory[$0] } == [1, 1, 2, 3, 3, 0xff])
    }

    /// A page that is not the next one, that is too far, or that is there only in part, stays where it is.
    @Test func whatIsNotTheNextPageStays() {
        var window = Self.window([1, 2, 3], otherPages: [1])
        #expect(Self.take(0..<8, from: &window).count == 1)
        #expect(window.available == 2 * 4104)
        window = Self.window([1, 2, 3])
        #expect(Self.take(0..<2, from: &window).count == 2)
        #expect(Self.take(0..<0, from: &window).count == 0)
        window = ByteWindow(Array(Self.window([1, 2]).copy(2 * 4104 - 1)))
        #expect(Self.take(0..<8, from: &window).count == 1)
        #expect(window.available == 4103)
    }

    /// Records that say of pages that they hold `byte` everywhere.
    private static func write(filled pages: [UInt64], _ byte: UInt8 = 0, to writer: inout ByteWriter) {
        for page in pages {
            // wire.md §4.3: filled 02, the block of the page before 20.
            writer.write(page * 4096 | 0x22)
            writer.write([byte])
        }
    }

    @Test func pagesOfZeroesAreTakenWhereverTheyLie() {
        var writer = ByteWriter()
        Self.write(filled: [4, 5, 6, 9, 2, 3, 7], to: &writer)
        var window = ByteWindow(writer.bytes)
        var runs: [Range<Int>] = []
        window.takeZeroPages(below: 10) { runs.append($0) }
        #expect(runs == [4..<7, 9..<10, 2..<4, 7..<8])
        #expect(window.available == 0 && window.offset == 7 * 9)
    }

    /// A page beyond the block, one of another kind or with other bytes, and a record that is there only in part stay.
    @Test func whatIsNoPageOfZeroesStays() {
        for (page, byte, cut) in [(10, 0, 0), (UInt64.max >> 12, 0, 0), (3, 1, 0), (3, 0, 1)] as [(UInt64, UInt8, Int)]
        {
            var writer = ByteWriter()
            Self.write(filled: [1], to: &writer)
            Self.write(filled: [page], byte, to: &writer)
            var window = ByteWindow(Array(writer.bytes.dropLast(cut)))
            var runs: [Range<Int>] = []
            window.takeZeroPages(below: 10) { runs.append($0) }
            #expect(runs == [1..<2] && window.available == 9 - cut, "page \(page), byte \(byte)")
        }
        var window = Self.window([0])
        window.takeZeroPages(below: 10) { _ in Issue.record("a whole page was taken for zeroes") }
        #expect(window.available == 4104)
    }

    // MARK: Differences

    /// The record of a page as its difference: wire.md §4.3, xbzrle 40, the block of the page before 20.
    private static func delta(_ page: UInt64, _ bytes: [UInt8], encoding: UInt8 = 1) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(page * 4096 | 0x60)
        writer.write(encoding)
        writer.write(UInt16(bytes.count))
        writer.write(bytes)
        return writer.bytes
    }

    /// Takes differences of a block of four pages, all of whose bytes are ff; also returns where they became something else.
    private static func takeDeltas(_ window: inout ByteWindow) -> (pages: [Range<Int>], changed: [Int: UInt8]) {
        var memory = [UInt8](repeating: 0xff, count: 4 * 4096)
        var pages: [Range<Int>] = []
        memory.withUnsafeMutableBytes { memory in
            guard let place = memory.baseAddress else { return }
            while let run = window.takeRepeatedDeltas(to: place, count: 4) { pages.append(run) }
        }
        let changed = memory.enumerated().filter { $0.element != 0xff }
        return (pages, Dictionary(uniqueKeysWithValues: changed.map { ($0.offset, $0.element) }))
    }

    @Test func differencesAreTakenAsFarAsTheyStandThere() {
        let records =
            Self.delta(0, [5, 1, 7]) + Self.delta(1, [0, 2, 8, 9]) + Self.delta(3, []) + Self.delta(1, [1, 1, 3])
        // Where each record ends, what was taken by then, and what that changed.
        let ends = [0, 14, 29, 40, 54]
        let runs: [[Range<Int>]] = [[], [0..<1], [0..<2], [0..<2, 3..<4], [0..<2, 3..<4, 1..<2]]
        let first: [Int: UInt8] = [5: 7]
        let second: [Int: UInt8] = [5: 7, 4096: 8, 4097: 9]
        let last: [Int: UInt8] = [5: 7, 4096: 8, 4097: 3]
        let changes: [[Int: UInt8]] = [[:], first, second, second, last]
        for count in 0...records.count {
            var window = ByteWindow(Array(records.prefix(count)))
            let (pages, changed) = Self.takeDeltas(&window)
            let whole = ends.lastIndex { $0 <= count } ?? 0
            #expect(window.offset == UInt64(ends[whole]))
            #expect(pages == runs[whole])
            #expect(changed == changes[whole])
        }
    }

    /// What is not such a record, or is malformed.
    private static let strangers: [[UInt8]] = {
        let page = [UInt8](repeating: 1, count: 4096)
        return [
            delta(4, [0, 1, 1]), delta(1, [0, 1, 1], encoding: 2), delta(1, [0, 2, 1]),
            delta(1, [0xff, 0x1f, 2, 1, 1]),
            delta(1, page + [1]), [0, 0, 0, 0, 0, 0, 0x10, 0x28] + page, [0, 0, 0, 0, 0, 0, 0x10, 0x40] + page,
        ]
    }()

    /// It stays for the decoder, which says what is wrong.
    @Test(arguments: strangers)
    func whatIsNoDifferenceStays(record: [UInt8]) {
        var window = ByteWindow(Self.delta(0, [5, 1, 7]) + record + Self.delta(2, [5, 1, 7]))
        let (pages, changed) = Self.takeDeltas(&window)
        #expect(pages == [0..<1])
        #expect(changed == [5: 7])
        #expect(window.offset == 14)
    }
}
