import ByteCoding
import Environment
import Testing

@testable import MigrationFormat

/// Postcopies that must be refused, and the words that a user knows them by.
struct PostcopyRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let stream: PostcopyStream
        let text: String
        var testDescription: String { text }

        init(_ stream: PostcopyStream, _ text: String) {
            self.stream = stream
            self.text = text
        }
    }

    private static let fresh = PostcopyStream()
    private static let advised = PostcopyStream.advised
    private static let running = PostcopyStream.running
    private static let layout = PostcopyStream.layout
    private static let pageSizes: UInt64 = 0x3000

    private static func advising(_ sizes: UInt64, _ target: UInt64) -> PostcopyStream {
        fresh.adding(.postcopyAdvise(.init(pageSizes: sizes, targetPageSize: target)))
    }

    private static func discarding(_ start: UInt64, _ length: UInt64, of block: String = "huge") -> PostcopyStream {
        advised.adding(.postcopyDiscard(block: block, ranges: [.init(start: start, length: length)]))
    }

    private static func package(_ commands: StreamCommand...) -> PostcopyStream {
        advised.package(commands.flatMap(\.bytes))
    }

    private static func blockList(pageSize: UInt64?) -> PostcopyStream {
        fresh.adding(.postcopyAdvise(.init(of: layout))).adding { writer in
            SectionHeader(id: 2, name: "ram", instance: 0, version: 4).write(.sectionStart, to: &writer)
            writer.write(UInt64(0x8000) | RAMFlags.memorySize)
            RAMBlockEntry(name: "huge", length: 0x4000, pageSize: pageSize).write(to: &writer)
            RAMBlockEntry(name: "ram", length: 0x4000).write(to: &writer)
            StreamEncoder.writeRAMClosing(id: 2, to: &writer)
        }
    }

    private static func record(_ record: RAMRecord) -> PostcopyStream {
        running.section(.sectionPart) { writer, _ in record.write(to: &writer) }
    }

    private static let commandCases: [Case] = [
        Case(fresh.adding(.postcopyAdvise(nil)), "RAM postcopy is enabled but have 0 byte advise"),
        Case(advising(0x1000, 4096), "Postcopy needs matching RAM page sizes (s=1000 d=3000)"),
        Case(advising(pageSizes, 8192), "Postcopy needs matching target page sizes (s=8192 d=4096)"),
        Case(
            advising(pageSizes, 4096).adding(.postcopyAdvise(.init(of: layout))),
            "CMD_POSTCOPY_ADVISE in wrong postcopy state (advised)"),
        Case(
            running.adding(.postcopyAdvise(.init(of: layout))), "CMD_POSTCOPY_ADVISE in wrong postcopy state (running)"),
        Case(
            fresh.adding(.postcopyDiscard(block: "ram", ranges: [.init(start: 0, length: 0x1000)])),
            "CMD_POSTCOPY_RAM_DISCARD in wrong postcopy state (no postcopy was advised)"),
        Case(
            running.adding(.postcopyDiscard(block: "ram", ranges: [.init(start: 0, length: 0x1000)])),
            "CMD_POSTCOPY_RAM_DISCARD in wrong postcopy state (running)"),
        // What was dropped comes again only in postcopy.
        Case(discarding(0, 0x2000).end(), "The sections end too soon: pages were discarded"),
        Case(discarding(0, 0x1000, of: "rom"), "CMD_POSTCOPY_RAM_DISCARD: Can't find block 'rom'"),
        Case(
            discarding(0x2000, 0x4000),
            "CMD_POSTCOPY_RAM_DISCARD of 0x4000 bytes at 0x2000 of block 'huge', which has 0x4000"),
        Case(discarding(0x4000, 0x2000), "CMD_POSTCOPY_RAM_DISCARD of 0x2000 bytes at 0x4000"),
        Case(discarding(0, 0), "CMD_POSTCOPY_RAM_DISCARD of 0x0 bytes at 0x0"),
        Case(
            discarding(0x1000, 0x2000),
            "CMD_POSTCOPY_RAM_DISCARD of 0x2000 bytes at 0x1000 of block 'huge' cuts a host page of 8192 bytes"),
        Case(discarding(0, 0x1000), "CMD_POSTCOPY_RAM_DISCARD of 0x1000 bytes at 0x0 of block 'huge' cuts a host page"),
        Case(discarding(0, 0x801, of: "ram"), "CMD_POSTCOPY_RAM_DISCARD of 0x801 bytes at 0x0 of block 'ram' cuts"),
        Case(discarding(0x1000, .max - 0xfff), "POSTCOPY_RAM_DISCARD of a range without an end"),
        Case(advised.adding(.receiveBitmap(block: "ram")), "CMD_RECV_BITMAP in wrong postcopy state (advised)"),
        Case(running.adding(.receiveBitmap(block: "ram")), "CMD_RECV_BITMAP in wrong postcopy state (running)"),
        Case(advised.adding(.postcopyResume), "CMD_POSTCOPY_RESUME in wrong postcopy state (advised)"),
        Case(running.adding(.postcopyResume), "CMD_POSTCOPY_RESUME in wrong postcopy state (running)"),
        Case(running.adding(.enableCOLO), "Command ENABLE_COLO in wrong postcopy state (running)"),
        Case(running.adding(.openReturnPath), "Command OPEN_RETURN_PATH in wrong postcopy state (running)"),
    ]

    private static let packageCases: [Case] = [
        Case(fresh.adding(.packaged(10)), "CMD_PACKAGED in wrong postcopy state (no postcopy was advised)"),
        Case(advised.adding(.packaged(16 << 20 + 1)), "Unreasonably large packaged state: \(16 << 20 + 1)"),
        Case(running.adding(.packaged(10)), "CMD_PACKAGED in wrong postcopy state (running)"),
        Case(advised.adding(.postcopyListen), "CMD_POSTCOPY_LISTEN in wrong postcopy state (advised)"),
        Case(running.adding(.postcopyListen), "CMD_POSTCOPY_LISTEN in wrong postcopy state (running)"),
        Case(advised.adding(.postcopyRun), "CMD_POSTCOPY_RUN in wrong postcopy state (advised)"),
        Case(package(.postcopyRun), "CMD_POSTCOPY_RUN in wrong postcopy state (in the package)"),
        Case(
            package(.postcopyListen, .postcopyListen),
            "CMD_POSTCOPY_LISTEN in wrong postcopy state (in the package, behind LISTEN)"),
        Case(package(.postcopyListen), "The package is too short by 1 bytes"),
        Case(package(), "The package is too short by 1 bytes"),
        Case(
            package(.postcopyListen, .postcopyRun, .ping(3)), "The package goes on for 9 bytes behind POSTCOPY_RUN"),
        Case(package(.postcopyListen, .packaged(4)), "CMD_PACKAGED in wrong postcopy state (in the package"),
        Case(
            package(.postcopyDiscard(block: "ram", ranges: [.init(start: 0, length: 0x1000)])),
            "CMD_POSTCOPY_RAM_DISCARD in wrong postcopy state (in the package)"),
        Case(package(.enableCOLO), "Command ENABLE_COLO in wrong postcopy state (in the package)"),
        Case(advised.package([0]), "Unknown savevm section type 0 in a package"),
        Case(advised.package([2, 0, 0, 0, 2]), "Unknown savevm section type 2 in a package"),
        Case(
            advised.package(StreamCommand.postcopyListen.bytes + PostcopyStream.device.dropLast(20)),
            "The package is too short by "),
        Case(
            advised.package(StreamCommand.postcopyListen.bytes + PostcopyStream.device.dropLast()),
            "The package is too short by 1 bytes"),
        Case(
            advised.adding { $0.write(PostcopyStream.device) }
                .package(StreamCommand.postcopyListen.bytes + PostcopyStream.device),
            "Section 'counter' 0 appears twice"),
    ]

    private static let pageCases: [Case] = [
        Case(blockList(pageSize: 0x4000), "Mismatched RAM page size huge (local) 8192 != 16384"),
        // The word is there whether the source wrote it or not.
        Case(blockList(pageSize: nil), "Mismatched RAM page size huge (local) 8192 != "),
        Case(running.pages([(1, 1, 0)]), "Page 1 of block 1 comes without the 1 before it of its host page"),
        Case(running.pages([(1, 0, 0), (1, 0, 0)]), "A host page of block 1 ends before its page 1"),
        Case(running.pages([(1, 0, 7), (1, 2, 0)]), "A host page of block 1 ends before its page 1"),
        Case(running.pages([(1, 0, 7), (0, 0, 0)]), "A host page of block 1 ends before its page 1"),
        Case(running.pages([(1, 2, 7)]).pages([(1, 0, 0)]), "A host page of block 1 ends before its page 3"),
        Case(running.pages([(1, 2, 7)]).pages([], in: .sectionEnd), "A host page of block 1 ends before its page 3"),
        Case(
            record(RAMRecord(.xbzrle(length: 2), block: "ram")),
            "Unknown combination of migration flags: 0x40 (postcopy mode)"),
        Case(
            record(RAMRecord(.memorySize, offset: 0x8000)),
            "Unknown combination of migration flags: 0x4 (postcopy mode)"),
        Case(record(RAMRecord(.compressed(length: 2), block: "ram")), "Received an unexpected compressed page"),
        Case(record(RAMRecord(.hook)), "error while loading state section id 2(ram)"),
        Case(record(RAMRecord(.filled(0), offset: 0x4000, block: "ram")), "Illegal RAM offset 4000"),
        Case(record(RAMRecord(.filled(0), offset: 0, block: "rom")), "Can't find block rom"),
        Case(running.adding { $0.write(PostcopyStream.device) }, "Section type 4 in wrong postcopy state (running)"),
        Case(
            running.adding { StreamEncoder.writeRAMStart(id: 2, layout: layout, to: &$0) },
            "Section type 1 in wrong postcopy state (running)"),
    ]

    static let cases = commandCases + packageCases + pageCases

    @Test(arguments: cases, [5, Int.max])
    func whatIsWrongIsNamed(bad: Case, step: Int) {
        let bytes = bad.stream.bytes
        #expect {
            _ = try decode(bytes, step: step, decoder: PostcopyStream.decoder)
        } throws: { error in
            guard let error = error as? StreamError else { return false }
            return error.problem.hasPrefix(bad.text) && error.offset <= UInt64(bytes.count)
        }
    }

    // MARK: Damage

    private static func seedStream(_ random: inout SeededGenerator) -> PostcopyStream {
        var stream = running
        for _ in 0..<random.next() % 4 {
            var pages: [(block: Int, page: Int, byte: UInt8)] = []
            for _ in 0..<random.next() % 3 {
                let byte: UInt8 = random.chance(1, in: 3) ? 7 : 0
                if random.chance(1, in: 2) {
                    pages.append((0, Int(random.next() % 4), byte))
                } else {
                    let first = Int(random.next() % 2) * 2
                    pages += [(1, first, byte), (1, first + 1, 0)]
                }
            }
            stream = stream.pages(pages)
        }
        return stream.pages([], in: .sectionEnd).end()
    }

    @Test(arguments: 0..<4)
    func damagedStreamsEndInAnErrorOrInElements(lane: UInt64) {
        var random = SeededGenerator(seed: 0x9057 + lane)
        var refused = 0
        for _ in 0..<3000 {
            var bytes = Self.seedStream(&random).bytes
            StreamMutationTests.damage(&bytes, &random)
            let step = Int(1 + random.next() % 5000)
            do throws(StreamError) {
                let elements = try decode(bytes, step: step, decoder: PostcopyStream.decoder)
                #expect(elements.count <= bytes.count + 2)
            } catch {
                refused += 1
                #expect(error.offset <= UInt64(bytes.count))
                #expect(!error.problem.isEmpty)
            }
        }
        #expect(refused > 500)
    }

    @Test func everyPrefixWaitsForMore() throws {
        let bytes = Self.running.pages([(1, 0, 0), (1, 1, 0)]).pages([(0, 1, 0)], in: .sectionEnd).end().bytes
        for count in 0..<bytes.count {
            let elements = try decode(Array(bytes.prefix(count)), decoder: PostcopyStream.decoder)
            #expect(elements.last == "needs more", "after \(count) bytes")
        }
        #expect(try decode(bytes, decoder: PostcopyStream.decoder).last == "done")
    }
}
