import ByteCoding
import Environment
import MigrationFormat

@testable import StreamAnalysis

/// A stream in memory. Notes how much was asked for at once.
final class MemorySource: StreamSource {
    let bytes: [UInt8]
    private(set) var largestRead = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var size: UInt64 { UInt64(bytes.count) }

    func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(StreamSourceFailure) -> Int {
        largestRead = max(largestRead, target.count)
        let start = min(bytes.count, Int(offset))
        let count = min(target.count, bytes.count - start)
        // SAFETY: `count` bytes fit the target, which the caller lends for this call.
        if count > 0 { target.copyBytes(from: bytes[start..<start + count]) }
        return count
    }
}

/// What an analyzer made of a stream.
struct Analysis {
    var items: [StreamItem] = []
    var damage: StreamDamage?
    var unfinished: StreamItem?
    var totals = StreamTotals()

    init(_ bytes: [UInt8]) {
        var analyzer = StreamAnalyzer(MemorySource(bytes))
        do throws(StreamAnalysisFailure) { while let item = try analyzer.next() { items.append(item) } } catch {
            if case .damaged(let found) = error { damage = found }
        }
        unfinished = analyzer.unfinished
        totals = analyzer.totals
    }

    /// The sections.
    var sections: [Section] {
        items.compactMap { if case .section(let section) = $0.content { section } else { nil } }
    }

    /// The device sections of that name.
    func devices(_ name: String) -> [DeviceContent] {
        sections.compactMap { section in
            guard section.header.name == name, case .device(let content) = section.data else { return nil }
            return content
        }
    }
}

/// Streams put together record by record.
struct StreamMaker {
    var writer = ByteWriter()

    init(machineType: String? = "test") {
        FileHeader().write(to: &writer)
        if let machineType { ConfigurationOpening(machineType: machineType).write(to: &writer) }
    }

    var bytes: [UInt8] { writer.bytes }

    mutating func add(_ record: some WireRecord) { record.write(to: &writer) }

    mutating func live(
        _ name: String, id: UInt32, version: UInt32, type: RecordType = .sectionStart,
        _ body: (inout ByteWriter) -> Void
    ) {
        switch type {
        case .sectionPart: add(StreamRecord.sectionPart(id))
        case .sectionEnd: add(StreamRecord.sectionEnd(id))
        default:
            add(StreamRecord.sectionStart(SectionHeader(id: id, name: name, instance: 0, version: version)))
        }
        body(&writer)
        add(StreamRecord.footer(id))
    }

    mutating func ramStart(_ blocks: [RAMBlockEntry]) {
        live("ram", id: 2, version: 4) { writer in
            RAMRecord(.memorySize, offset: blocks.reduce(0) { $0 + $1.length }).write(to: &writer)
            for block in blocks { block.write(to: &writer) }
            RAMRecord(.endOfSection).write(to: &writer)
        }
    }

    mutating func ram(_ records: [(RAMRecord, [UInt8])], type: RecordType = .sectionPart) {
        live("ram", id: 2, version: 4, type: type) { writer in
            for (record, payload) in records {
                record.write(to: &writer)
                writer.write(payload)
            }
            RAMRecord(.endOfSection).write(to: &writer)
        }
    }

    mutating func device(_ name: String, id: UInt32 = 9, instance: UInt32 = 0, version: UInt32 = 1, _ data: [UInt8]) {
        add(StreamRecord.sectionFull(SectionHeader(id: id, name: name, instance: instance, version: version)))
        writer.write(data)
        add(StreamRecord.footer(id))
    }

    mutating func end(description: String? = nil) {
        add(StreamRecord.endOfFile)
        guard let description else { return }
        add(StreamRecord.description(length: UInt32(description.utf8.count)))
        writer.write(description.utf8)
    }

    static let page = [UInt8](repeating: 0x5a, count: 4096)

    /// Everything that a stream may hold, but COLO.
    static func everything() -> [UInt8] {
        var maker = StreamMaker()
        maker.add(ConfigurationSubsection.capabilities(["x-ignore-shared"]))
        maker.add(ConfigurationSubsection.uuid([UInt8](1...16)))
        maker.add(StreamCommand.openReturnPath)
        maker.add(StreamCommand.ping(1))
        maker.add(StreamCommand.postcopyAdvise(.init(pageSizes: 0x201000, targetPageSize: 4096)))
        maker.live("block", id: 1, version: 1) { DiskRecord.endOfSection.write(to: &$0) }
        maker.ramStart([
            RAMBlockEntry(name: "big", length: 0x40_0000, pageSize: 0x20_0000, guestAddress: 0),
            RAMBlockEntry(name: "small", length: 0x4000, guestAddress: 0x8000_0000),
        ])
        maker.live("dirty-bitmap", id: 3, version: 1) { writer in
            DirtyBitmapRecord(
                .start(granularity: 65536, enabled: true, persistent: false), node: "disk", bitmap: "b"
            ).write(to: &writer)
            DirtyBitmapRecord.endOfSection.write(to: &writer)
        }
        maker.live("block", id: 1, version: 1, type: .sectionPart) { writer in
            DiskRecord.progress(50).write(to: &writer)
            DiskRecord.zeroes(sector: 2048, device: "drv0").write(to: &writer)
            DiskRecord.endOfSection.write(to: &writer)
        }
        maker.ram([
            (RAMRecord(.page, offset: 0, block: "big"), page), (RAMRecord(.filled(0), offset: 0x1000), []),
            (RAMRecord(.filled(9), offset: 0x1000, block: "small"), []),
            (RAMRecord(.xbzrle(length: 3), offset: 0x2000), [4, 1, 0x77]),
            (RAMRecord(.compressed(length: 5), offset: 0x3000), [1, 2, 3, 4, 5]),
        ])
        maker.ram([], type: .sectionEnd)
        maker.live("dirty-bitmap", id: 3, version: 1, type: .sectionEnd) { writer in
            DirtyBitmapRecord(.bits(start: 0, count: 128, bytes: [3, 0, 0, 1])).write(to: &writer)
            DirtyBitmapRecord(.complete, endsSection: true).write(to: &writer)
        }
        maker.device("timer", id: 0, version: 2, [UInt8](repeating: 0, count: 24))
        maker.device("box", instance: 1, version: 3, [0, 0, 0, 7, 0xff, 1, 2, 3] + boxSubsection + [0, 5])
        maker.end(description: description)
        return maker.bytes
    }

    private static let boxSubsection: [UInt8] = [5, 9] + Array("box/extra".utf8) + [0, 0, 0, 2]

    static let description = """
        {"page_size": 4096, "devices": [\
        {"name": "timer", "instance_id": 0, "vmsd_name": "timer", "version": 2, "fields": [\
        {"name": "ticks", "type": "int64", "size": 8}, {"name": "unused", "type": "unused_buffer", "size": 8}, \
        {"name": "clock", "type": "int64", "size": 8}]}, \
        {"name": "box", "instance_id": 1, "vmsd_name": "box", "version": 3, "fields": [\
        {"name": "count", "type": "uint32", "size": 4}, {"name": "level", "type": "int8", "size": 1}, \
        {"name": "entries", "array_len": 3, "type": "struct", "struct": {"vmsd_name": "entry", "version": 1, \
        "fields": [{"name": "value", "type": "uint8", "size": 1}]}, "size": 1}], \
        "subsections": [{"vmsd_name": "box/extra", "version": 2, "fields": [\
        {"name": "more", "type": "uint16", "size": 2}]}]}]}
        """
}
