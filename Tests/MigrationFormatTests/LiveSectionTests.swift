import ByteCoding
import Testing

@testable import MigrationFormat

/// A live section that the format does not know: each record is a byte, and 0 ends a part.
private struct CountingSection: LiveSectionDecoder {
    var name: String { "counting" }
    var versions: ClosedRange<UInt32> { 2...3 }
    var isInCheckpoints: Bool { false }
    private var sum = 0

    mutating func begin(_ type: RecordType, _ header: SectionHeader, inCheckpoint: Bool) {}

    mutating func next(_ window: inout ByteWindow) throws(StreamError) -> LiveSectionStep {
        guard window.available >= 1 else { return .element(.needBytes(1)) }
        let byte = window.byte(0)
        guard sum + Int(byte) <= 9 else {
            throw StreamError("sum \(sum + Int(byte))", section: name, offset: window.offset)
        }
        window.skip(1)
        sum += Int(byte)
        if byte == 0 { return .endOfPart }
        return byte == 1 ? .element(.filledPage(PageLocation(block: 0, page: sum), 1)) : .goOn
    }
}

struct LiveSectionTests {
    private static var decoder: StreamDecoder {
        StreamDecoder(expectations: StreamBuilder.expectations, liveSections: [CountingSection()])
    }

    private static func stream(version: UInt32 = 2, _ data: [UInt8], footer: UInt32 = 9) -> [UInt8] {
        StreamBuilder().adding { writer in
            SectionHeader(id: 9, name: "counting", instance: 0, version: version).write(.sectionStart, to: &writer)
            writer.write([UInt8]([3, 0]))
            SectionHeader.writeFooter(id: 9, to: &writer)
            StreamRecord.sectionPart(9).write(to: &writer)
            writer.write(data + [0])
            SectionHeader.writeFooter(id: footer, to: &writer)
        }.end().bytes
    }

    @Test(arguments: [1, 3, Int.max])
    func aRegisteredSectionIsReadByItsDecoder(step: Int) throws {
        #expect(
            try decode(Self.stream([1, 2, 1]), step: step, decoder: Self.decoder)
                == ["configured", "filled 4 1", "filled 7 1", "end", "done"])
    }

    @Test func whatTheDecoderRefusesIsRefused() {
        #expect(throws: StreamError.self) { try decode(Self.stream([7]), decoder: Self.decoder) }
        #expect(throws: StreamError.self) { try decode(Self.stream(version: 4, []), decoder: Self.decoder) }
        #expect(throws: StreamError.self) { try decode(Self.stream([], footer: 8), decoder: Self.decoder) }
    }

    @Test func aSectionThatIsNotRegisteredIsUnknown() {
        for bytes in [Self.stream([]), StreamBuilder().ramStart().end().bytes] {
            let unknown = bytes == Self.stream([]) ? "counting" : "ram"
            #expect {
                try decode(bytes, decoder: unknown == "ram" ? Self.decoder : nil)
            } throws: {
                "\($0)".hasPrefix("Unknown savevm section or instance '\(unknown)' 0")
            }
        }
    }
}
