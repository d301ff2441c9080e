import ByteCoding
import Testing

@testable import MigrationFormat

struct StreamDecoderTests {
    private static let page = [UInt8](repeating: 0xa5, count: MigrationFormat.pageSize)

    private static func wholeStream() -> [UInt8] {
        var encoder = RAMRecordEncoder(layout: StreamBuilder.layout)
        return StreamBuilder()
            .adding { MigrationCommand.openReturnPath.write(to: &$0) }
            .adding { MigrationCommand.ping(1).write(to: &$0) }
            .ramStart()
            .ramSection(.sectionPart) { writer in
                encoder.writeZeroPage(PageLocation(block: 0, page: 0), to: &writer)
                encoder.writePageHeader(PageLocation(block: 0, page: 1), to: &writer)
                writer.write(page)
            }
            .ramSection(.sectionEnd) { writer in
                encoder.writePageHeader(PageLocation(block: 0, page: 3), to: &writer)
                writer.write(page)
            }
            .device("counter", data: [0, 0, 0, 0, 0, 0, 0, 9])
            .device("text", version: 1, data: [0, 0, 0, 3, 65, 66, 67])
            .end().bytes
    }

    @Test(arguments: [1, 2, 3, 7, 64, 4096, Int.max])
    func aStreamIsReadTheSameHoweverItIsCut(step: Int) throws {
        let elements = try decode(Self.wholeStream(), step: step)
        #expect(
            elements == [
                "configured", "openReturnPath", "ping(1)", "sectionStart", "filled 0 0", "page 1 165", "sectionPart",
                "page 3 165", "sectionEnd", "device counter", "device text", "end", "done",
            ])
    }

    @Test func theLastBlockSurvivesSectionsAndCheckpoints() throws {
        var decoder = StreamDecoder(expectations: StreamBuilder.expectations)
        var window = ByteWindow(Self.wholeStream())
        var encoder = RAMRecordEncoder(layout: StreamBuilder.layout)
        var ignored = ByteWriter()
        encoder.writeZeroPage(PageLocation(block: 0, page: 0), to: &ignored)
        loop: while true {
            switch try decoder.next(&window) {
            case .page: window.skip(MigrationFormat.pageSize)
            case .endOfStream: break loop
            case .needBytes: Issue.record("the stream is complete")
            default: break
            }
        }
        decoder.beginCheckpoint()
        let checkpoint = StreamBuilder(header: false).ramSection(.sectionEnd) { writer in
            encoder.writeZeroPage(PageLocation(block: 0, page: 2), to: &writer)
        }.end(description: false)
        #expect(checkpoint.bytes[5 + 7] == 0x22, "ZERO and CONTINUE, without a name")
        window.append(checkpoint.bytes)
        guard case .filledPage(let location, 0) = try decoder.next(&window) else {
            Issue.record("no page")
            return
        }
        #expect(location == PageLocation(block: 0, page: 2))
    }

    @Test func optionalFieldsAtTheEndOfTheWindowAreNotMissed() throws {
        let subsection: [UInt8] = [5, 12] + Array("optional/sub".utf8) + [0, 0, 0, 1, 1, 2, 3, 4]
        let stream = StreamBuilder().device("optional", version: 1, data: [9] + subsection).end().bytes
        #expect(try decode(stream, step: 1) == ["configured", "device optional", "end", "done"])
    }

    @Test func aStreamMayLackItsDescription() throws {
        var decoder = StreamDecoder(expectations: StreamBuilder.expectations)
        var window = ByteWindow(StreamBuilder().end(description: false).bytes)
        while true { if case .needBytes = try decoder.next(&window) { break } }
        #expect(decoder.mayEndHere)
        #expect(
            try decode(StreamBuilder().end(description: false).bytes + [0x31]) == ["configured", "end", "found 49"])
        #expect(try decode(StreamBuilder().end(description: false).bytes + [6, 0, 0, 0, 2, 123, 125]).last == "done")
    }

    @Test func fillBytesOtherThanZeroAndAnySectionIdAreAccepted() throws {
        let stream = StreamBuilder().adding { writer in
            StreamEncoder.writeRAMStart(id: 99, layout: StreamBuilder.layout, to: &writer)
            StreamEncoder.writeRAMOpening(.sectionPart, id: 99, to: &writer)
            writer.write(UInt64(0x1002))
            writer.writeString8("ram")
            writer.write(UInt8(0xff))
            StreamEncoder.writeRAMClosing(id: 99, to: &writer)
        }.end()
        #expect(
            try decode(stream.bytes) == ["configured", "sectionStart", "filled 1 255", "sectionPart", "end", "done"])
    }

    @Test func theConfigurationsUUIDMustBeOurs() throws {
        var expectations = StreamBuilder.expectations
        expectations.uuid = [UInt8](1...16)
        var writer = ByteWriter()
        StreamEncoder.writeFileHeader(machineType: "none", uuid: [UInt8](2...17), to: &writer)
        StreamEncoder.writeEndOfSections(to: &writer)
        #expect {
            try decode(writer.bytes, decoder: StreamDecoder(expectations: expectations))
        } throws: {
            "\($0)".hasPrefix(
                "UUID received is 02030405-0607-0809-0a0b-0c0d0e0f1011 and local is "
                    + "01020304-0506-0708-090a-0b0c0d0e0f10")
        }
        expectations.uuid = [UInt8](2...17)
        #expect(try decode(writer.bytes, decoder: StreamDecoder(expectations: expectations)).first == "configured")
    }
}
