import ByteCoding

@testable import MigrationFormat

/// Devices for decoders: `counter` has eight bytes, `text` a length and that many bytes, `optional` one byte and
/// perhaps a subsection.
struct FixtureHandlers: DeviceSectionHandlers {
    func handler(name: String, instance: UInt32) -> (any DeviceSectionHandler)? {
        guard instance == 0 else { return nil }
        switch name {
        case "counter": return CounterHandler()
        case "text": return TextHandler()
        case "optional": return OptionalHandler()
        default: return nil
        }
    }
}

private func reading<Value>(
    _ body: () throws(ByteCodingError) -> Value
) throws(DeviceSectionFailure) -> Value {
    do {
        return try body()
    } catch {
        if case .truncated(let offset, let needed, _) = error { throw .needsBytes(offset + needed) }
        throw .invalid("\(error)")
    }
}

private struct CounterHandler: DeviceSectionHandler {
    let version: UInt32 = 2
    let oldestVersion: UInt32 = 2

    func decode(
        version: UInt32, from reader: inout ByteReader
    ) throws(DeviceSectionFailure) -> @Sendable () -> Void {
        let value = try reading { () throws(ByteCodingError) in try reader.read(UInt64.self) }
        guard value != .max else { throw .invalid("value is \(value)") }
        return {}
    }
}

private struct TextHandler: DeviceSectionHandler {
    let version: UInt32 = 1
    let oldestVersion: UInt32 = 1

    func decode(
        version: UInt32, from reader: inout ByteReader
    ) throws(DeviceSectionFailure) -> @Sendable () -> Void {
        try reading { () throws(ByteCodingError) in
            let length = try reader.read(UInt32.self)
            _ = try reader.readBytes(Int(length))
        }
        return {}
    }
}

private struct OptionalHandler: DeviceSectionHandler {
    let version: UInt32 = 1
    let oldestVersion: UInt32 = 1

    func decode(
        version: UInt32, from reader: inout ByteReader
    ) throws(DeviceSectionFailure) -> @Sendable () -> Void {
        try reading { () throws(ByteCodingError) in
            _ = try reader.read(UInt8.self)
            if try reader.beginSubsection(of: "optional") != nil { _ = try reader.read(UInt32.self) }
        }
        return {}
    }
}

/// A stream of the machine `none` with one block of four pages, put together record by record.
struct StreamBuilder {
    static let layout = [BlockLayout(name: "ram", size: 0x4000)]
    static let ramID: UInt32 = 2
    var writer = ByteWriter()

    init(header: Bool = true, machineType: String = "none") {
        if header { StreamEncoder.writeFileHeader(machineType: machineType, to: &writer) }
    }

    var bytes: [UInt8] { writer.bytes }

    /// Runs `body` on a copy: streams are built from left to right.
    func adding(_ body: (inout ByteWriter) -> Void) -> StreamBuilder {
        var copy = self
        body(&copy.writer)
        return copy
    }

    func ramStart() -> StreamBuilder {
        adding { StreamEncoder.writeRAMStart(id: Self.ramID, layout: Self.layout, to: &$0) }
    }

    func ramSection(_ type: RecordType, _ body: (inout ByteWriter) -> Void) -> StreamBuilder {
        adding { writer in
            StreamEncoder.writeRAMOpening(type, id: Self.ramID, to: &writer)
            body(&writer)
            StreamEncoder.writeRAMClosing(id: Self.ramID, to: &writer)
        }
    }

    /// A RAM section with one raw record.
    func record(_ word: UInt64, name: String? = nil, payload: [UInt8] = []) -> StreamBuilder {
        ramSection(.sectionPart) { writer in
            writer.write(word)
            if let name { writer.writeString8(name) }
            writer.write(payload)
        }
    }

    func device(_ name: String, version: UInt32 = 2, instance: UInt32 = 0, data: [UInt8], footer: UInt32 = 7)
        -> StreamBuilder
    {
        adding { writer in
            SectionHeader(id: 7, name: name, instance: instance, version: version).write(.sectionFull, to: &writer)
            writer.write(data)
            SectionHeader.writeFooter(id: footer, to: &writer)
        }
    }

