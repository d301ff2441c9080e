import ByteCoding
import Environment
import MigrationFormat
import Testing

@testable import StreamAnalysis

struct DamagedStreamTests {
    private static let whole = StreamMaker.everything()

    /// Where a stream may end: before and after its description.
    @Test func everyTruncationIsToldWithItsPlace() {
        let bytes = Self.whole
        let description = bytes.count - StreamMaker.description.utf8.count - 5
        for count in 0..<bytes.count {
            let analysis = Analysis(Array(bytes.prefix(count)))
            guard count != description else {
                #expect(analysis.damage == nil)
                continue
            }
            guard let damage = analysis.damage else {
                Issue.record("\(count) of \(bytes.count) bytes are a whole stream")
                continue
            }
            #expect(damage.isTruncation && damage.offset <= UInt64(count), "\(count): \(damage)")
            #expect(damage.problem.contains("ends here") || damage.problem.contains("does not end"), "\(damage)")
            let told = analysis.items.reduce(0) { $0 + $1.size } + (analysis.unfinished?.size ?? 0)
            #expect(told <= UInt64(count))
        }
    }

    @Test func whatWasReadOfABrokenSectionIsTold() throws {
        var maker = StreamMaker()
        maker.ramStart([RAMBlockEntry(name: "ram", length: 0x4000)])
        let start = maker.bytes.count
        maker.ram([
            (RAMRecord(.filled(0), block: "ram"), []), (RAMRecord(.page, offset: 0x1000), StreamMaker.page),
            (RAMRecord(.page, offset: 0x9000), StreamMaker.page),
        ])
        let analysis = Analysis(maker.bytes)
        let offset = UInt64(start + 5 + 8 + 4 + 1 + 8 + 4096)
        #expect(
            analysis.damage
                == StreamDamage(
                    problem: "Illegal RAM offset 0x9000 in block 'ram'", section: "ram", offset: offset,
                    isTruncation: false))
        guard case .section(let section)? = analysis.unfinished?.content, case .ram(let content) = section.data else {
            Issue.record("nothing is told of the section")
            return
        }
        #expect(content.pages.map(\.pages) == [1, 1])
        #expect(analysis.totals.pages(.raw) == 1)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let section: String?
        let make: @Sendable (inout StreamMaker) -> Void
        var testDescription: String { text }
    }

    static let cases = [
        Case(text: "Unknown savevm section type 85", section: nil) { $0.writer.write(UInt8(0x55)) },
        Case(text: "A part of section 7, which has not started", section: nil) { $0.add(StreamRecord.sectionPart(7)) },
        Case(text: "A footer of section 7 where no section ends", section: nil) { $0.add(StreamRecord.footer(7)) },
        Case(text: "A description before the end of the sections", section: nil) {
            $0.add(StreamRecord.description(length: 0))
        },
        Case(text: "MIG_CMD 0xb unknown (len 0x0)", section: nil) { $0.writer.write([UInt8]([8, 0, 11, 0, 0])) },
        Case(text: "The list of blocks does not add up at block 'a'", section: "ram") {
            $0.live("ram", id: 2, version: 4) { writer in
                RAMRecord(.memorySize, offset: 0x1000).write(to: &writer)
                RAMBlockEntry(name: "a", length: 0x2000).write(to: &writer)
            }
        },
        Case(text: "A page of block 'b', which is not in the list of blocks", section: "ram") {
            $0.ramStart([RAMBlockEntry(name: "a", length: 0x1000)])
            $0.ram([(RAMRecord(.filled(0), block: "b"), [])])
        },
        Case(text: "A page of the block before, and there is none before", section: "ram") {
            $0.ramStart([RAMBlockEntry(name: "a", length: 0x1000)])
            $0.ram([(RAMRecord(.filled(0)), [])])
        },
        Case(text: "A record of RDMA", section: "ram") {
            $0.ramStart([RAMBlockEntry(name: "a", length: 0x1000)])
            $0.ram([(RAMRecord(.hook), [])])
        },
        Case(text: "A page is no XBZRLE: the XBZRLE page is malformed at its byte 0", section: "ram") {
            $0.ramStart([RAMBlockEntry(name: "a", length: 0x1000)])
            $0.ram([(RAMRecord(.xbzrle(length: 1), block: "a"), [7])])
        },
        Case(text: "The footer of ram does not have its id 2", section: "ram") {
            $0.ramStart([RAMBlockEntry(name: "a", length: 0x1000)])
            $0.add(StreamRecord.sectionPart(2))
            $0.add(RAMRecord(.endOfSection))
            $0.add(StreamRecord.footer(3))
        },
        Case(text: "A live section that is not known: where its parts end cannot be told", section: "mystery") {
            $0.add(StreamRecord.sectionStart(SectionHeader(id: 5, name: "mystery", instance: 0, version: 1)))
        },
        Case(text: "Unknown combination of dirty bitmap flags: 0x80", section: "dirty-bitmap") {
            $0.live("dirty-bitmap", id: 3, version: 1) { $0.write(UInt8(0x80)) }
        },
        Case(text: "Unknown flags 0x10 of a disk's block", section: "block") {
            $0.live("block", id: 1, version: 1) { $0.write(UInt64(0x10)) }
        },
    ]

    @Test(arguments: cases)
    func whatIsWrongIsNamedWithItsSection(bad: Case) {
        var maker = StreamMaker()
        bad.make(&maker)
        let damage = Analysis(maker.bytes).damage
        #expect(damage?.problem == bad.text)
        #expect(damage?.section == bad.section)
        #expect(damage?.isTruncation == false)
    }

    @Test func aFileThatIsNoStreamIsRefused() {
        #expect(Analysis(Array("#!/bin/sh\nexit".utf8)).damage?.problem == "Not a migration stream")
        #expect(Analysis([]).damage?.isTruncation == true)
        #expect(
            Analysis(MultifdOpening(channel: 1).bytes).damage?.problem
                == "This is a multifd channel; the main stream is another file")
    }

    @Test(arguments: 0..<8)
    func randomDamageEndsInItemsOrInDamage(lane: UInt64) {
        var random = SeededGenerator(seed: 0xa11 + lane)
        for _ in 0..<400 {
            var bytes = Self.whole
            for _ in 0...random.next() % 4 where !bytes.isEmpty {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes[place] ^= 1 << UInt8(random.next() % 8)
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int(random.next() % 9)))
                default: bytes.insert(contentsOf: [0, 6, 0x7e, 0xff], at: place)
                }
            }
            let analysis = Analysis(bytes)
            #expect(analysis.totals.bytes <= UInt64(bytes.count))
            if let damage = analysis.damage { #expect(damage.offset <= UInt64(bytes.count) && !damage.problem.isEmpty) }
        }
    }

    @Test func descriptionsThatAreHostileAreRefused() {
        for text in [
            "", "{", "[]", "{}", #"{"devices": 3}"#, #"{"devices": [{}]}"#,
            #"{"devices": [{"name": "a", "fields": [{}]}]}"#,
            String(repeating: "[", count: 100_000), #"{"devices": [], "x": "\u00"#,
            #"{"devices": [{"name": "a", "instance_id": 99999999999}]}"#,
        ] {
            #expect(throws: StreamError.self, "\(text.prefix(40))") { try StreamDescription(Array(text.utf8)) }
        }
        var random = SeededGenerator(seed: 0xdec)
        let text = Array(StreamMaker.description.utf8)
        for count in 0..<text.count { _ = try? StreamDescription(Array(text.prefix(count))) }
        for _ in 0..<2000 {
            var bytes = text
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            guard let description = try? StreamDescription(bytes) else { continue }
            for device in description.devices {
                _ = device.state.size
                _ = try? DeviceStateValue([UInt8](repeating: 5, count: 64), description: device)
            }
        }
    }

    @Test func hugeNumbersInADescriptionTakeNoMemory() throws {
        for field in [
            #""array_len": 18446744073709551615, "type": "uint32", "size": 4"#,
            #""array_len": 18446744073709551615, "type": "uint8", "size": 0"#,
            #""type": "buffer", "size": 18446744073709551615"#,
        ] {
            var maker = StreamMaker()
            maker.device("box", [1, 2, 3, 4])
            maker.end(description: #"{"devices": [{"name": "box", "fields": [{"name": "a", \#(field)}]}]}"#)
            let analysis = Analysis(maker.bytes)
            #expect(analysis.damage == nil && analysis.devices("box").map(\.sizedBy) == [.footer])
        }
    }
}

