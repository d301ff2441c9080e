import ByteCoding
import Environment
import MigrationFormat
import Testing

@testable import StreamAnalysis

struct StreamAnalyzerTests {
    @Test func everythingOfAStreamIsTold() throws {
        let bytes = StreamMaker.everything()
        let analysis = Analysis(bytes)
        #expect(analysis.damage == nil && analysis.totals.bytes == UInt64(bytes.count))
        guard case .header(let header)? = analysis.items.first?.content else {
            Issue.record("no header")
            return
        }
        #expect(header.machineType == "test" && header.capabilities == ["x-ignore-shared"])
        #expect(header.uuid == [UInt8](1...16))
        #expect(analysis.totals.commands == 3 && analysis.totals.sections == 9 && analysis.totals.devices == 2)
        for kind in PageKind.allCases { #expect(analysis.totals.pages(kind) == 1, "\(kind)") }
        // Nothing is left out and nothing overlaps.
        var place: UInt64 = 0
        for item in analysis.items {
            #expect(item.offset == place)
            place += item.size
        }
        #expect(place == UInt64(bytes.count))
        guard case .ram(let list)? = analysis.sections.first(where: { $0.header.name == "ram" })?.data,
            case .bitmaps(let bitmaps)? = analysis.sections.last(where: { $0.header.name == "dirty-bitmap" })?.data,
            case .disks(let disks)? = analysis.sections.last(where: { $0.header.name == "block" })?.data
        else {
            Issue.record("a live section is missing")
            return
        }
        #expect(list.blocks.map(\.pageSize) == [0x20_0000, nil])
        #expect(list.blocks.map(\.guestAddress) == [0, 0x8000_0000])
        #expect(bitmaps.map(\.bitsSet) == [3] && bitmaps.allSatisfy { $0.isComplete && $0.bitmap == "b" })
        #expect(disks.progress == 50 && disks.disks == [.init(name: "drv0", dataChunks: 0, zeroChunks: 1)])
    }

    @Test func aDeviceNobodyKnowsIsTakenApartByItsDescription() throws {
        let device = try #require(Analysis(StreamMaker.everything()).devices("box").first)
        #expect(device.sizedBy == .description && device.note == nil)
        let state = try #require(device.state)
        #expect(state.fields.map(\.name) == ["count", "level", "entries"])
        #expect(state.fields.map(\.offset) == [0, 4, 5])
        #expect(state.fields[0].value == .unsigned(7) && state.fields[1].value == .signed(-1))
        guard case .elements(let entries) = state.fields[2].value else {
            Issue.record("no elements")
            return
        }
        #expect(entries.count == 3)
        #expect(state.subsections.map(\.name) == ["box/extra"])
        #expect(state.subsections.first?.fields.first?.value == .unsigned(5))
    }

    @Test func withoutADescriptionTheFooterTellsTheSize() throws {
        var maker = StreamMaker()
        // The state holds what looks like its footer, but nothing that may follow one.
        maker.device("box", [1, 0x7e, 0, 0, 0, 9, 0x55, 2])
        maker.device("globalstate", id: 4, be32(8) + Array("running".utf8) + [UInt8](repeating: 0, count: 93))
        maker.end()
        let analysis = Analysis(maker.bytes)
        #expect(analysis.damage == nil)
        #expect(analysis.sections.map(\.dataSize) == [8, 104])
        #expect(analysis.devices("box").map(\.sizedBy) == [.footer])
        #expect(analysis.devices("globalstate").map(\.sizedBy) == [.known])
    }

    @Test func aStateThatHoldsItsOwnFooterAndAnEndIsReadToItsOwn() {
        var maker = StreamMaker()
        maker.device("box", [1, 0x7e, 0, 0, 0, 9, 0, 0x55, 0x7e, 0, 0, 0, 9, 2, 0, 0, 0, 7])
        maker.device("other", id: 10, [1])
        maker.end()
        let analysis = Analysis(maker.bytes)
        #expect(analysis.damage == nil && analysis.sections.map(\.dataSize) == [18, 1])
    }

    @Test func aDescriptionThatLiesIsNoted() {
        var maker = StreamMaker()
        maker.device("box", [1, 2, 3])
        maker.end(description: #"{"devices": [{"name": "box", "fields": [{"name": "a", "type": "x", "size": 2}]}]}"#)
        let analysis = Analysis(maker.bytes)
        #expect(analysis.damage == nil)
        #expect(analysis.devices("box").map(\.note) == ["its description tells of 2 bytes"])
        #expect(analysis.devices("box").map(\.sizedBy) == [.footer])
    }

    @Test func elementsOfAListAreTold() throws {
        var maker = StreamMaker()
        maker.device("list", [1, 0, 7, 1, 0, 8, 0])
        let state = #""vmsd_name": "e", "version": 1, "fields": [{"name": "v", "type": "uint16", "size": 2}]"#
        maker.end(
            description: #"{"devices": [{"name": "list", "instance_id": 0, "vmsd_name": "list", "version": 1, "#
                + #""fields": [{"name": "q", "type": "qtailq", \#(state), \#(state), "size": 7}]}]}"#)
        let value = try #require(Analysis(maker.bytes).devices("list").first?.state?.fields.first?.value)
        guard case .elements(let elements) = value else {
            Issue.record("no list")
            return
        }
        let numbers = elements.map { element -> DeviceStateValue.Value? in
            if case .structure(let state) = element { state.fields.first?.value } else { nil }
        }
        #expect(numbers == [.unsigned(7), .unsigned(8)])
    }

    @Test func aPostcopyAndItsPackageAreTold() {
        var package = ByteWriter()
        StreamCommand.postcopyListen.write(to: &package)
        StreamRecord.sectionFull(SectionHeader(id: 9, name: "box", instance: 0, version: 1)).write(to: &package)
        package.write([UInt8]([1, 2, 3]))
        StreamRecord.footer(9).write(to: &package)
        StreamCommand.ping(3).write(to: &package)
        StreamCommand.postcopyRun.write(to: &package)
        var maker = StreamMaker()
        maker.ramStart([RAMBlockEntry(name: "ram", length: 0x4000)])
        maker.add(StreamCommand.postcopyDiscard(block: "ram", ranges: [.init(start: 0, length: 0x1000)]))
        maker.add(StreamCommand.packaged(UInt32(package.count)))
        maker.writer.write(package.bytes)
        maker.add(StreamCommand.ping(4))
        maker.ram([(RAMRecord(.page, block: "ram"), StreamMaker.page)])
        maker.ram([], type: .sectionEnd)
        maker.end()
        let analysis = Analysis(maker.bytes)
        #expect(analysis.damage == nil && analysis.totals.commands == 6)
        #expect(analysis.sections.first { $0.header.name == "box" }?.dataSize == 3)
        #expect(analysis.items.contains { $0.content == .endOfPackage })
    }

    @Test func theCheckpointsOfAPrimaryAreTold() {
        var maker = StreamMaker()
        maker.add(StreamCommand.enableCOLO)
        maker.ramStart([RAMBlockEntry(name: "ram", length: 0x4000)])
        maker.ram([(RAMRecord(.filled(0), block: "ram"), [])], type: .sectionEnd)
        maker.end(description: #"{"page_size": 4096, "devices": []}"#)
        for _ in 0..<2 {
            COLOMessage.checkpointRequest.write(to: &maker.writer)
            COLOMessage.vmstateSend.write(to: &maker.writer)
            maker.ram([(RAMRecord(.page, offset: 0x1000), StreamMaker.page)], type: .sectionEnd)
            maker.end()
            var blob = StreamMaker(machineType: nil)
            blob.writer = ByteWriter()
            blob.device("box", [1, 2])
            blob.end()
            COLOMessage.vmstateSize(UInt64(blob.bytes.count)).write(to: &maker.writer)
            maker.writer.write(blob.bytes)
        }
        let analysis = Analysis(maker.bytes)
        #expect(analysis.damage == nil && analysis.totals.bytes == UInt64(maker.bytes.count))
        #expect(analysis.totals.pages(.raw) == 2 && analysis.devices("box").count == 2)
        #expect(analysis.items.count { if case .message = $0.content { true } else { false } } == 6)
    }

    @Test func deviceStateAloneAndWhatFollowsAStreamAreTold() {
        var maker = StreamMaker(machineType: nil)
        maker.device("box", [1])
        maker.end()
        #expect(Analysis(maker.bytes).damage == nil)
        let longer = Analysis(maker.bytes + [UInt8](repeating: 0, count: 100))
        #expect(longer.damage == nil && longer.items.last?.content == .trailer && longer.items.last?.size == 100)
    }

    @Test func partsOfASectionAddUp() {
        var ram: Section.Data = .ram(RAMContent())
        for kind in [PageKind.raw, .zero, .raw] {
            ram.add(.ram(RAMContent(pages: [PageCount(block: "a", kind: kind, pages: 2, bytes: 10)])))
        }
        let pages = [
            PageCount(block: "a", kind: .raw, pages: 4, bytes: 20),
            PageCount(block: "a", kind: .zero, pages: 2, bytes: 10),
        ]
        #expect(ram == .ram(RAMContent(pages: pages)))
        var bitmaps: Section.Data = .bitmaps([])
        for complete in [false, true] {
            var part = BitmapContent(node: "n", bitmap: "b")
            (part.chunks, part.bytes, part.bitsSet, part.isComplete) = (1, 4, 3, complete)
            bitmaps.add(.bitmaps([part]))
        }
        guard case .bitmaps(let whole) = bitmaps else { return }
        #expect(whole.map(\.chunks) == [2] && whole.map(\.bitsSet) == [6] && whole.map(\.isComplete) == [true])
    }

    @Test func otherPageSizesAreTold() {
        var maker = StreamMaker()
        maker.add(ConfigurationSubsection.targetPageBits(14))
        maker.ramStart([RAMBlockEntry(name: "ram", length: 0x10000)])
        maker.ram([(RAMRecord(.page, offset: 0x4000, block: "ram"), [UInt8](repeating: 1, count: 16384))])
        maker.end()
        let analysis = Analysis(maker.bytes)
        #expect(analysis.damage == nil && analysis.totals.pages(.raw) == 1)
    }
}

func be32(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
