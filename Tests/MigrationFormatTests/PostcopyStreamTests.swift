import ByteCoding
import Testing

@testable import MigrationFormat

/// A postcopy as the destination reads it.
struct PostcopyStreamTests {
    private static let opening = ["configured", "openReturnPath", "ping(1)", "advise", "sectionStart"]
    private static let runningElements =
        opening + [
            "discard(block: 0, pages: [Range(1..<3)])", "discard(block: 1, pages: [Range(0..<2)])", "ping(2)",
            "package \(5 + device.count + 9 + 5)", "listen", "device counter", "ping(3)", "run", "ping(4)",
        ]
    private static let device = PostcopyStream.device

    @Test(arguments: [1, 3, 1000, Int.max])
    func aWholePostcopyIsRead(step: Int) throws {
        let stream = PostcopyStream.running
            .pages([(0, 1, 7), (1, 0, 8), (1, 1, 0)])
            // A host page may go on in the next part.
            .pages([(0, 2, 0)])
            .pages([], in: .sectionEnd).end()
        #expect(
            try decode(stream.bytes, step: step, decoder: PostcopyStream.decoder)
                == Self.runningElements + [
                    "page 1 7", "page 0 8", "filled 1 0", "sectionPart", "filled 2 0", "sectionPart", "sectionEnd",
                    "end", "done",
                ], "and no description is waited for")
    }

    @Test func aHostPageMayGoOnInTheNextPart() throws {
        let stream = PostcopyStream.running.pages([(1, 2, 7)]).pages([(1, 3, 8)], in: .sectionEnd).end()
        let elements = try decode(stream.bytes, decoder: PostcopyStream.decoder)
        #expect(elements.suffix(6) == ["page 2 7", "sectionPart", "page 3 8", "sectionEnd", "end", "done"])
    }

    @Test func whatWasAdvisedAndNeverBeganIsAPrecopy() throws {
        let stream = PostcopyStream.advised.pages([(1, 1, 7), (0, 3, 7), (1, 0, 7)])
            .pages([], in: .sectionEnd).adding { $0.write(Self.device) }
        for hasDescription in [true, false] {
            let bytes = stream.builder.end(description: hasDescription).bytes
            #expect(
                try decode(bytes, decoder: PostcopyStream.decoder)
                    == Self.opening + [
                        "page 1 7", "page 3 7", "page 0 7", "sectionPart", "sectionEnd", "device counter", "end",
                    ] + [hasDescription ? "done" : "needs more"])
        }
    }

    /// Without the capability the commands are as unknown as ever.
    @Test func withoutTheCapabilityNothingOfItIsTaken() {
        for command in [
            StreamCommand.postcopyListen, .postcopyRun,
            .postcopyDiscard(block: "ram", ranges: [.init(start: 0, length: 4096)]), .packaged(4), .postcopyResume,
            .receiveBitmap(block: "ram"),
        ] {
            #expect {
                _ = try decode(PostcopyStream().adding(command).bytes)
            } throws: {
                "\($0)".hasPrefix("Command \(command.name) is not supported")
            }
        }
    }

    /// Of dirty bitmaps alone the advice is empty, and nothing follows from it.
    @Test func withoutTheCapabilityAnAdviceMustBeEmpty() throws {
        #expect {
            _ = try decode(PostcopyStream().adding(.postcopyAdvise(.init(of: StreamBuilder.layout))).bytes)
        } throws: {
            "\($0)".hasPrefix("RAM postcopy is disabled but have 16 byte advise")
        }
        #expect(try decode(PostcopyStream().adding(.postcopyAdvise(nil)).bytes).last == "needs more")
    }

    // MARK: A new channel

    @Test(arguments: [1, 1000, Int.max])
    func aNewChannelGoesOnAtARecord(step: Int) throws {
        var old = PostcopyStream.decoder
        var window = ByteWindow(PostcopyStream.running.pages([(1, 2, 7)]).bytes)
        #expect(!old.mayBeResumed)
        try readAll(&old, &window)
        #expect(old.mayBeResumed)
        let stream = PostcopyStream(builder: StreamBuilder(header: false))
            .adding(.receiveBitmap(block: "huge")).adding(.receiveBitmap(block: "ram")).adding(.ping(5))
            .adding(.postcopyResume)
            // From its beginning: what came of it before was dropped.
            .pages([(1, 2, 1), (1, 3, 2)]).pages([], in: .sectionEnd).end()
        #expect(
            try decode(stream.bytes, step: step, decoder: old.resumed()) == [
                "receiveBitmap(block: 1)", "receiveBitmap(block: 0)", "ping(5)", "resume", "page 2 1", "page 3 2",
                "sectionPart", "sectionEnd", "end", "done",
            ])
        // And again, from a channel that broke before anything was said.
        #expect(try decode(stream.bytes, step: step, decoder: old.resumed().resumed()).last == "done")
    }

    @Test func aNewChannelIsHeldToItsOrder() throws {
        var old = PostcopyStream.decoder
        var window = ByteWindow(PostcopyStream.running.pages([(0, 1, 7)]).bytes)
        try readAll(&old, &window)
        let fresh = PostcopyStream(builder: StreamBuilder(header: false))
        func continuing(_ word: UInt64) -> [UInt8] {
            fresh.adding(.postcopyResume).adding { writer in
                StreamEncoder.writeRAMOpening(.sectionPart, id: 2, to: &writer)
                writer.write(word)
                writer.write(UInt8(0))
            }.bytes
        }
        let cases: [([UInt8], String)] = [
            (
                fresh.pages([(0, 2, 0)]).bytes,
                "Section type 2 in wrong postcopy state (on a new channel, before RESUME)"
            ),
            (fresh.end().bytes, "The sections end too soon: on a new channel, before RESUME"),
            (continuing(0x1022), "Ack, bad migration stream!"),
            (
                fresh.adding(.receiveBitmap(block: "ram")).adding(.receiveBitmap(block: "ram")).bytes,
                "CMD_RECV_BITMAP asks again for block 'ram'"
            ),
            (fresh.adding(.receiveBitmap(block: "rom")).bytes, "CMD_RECV_BITMAP: Can't find block 'rom'"),
            (
                fresh.adding(.packaged(4)).bytes,
                "CMD_PACKAGED in wrong postcopy state (on a new channel, before RESUME)"
            ),
            (
                fresh.adding(.postcopyResume).adding(.postcopyResume).bytes,
                "CMD_POSTCOPY_RESUME in wrong postcopy state (running)"
            ),
            (fresh.adding(.enableCOLO).bytes, "Command ENABLE_COLO in wrong postcopy state"),
        ]
        for (bytes, problem) in cases {
            #expect {
                _ = try decode(bytes, decoder: old.resumed())
            } throws: {
                "\($0)".hasPrefix(problem)
            }
        }
    }

    /// Everything that is whole, and the pages' bytes.
    private func readAll(_ decoder: inout StreamDecoder, _ window: inout ByteWindow) throws(StreamError) {
        while true {
            switch try decoder.next(&window) {
            case .needBytes: return
            case .page: window.skip(MigrationFormat.pageSize)
            case .postcopy(.package(let length)):
                var package = ByteWindow(window.copy(length))
                window.skip(length)
                decoder.beginPackage()
                while true {
                    if case .postcopy(.run) = try decoder.next(&package) { break }
                }
                try decoder.endPackage(package)
            default: continue
            }
        }
    }

    // MARK: The channel of what was asked for

    private func preempting(_ pages: [(block: Int, page: Int, byte: UInt8)], ends: Bool = true) -> [UInt8] {
        var writer = ByteWriter()
        var encoder = RAMRecordEncoder(layout: PostcopyStream.layout)
        for page in pages { PostcopyStream.write(page, to: &writer, &encoder) }
        if ends { RAMRecord(.endOfSection).write(to: &writer) }
        return writer.bytes
    }

    private func decodeChannel(_ bytes: [UInt8], step: Int = .max) throws(StreamError) -> [String] {
        var decoder = PostcopyChannelDecoder(layout: PostcopyStream.layout)
        var feed = StreamFeed(bytes, step: step)
        var elements: [String] = []
        while true {
            switch try decoder.next(&feed.window) {
            case .needBytes(let count): guard feed.holds(count) else { return elements + ["needs more"] }
            case .page(let location):
                guard feed.holds(MigrationFormat.pageSize) else { return elements + ["needs more"] }
                elements.append("page \(location.block) \(location.page) \(feed.window.byte(0))")
                feed.window.skip(MigrationFormat.pageSize)
            case .filledPage(let location, let byte):
                elements.append("filled \(location.block) \(location.page) \(byte)")
            case .endOfSections: return elements + [decoder.mayEndHere ? "end" : "not at the end"]
            case let other: elements.append("\(other)")
            }
        }
    }

    @Test(arguments: [1, 7, Int.max])
    func theChannelOfWhatWasAskedForHasABlockOfItsOwn(step: Int) throws {
        let bytes = preempting([(0, 3, 5), (1, 2, 0), (1, 3, 6), (0, 0, 0)])
        #expect(
            try decodeChannel(bytes, step: step)
                == ["page 0 3 5", "filled 1 2 0", "page 1 3 6", "filled 0 0 0", "end"])
    }

    @Test func theChannelOfWhatWasAskedForHasPagesOnly() {
        let cases: [([UInt8], String)] = [
            (preempting([(1, 1, 0)]), "Page 1 of block 1 comes without the 1 before it of its host page"),
            (preempting([(1, 0, 0)]), "A host page of block 1 ends before its page 1"),
            (preempting([(1, 0, 0), (0, 0, 0)]), "A host page of block 1 ends before its page 1"),
            (RAMRecord(.filled(0), offset: 0x4000, block: "ram").bytes, "Illegal RAM offset 4000"),
            (RAMRecord(.page, block: "rom").bytes, "Can't find block rom"),
            (RAMRecord(.page).bytes, "Ack, bad migration stream!"),
            (
                RAMRecord(.memorySize, offset: 0x8000).bytes,
                "Unknown combination of migration flags: 0x4 (postcopy mode)"
            ),
            (
                RAMRecord(.xbzrle(length: 4), block: "ram").bytes,
                "Unknown combination of migration flags: 0x40 (postcopy"
            ),
            (RAMRecord(.compressed(length: 4), block: "ram").bytes, "Received an unexpected compressed page"),
        ]
        for (bytes, problem) in cases {
            #expect {
                _ = try decodeChannel(bytes)
            } throws: {
                "\($0)".hasPrefix(problem)
            }
        }
    }
}