/// A stream that is much longer than the memory it may take: its one part of RAM is made while it is read.
private final class EndlessPages: StreamSource {
    static let pages: UInt64 = 1 << 16
    private let head: [UInt8]
    private let tail: [UInt8]
    private let record: [UInt8]
    private(set) var largestRead = 0

    init() {
        var maker = StreamMaker()
        maker.ramStart([RAMBlockEntry(name: "ram", length: 4096)])
        maker.ram([(RAMRecord(.filled(0), block: "ram"), [])])
        maker.add(StreamRecord.sectionPart(2))
        head = maker.bytes
        record = RAMRecord(.page).bytes + StreamMaker.page
        var end = StreamMaker(machineType: nil)
        end.writer.removeAll()
        end.add(RAMRecord(.endOfSection))
        end.add(StreamRecord.footer(2))
        end.end(description: StreamMaker.description)
        tail = end.bytes
    }

    private var middle: UInt64 { Self.pages * UInt64(record.count) }
    var size: UInt64 { UInt64(head.count + tail.count) + middle }

    func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(StreamSourceFailure) -> Int {
        largestRead = max(largestRead, target.count)
        let part: ArraySlice<UInt8>
        if offset < head.count {
            part = head[Int(offset)...]
        } else if offset - UInt64(head.count) < middle {
            part = record[Int((offset - UInt64(head.count)) % UInt64(record.count))...]
        } else {
            part = tail[min(tail.count, Int(offset - UInt64(head.count) - middle))...]
        }
        let count = min(part.count, target.count)
        // SAFETY: `count` bytes fit the target, which the caller lends for this call.
        target.copyBytes(from: part.prefix(count))
        return count
    }
}

struct LongStreamTests {
    @Test func aLongStreamIsReadThroughASmallWindow() throws {
        let source = EndlessPages()
        var analyzer = StreamAnalyzer(source)
        while try analyzer.next() != nil {}
        #expect(analyzer.totals.bytes == source.size && source.size > 256 << 20)
        #expect(analyzer.totals.pages(.raw) == EndlessPages.pages)
        #expect(source.largestRead <= 2 << 20)
    }
}