    func end(description: Bool = true) -> StreamBuilder {
        adding { writer in
            StreamEncoder.writeEndOfSections(to: &writer)
            if description { VMDescription.write(devices: [], to: &writer) }
        }
    }

    static var expectations: StreamExpectations {
        StreamExpectations(machineType: "none", layout: layout, handlers: FixtureHandlers())
    }
}

/// Bytes that come to a decoder's window a few at a time.
struct StreamFeed {
    var window = ByteWindow(capacity: 16)
    private let bytes: [UInt8]
    private let step: Int
    private var fed = 0

    /// At most `step` of them at a time.
    init(_ bytes: [UInt8], step: Int) {
        self.bytes = bytes
        self.step = step
    }

    /// Whether there are more to come.
    var isExhausted: Bool { fed == bytes.count }

    /// Adds the next ones, as many as are missing to `count` at most.
    mutating func advance(to count: Int) {
        let end = min(bytes.count, fed + max(1, min(step, count - window.available)))
        window.append(bytes[fed..<end])
        fed = end
    }

    /// Feeds the window until it holds `count` bytes; false if there are not as many.
    mutating func holds(_ count: Int) -> Bool {
        while window.available < count, !isExhausted { advance(to: count) }
        return window.available >= count
    }
}

/// What a decoder made of a stream: its elements as short texts, or the error.
func decode(_ bytes: [UInt8], step: Int = .max, decoder start: StreamDecoder? = nil) throws(StreamError) -> [String] {
    var decoder = start ?? StreamDecoder(expectations: StreamBuilder.expectations)
    var feed = StreamFeed(bytes, step: step)
    var elements: [String] = []
    while true {
        switch try decoder.next(&feed.window) {
        case .needBytes(let count):
            guard !feed.isExhausted else { return elements + ["needs more"] }
            feed.advance(to: count)
        case .configured: elements.append("configured")
        case .command(let command): elements.append("\(command)")
        case .postcopy(.package(let length)):
            elements.append("package \(length)")
            guard feed.holds(length) else { return elements + ["needs more"] }
            var package = ByteWindow(feed.window.copy(length))
            feed.window.skip(length)
            elements += try decodePackage(&package, &decoder)
        case .postcopy(let command): elements.append("\(command)")
        case .page(let location):
            guard feed.holds(MigrationFormat.pageSize) else { return elements + ["needs more"] }
            elements.append("page \(location.page) \(feed.window.byte(0))")
            feed.window.skip(MigrationFormat.pageSize)
        case .deltaPage(let location, let length):
            guard feed.holds(length) else { return elements + ["needs more"] }
            elements.append("delta \(location.page) \(length)")
            feed.window.skip(length)
        case .compressedPage(let location, let length):
            guard feed.holds(length) else { return elements + ["needs more"] }
            elements.append("compressed \(location.page) \(length)")
            feed.window.skip(length)
        case .filledPage(let location, let byte): elements.append("filled \(location.page) \(byte)")
        case .liveSectionEnd(let type): elements.append("\(type)")
        case .dirtyBitmap(let record): elements.append("bitmap \(record)")
        case .device(let section): elements.append("device \(section.header.name)")
        case .endOfSections: elements.append("end")
        case .endOfStream(let found):
            elements.append(found.map { "found \($0)" } ?? "done")
            return elements
        }
    }
}

/// The elements of a package.
private func decodePackage(_ window: inout ByteWindow, _ decoder: inout StreamDecoder) throws(StreamError) -> [String] {
    decoder.beginPackage()
    var elements: [String] = []
    while true {
        switch try decoder.next(&window) {
        case .postcopy(let command):
            elements.append("\(command)")
            guard command == .run else { continue }
            try decoder.endPackage(window)
            return elements
        case .command(let command): elements.append("\(command)")
        case .dirtyBitmap(let record): elements.append("bitmap \(record)")
        case .device(let section): elements.append("device \(section.header.name)")
        case let other: elements.append("\(other)")
        }
    }
}
