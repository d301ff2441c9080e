import ByteCoding
import Environment
import Testing

@testable import MigrationFormat

/// What the source of a postcopy is told.
struct ReturnPathDecoderTests {
    private static let layout = PostcopyStream.layout
    private static let bitmap = ReceivedBitmap(pages: 4) { $0 == 2 }

    private static func bytes(_ records: ReturnPathRecord...) -> [UInt8] { records.flatMap(\.bytes) }

    private static func bitmapBytes(_ block: String, _ bitmap: ReceivedBitmap = bitmap) -> [UInt8] {
        var writer = ByteWriter()
        ReturnPathRecord.receivedBitmap(block: block).write(to: &writer)
        bitmap.write(to: &writer)
        return writer.bytes
    }

    /// All elements of `bytes`, which come `step` at a time.
    private func read(
        _ bytes: [UInt8], resuming: Bool = false, step: Int = .max
    ) throws(StreamError) -> [ReturnPathDecoder.Element] {
        var decoder = ReturnPathDecoder(layout: Self.layout, resuming: resuming)
        var window = ByteWindow(capacity: 16)
        var fed = 0
        var elements: [ReturnPathDecoder.Element] = []
        while true {
            switch try decoder.next(&window) {
            case .needBytes(let count):
                guard fed < bytes.count else { return elements }
                let end = min(bytes.count, fed + max(1, min(step, count - window.available)))
                window.append(bytes[fed..<end])
                fed = end
            case let element: elements.append(element)
            }
        }
    }

    @Test(arguments: [1, 5, Int.max])
    func messagesAreRead(step: Int) throws {
        let bytes = Self.bytes(
            .pong(1), .requestPages(start: 0x1000, length: 0x1000, block: "ram"),
            .requestPages(start: 0x3000, length: 0x1000, block: nil),
            // A part of a host page stands for the whole of it.
            .requestPages(start: 0x1000, length: 0x1000, block: "huge"),
            .requestPages(start: 0, length: 0x4000, block: nil), .shut(0))
        #expect(
            try read(bytes, step: step) == [
                .pong(1), .requestPages(block: 0, pages: 1..<2), .requestPages(block: 0, pages: 3..<4),
                .requestPages(block: 1, pages: 0..<2), .requestPages(block: 1, pages: 0..<4), .shut(0),
            ])
    }

    @Test(arguments: [1, 5, Int.max])
    func aResumedChannelBringsABitmapOfEachBlock(step: Int) throws {
        let bytes =
            Self.bitmapBytes("huge") + Self.bitmapBytes("ram")
            + Self.bytes(.resumeAcknowledged(1), .requestPages(start: 0, length: 0x1000, block: "ram"))
        #expect(
            try read(bytes, resuming: true, step: step) == [
                .receivedBitmap(block: 1, Self.bitmap), .receivedBitmap(block: 0, Self.bitmap), .resumeAcknowledged,
                .requestPages(block: 0, pages: 0..<1),
            ])
        #expect(Self.bitmap[2] && !Self.bitmap[1])
    }

    @Test func whatIsWrongIsNamed() {
        let both = Self.bitmapBytes("ram") + Self.bitmapBytes("huge")
        let cases: [(bytes: [UInt8], resuming: Bool, text: String)] = [
            ([0, 7, 0, 0], false, "RP: Received invalid message 0x7 length 0x0"),
            ([0, 3, 2, 1], false, "RP: Received invalid message 0x3 length 0x201"),
            ([0, 4, 0, 13], false, "RP: Received 'REQ_PAGES' message (0x4) with incorrect length 13 expecting 12"),
            (
                Self.bytes(.requestPages(start: 0, length: 4096, block: nil)), false,
                "RP: a page request without a block, and none was named before"
            ),
            (
                Self.bytes(.requestPages(start: 0x800, length: 4096, block: "ram")), false,
                "RP: Misaligned page request, start: 800 len: 4096"
            ),
            (Self.bytes(.requestPages(start: 0, length: 100, block: "ram")), false, "RP: Misaligned page request"),
            (Self.bytes(.requestPages(start: 0, length: 0, block: "ram")), false, "RP: Misaligned page request"),
            (Self.bytes(.requestPages(start: 0, length: 4096, block: "rom")), false, "RP: no block 'rom'"),
            (
                Self.bytes(.requestPages(start: 0x4000, length: 4096, block: "ram")), false,
                "RP: request overrun start=4000 len=1000 blocklen=4000"
            ),
            (Self.bytes(.requestPages(start: 0x3000, length: 0x2000, block: "ram")), false, "RP: request overrun"),
            (
                Self.bytes(.requestPages(start: .max - 0xfff, length: 0xffff_f000, block: "ram")), false,
                "RP: request overrun"
            ),
            (Self.bitmapBytes("ram"), false, "RP: Received a bitmap of block 'ram' that was not asked for"),
            (
                Self.bitmapBytes("ram") + Self.bitmapBytes("ram"), true,
                "RP: Received a bitmap of block 'ram' that was not asked for"
            ),
            (Self.bitmapBytes("rom"), true, "RP: no block 'rom'"),
            (
                Self.bitmapBytes("ram", ReceivedBitmap(pages: 65) { _ in true }), true,
                "A bitmap of 16 bytes for a block of 4 pages"
            ),
            (
                Array(Self.bitmapBytes("ram").dropLast()) + [0], true,
                "The bitmap of received pages has no end mark"
            ),
            (Self.bytes(.resumeAcknowledged(1)), false, "RP: illegal resume_ack value 1, or at a wrong time"),
            (Self.bytes(.resumeAcknowledged(1)), true, "RP: illegal resume_ack value 1, or at a wrong time"),
            (both + Self.bytes(.resumeAcknowledged(2)), true, "RP: illegal resume_ack value 2, or at a wrong time"),
            (
                both + Self.bytes(.resumeAcknowledged(1), .resumeAcknowledged(1)), true,
                "RP: illegal resume_ack value 1, or at a wrong time"
            ),
        ]
        for bad in cases {
            #expect {
                _ = try read(bad.bytes, resuming: bad.resuming)
            } throws: {
                "\($0)".hasPrefix(bad.text)
            }
        }
    }

    /// A bitmap whose length is a lie is refused before its bytes are waited for.
    @Test func aBitmapOfTheWrongSizeIsNotWaitedFor() {
        let bytes = ReturnPathRecord.receivedBitmap(block: "ram").bytes + [0, 0, 0, 1, 0, 0, 0, 0]
        #expect {
            _ = try read(bytes, resuming: true)
        } throws: {
            "\($0)".hasPrefix("A bitmap of 4294967296 bytes for a block of 4 pages")
        }
    }

    @Test(arguments: 0..<4)
    func damagedMessagesAreReadOrRefused(lane: UInt64) {
        var random = SeededGenerator(seed: 0xbad + lane)
        let whole =
            Self.bitmapBytes("huge") + Self.bitmapBytes("ram")
            + Self.bytes(
                .resumeAcknowledged(1), .requestPages(start: 0, length: 0x1000, block: "ram"),
                .requestPages(start: 0x1000, length: 0x1000, block: nil), .shut(0))
        for _ in 0..<3000 {
            var bytes = whole
            StreamMutationTests.damage(&bytes, &random)
            do throws(StreamError) {
                for case .requestPages(let block, let pages) in try read(
                    bytes, resuming: true, step: Int(1 + random.next() % 40))
                {
                    #expect(pages.upperBound <= Self.layout[block].pageCount && !pages.isEmpty)
                }
            } catch {
                #expect(error.offset <= UInt64(bytes.count))
            }
        }
    }
}

