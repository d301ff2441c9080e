import ByteCoding

/// The device part of a checkpoint: FULL sections with headers and footers, ended by `00`, and nothing behind it.
public enum DeviceBlob {
    /// Reads and validates a whole blob. `expected`: the sections that must be there, none left out, because RAM and
    /// devices of one checkpoint belong together.
    ///
    /// Throws the first thing that is wrong; then nothing has changed.
    public static func decode(
        _ bytes: [UInt8], handlers: any DeviceSectionHandlers, expected: Set<SectionKey> = []
    ) throws(StreamError) -> [DecodedSection] {
        var reader = ByteReader(bytes)
        var sections: [DecodedSection] = []
        var missing = expected
        var seen: Set<SectionKey> = []
        while true {
            let start = UInt64(reader.offset)
            let type = try reading("device blob", &reader) { (input) throws(ByteCodingError) in
                try input.read(UInt8.self)
            }
            if type == RecordType.endOfFile.rawValue { break }
            guard type == RecordType.sectionFull.rawValue else {
                throw StreamError("Unknown savevm section type \(type) in the device state", offset: start)
            }
            let section = try decodeSection(&reader, handlers: handlers)
            guard seen.insert(section.key).inserted else {
                throw StreamError(
                    "Section '\(section.key.name)' \(section.key.instance) appears twice", section: section.key.name,
                    offset: start)
            }
            missing.remove(section.key)
            sections.append(section)
        }
        guard reader.isAtEnd else {
            throw StreamError(
                "\(reader.remaining) bytes behind the end of the device state", offset: UInt64(reader.offset))
        }
        if let absent = missing.min(by: { ($0.name, $0.instance) < ($1.name, $1.instance) }) {
            throw StreamError(
                "The device state lacks section '\(absent.name)' \(absent.instance)", section: absent.name,
                offset: UInt64(reader.offset))
        }
        return sections
    }

    private static func decodeSection(
        _ reader: inout ByteReader, handlers: any DeviceSectionHandlers
    ) throws(StreamError) -> DecodedSection {
        let header = try reading("device blob", &reader) { (input) throws(ByteCodingError) in
            SectionHeader(
                id: try input.read(UInt32.self), name: try input.readString8(), instance: try input.read(UInt32.self),
                version: try input.read(UInt32.self))
        }
        let handler = try checkedHandler(of: header, in: handlers, offset: UInt64(reader.offset))
        let start = UInt64(reader.offset)
        let apply: @Sendable () -> Void
        do {
            apply = try handler.decode(version: header.version, from: &reader)
        } catch {
            throw error.asStreamError(section: header.name, start: start)
        }
        let footer = UInt64(reader.offset)
        let (mark, id) = try reading(header.name, &reader) { (input) throws(ByteCodingError) in
            (try input.read(UInt8.self), try input.read(UInt32.self))
        }
        guard mark == RecordType.footer.rawValue else {
            throw StreamError("Missing section footer for \(header.name)", section: header.name, offset: footer)
        }
        guard id == header.id else { throw footerMismatch(header, read: id, offset: footer) }
        return DecodedSection(header: header, apply: apply)
    }

    private static func reading<Value>(
        _ section: String, _ reader: inout ByteReader,
        _ body: (inout ByteReader) throws(ByteCodingError) -> Value
    ) throws(StreamError) -> Value {
        do {
            return try body(&reader)
        } catch {
            throw StreamError(
                "The device state is malformed: \(error)", section: section, offset: UInt64(reader.offset))
        }
    }
}

extension DeviceSectionFailure {
    func asStreamError(section: String, start: UInt64) -> StreamError {
        switch self {
        case .needsBytes(let count):
            StreamError(
                "The state of '\(section)' ends too soon: it needs \(count) bytes", section: section, offset: start)
        case .invalid(let text):
            StreamError("The state of '\(section)' is invalid: \(text)", section: section, offset: start)
        }
    }
}
