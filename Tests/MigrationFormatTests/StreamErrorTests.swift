import ByteCoding
import Testing

@testable import MigrationFormat

/// Streams that must be refused, and the words that a user knows them by.
struct StreamErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let text: String
        var section: String?
        var testDescription: String { text }

        init(_ bytes: [UInt8], _ text: String, section: String? = nil) {
            self.bytes = bytes
            self.text = text
            self.section = section
        }
    }

    private static let base = StreamBuilder()
    private static let started = StreamBuilder().ramStart()

    private static func blockList(_ total: UInt64, _ blocks: [(String, UInt64)]) -> [UInt8] {
        base.adding { writer in
            SectionHeader(id: 2, name: "ram", instance: 0, version: 4).write(.sectionStart, to: &writer)
            writer.write(total | 4)
            for (name, size) in blocks {
                writer.writeString8(name)
                writer.write(size)
            }
            StreamEncoder.writeRAMClosing(id: 2, to: &writer)
        }.bytes
    }

    private static func command(_ number: UInt16, _ payload: [UInt8]) -> [UInt8] {
        base.adding { writer in
            writer.write(UInt8(8))
            writer.write(number)
            writer.write(UInt16(payload.count))
            writer.write(payload)
        }.bytes
    }

    static let cases: [Case] = [
        Case(Array("GET / HTTP/1.1\r\n".utf8), "Not a migration stream"),
        Case([0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 2], "SaveVM v2 format is obsolete and don't work anymore"),
        Case([0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 4], "Unsupported migration stream version"),
        Case([0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3, 1], "Configuration section missing"),
        Case(StreamBuilder(machineType: "pc").bytes, "Machine type received is 'pc' and local is 'none'"),
        Case(
            [0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3, 7, 0xff, 0xff, 0xff, 0xff],
            "The machine type's name of 4294967295 bytes is too long"),
        Case(base.device("foo", data: []).bytes, "Unknown savevm section or instance 'foo' 0", section: "foo"),
        Case(
            base.device("counter", instance: 1, data: []).bytes, "Unknown savevm section or instance 'counter' 1",
            section: "counter"),
        Case(base.device("counter", version: 3, data: []).bytes, "savevm: unsupported version 3 for 'counter' v2"),
        Case(base.device("counter", version: 1, data: []).bytes, "savevm: unsupported version 1 for 'counter' v2"),
        Case(
            base.adding { SectionHeader(id: 2, name: "ram", instance: 0, version: 5).write(.sectionStart, to: &$0) }
                .bytes, "savevm: unsupported version 5 for 'ram' v4", section: "ram"),
        Case(
            base.device("counter", data: [0, 0, 0, 0, 0, 0, 0, 1], footer: 9).bytes,
            "Mismatched section id in footer for counter - read 0x9 expected 0x7", section: "counter"),
        Case(
            base.device("counter", data: [UInt8](repeating: 0xff, count: 8)).bytes,
            "The state of 'counter' is invalid: value is 18446744073709551615", section: "counter"),
        Case(
            base.device("text", version: 1, data: [0xff, 0xff, 0xff, 0xff]).bytes,
            "The state of 'text' ends too soon", section: "text"),
        Case(
            base.device("counter", data: [0, 0, 0, 0, 0, 0, 0, 1, 0]).bytes, "Missing section footer for counter",
            section: "counter"),
        Case(
            base.device("counter", data: [0, 0, 0, 0, 0, 0, 0, 1]).device("counter", data: []).bytes,
            "Section 'counter' 0 appears twice", section: "counter"),
        Case(
            started.adding { writer in
                StreamEncoder.writeRAMOpening(.sectionPart, id: 2, to: &writer)
                writer.write(UInt64(0x10))
                SectionHeader.writeFooter(id: 9, to: &writer)
            }.bytes, "Mismatched section id in footer for ram - read 0x9 expected 0x2", section: "ram"),
        Case(
            blockList(0x8000, [("ram", 0x8000)]), "Size mismatch: ram: 0x8000 != 0x4000: Invalid argument",
            section: "ram"),
        Case(
            blockList(0x4000, [("pc.ram", 0x4000)]), "Unknown ramblock \"pc.ram\", cannot accept migration",
            section: "ram"),
        Case(
            blockList(0x8000, [("ram", 0x4000), ("ram", 0x4000)]), "The block list does not add up at block 'ram'",
            section: "ram"),
        Case(blockList(0x3000, [("ram", 0x4000)]), "The block list does not add up at block 'ram'", section: "ram"),
        Case(started.record(0x4008, name: "ram").bytes, "Illegal RAM offset 4000", section: "ram"),
        Case(
            started.record(0xffff_ffff_ffff_f008, name: "ram").bytes, "Illegal RAM offset fffffffffffff000",
            section: "ram"),
        Case(started.record(0x0008, name: "rom").bytes, "Can't find block rom", section: "ram"),
        Case(started.record(0x200).bytes, "Unknown combination of migration flags: 0x200", section: "ram"),
        Case(started.record(0x0a).bytes, "Unknown combination of migration flags: 0xa", section: "ram"),
        Case(started.record(0x30).bytes, "Unknown combination of migration flags: 0x30", section: "ram"),
        Case(started.record(0x80).bytes, "error while loading state section id 2(ram)", section: "ram"),
        Case(started.record(0x28).bytes, "Ack, bad migration stream!", section: "ram"),
        Case(started.record(0x100).bytes, "Received an unexpected compressed page", section: "ram"),
        Case(
            started.record(0x40, name: "ram", payload: [1, 0x10, 0x01]).bytes,
            "An XBZRLE page of 4097 bytes in encoding 1", section: "ram"),
        Case(command(11, []), "MIG_CMD 0xb unknown (len 0x0)"),
        Case(command(0, []), "MIG_CMD 0x0 unknown (len 0x0)"),
        Case(command(2, [0, 0, 7]), "PING received with bad length - expecting 4, got 3"),
        Case(command(2, [0, 0, 0, 7]), "CMD_PING (0x7) received with no return path"),
        Case(command(7, [0, 0, 0, 7]), "Command PACKAGED is not supported"),
        Case(command(6, [UInt8](repeating: 0, count: 40)), "Command POSTCOPY_RAM_DISCARD is not supported"),
        Case(base.adding { $0.write(UInt8(0x55)) }.bytes, "Unknown savevm section type 85"),
        Case(base.adding { $0.write([UInt8]([2, 0, 0, 0, 9])) }.bytes, "Unknown savevm section 9"),
        Case(
            base.adding { $0.write([UInt8]([0, 6, 0xff, 0xff, 0xff, 0xff])) }.bytes,
            "The description of 4294967295 bytes exceeds the limit"),
    ]

    @Test(arguments: cases)
    func whatIsWrongIsNamed(bad: Case) {
        #expect {
            _ = try decode(bad.bytes, step: 5)
        } throws: { error in
            guard let error = error as? StreamError else { return false }
            let rightSection = bad.section.map { error.section == $0 } ?? true
            return error.problem.hasPrefix(bad.text) && rightSection && error.offset <= UInt64(bad.bytes.count)
        }
    }

    @Test func theOffsetIsThatOfTheOffendingValue() {
        let prefix = StreamBuilder().ramStart().bytes.count
        #expect {
            _ = try decode(StreamBuilder().ramStart().adding { $0.write(UInt8(0x44)) }.bytes)
        } throws: {
            "\($0)" == "Unknown savevm section type 68 (byte \(prefix) of the stream)"
        }
    }

    @Test func onlyRAMMayComeInTheLivePartOfACheckpoint() {
        var decoder = StreamDecoder(expectations: StreamBuilder.expectations)
        decoder.beginCheckpoint()
        let device = StreamBuilder(header: false).device("counter", data: [0, 0, 0, 0, 0, 0, 0, 1])
        let command = StreamBuilder(header: false).adding { MigrationCommand.enableCOLO.write(to: &$0) }
        let start = StreamBuilder(header: false).ramStart()
        for stream in [device, command, start] {
            #expect(throws: StreamError.self) { _ = try decode(stream.bytes, decoder: decoder) }
        }
    }
}