/// What the source of a postcopy says of pages and devices.
struct PostcopyEncoderTests {
    private static func discards(_ runs: [Range<Int>], of block: BlockLayout) throws -> [StreamCommand] {
        var writer = ByteWriter()
        StreamEncoder.writeDiscards(runs, of: block, to: &writer)
        var window = ByteWindow(writer.bytes)
        var commands: [StreamCommand] = []
        while case .complete(let command, _) = try StreamCommand.take(from: &window) { commands.append(command) }
        #expect(window.available == 0)
        return commands
    }

    private static func discard(_ block: String, _ pages: [Range<Int>]) -> StreamCommand {
        .postcopyDiscard(
            block: block,
            ranges: pages.map { .init(start: UInt64($0.lowerBound * 4096), length: UInt64($0.count * 4096)) })
    }

    @Test func discardsAreOfWholeHostPagesAndTwelveInACommand() throws {
        let small = BlockLayout(name: "ram", size: 100 * 4096)
        #expect(try Self.discards([], of: small).isEmpty)
        #expect(try Self.discards([3..<5, 7..<8], of: small) == [Self.discard("ram", [3..<5, 7..<8])])
        let runs = (0..<25).map { $0 * 4..<$0 * 4 + 2 }
        #expect(
            try Self.discards(runs, of: small) == [
                Self.discard("ram", Array(runs[0..<12])), Self.discard("ram", Array(runs[12..<24])),
                Self.discard("ram", [runs[24]]),
            ])
        let huge = BlockLayout(name: "huge", size: 100 * 4096, hostPageSize: 4 * 4096)
        #expect(
            try Self.discards([1..<2, 3..<5, 6..<7, 20..<21, 24..<25, 40..<41], of: huge)
                == [Self.discard("huge", [0..<8, 20..<28, 40..<44])])
    }

    @Test func aPackageThatIsTooLargeIsNotSent() {
        var writer = ByteWriter()
        #expect {
            try StreamEncoder.writePackage(devices: [UInt8](repeating: 0, count: 16 << 20), to: &writer)
        } throws: {
            "\($0)".hasPrefix("The devices make a package of \(16 << 20 + 19) bytes, and \(16 << 20) are allowed")
        }
        #expect(writer.count == 0)
    }
}
