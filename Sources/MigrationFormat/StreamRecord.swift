public import ByteCoding

/// What may stand where a record of the main stream begins (wire format §2.3), without the data behind a section's
/// header, the text behind a description's length, and the package behind PACKAGED.
public enum StreamRecord: WireRecord {
    /// Ends the sections.
    case endOfFile
    /// A live section begins.
    case sectionStart(SectionHeader)
    /// A further part of the live section of that id.
    case sectionPart(UInt32)
    /// The last part of it.
    case sectionEnd(UInt32)
    /// A section in one piece.
    case sectionFull(SectionHeader)
    /// A JSON text of that many bytes follows.
    case description(length: UInt32)
    /// A command.
    case command(StreamCommand)
    /// The section of that id ends.
    case footer(UInt32)

    /// The byte it begins with.
    public var type: RecordType {
        switch self {
        case .endOfFile: .endOfFile
        case .sectionStart: .sectionStart
        case .sectionPart: .sectionPart
        case .sectionEnd: .sectionEnd
        case .sectionFull: .sectionFull
        case .description: .description
        case .command: .command
        case .footer: .footer
        }
    }

    /// Appends the record's bytes.
    public func write(to writer: inout ByteWriter) {
        switch self {
        case .endOfFile: writer.write(type.rawValue)
        case .sectionStart(let header), .sectionFull(let header): header.write(type, to: &writer)
        case .sectionPart(let number), .sectionEnd(let number), .footer(let number), .description(let number):
            writer.write(type.rawValue)
            writer.write(number)
        case .command(let command): command.write(to: &writer)
        }
    }

    /// Reads the record that begins at `start`, and takes nothing.
    public static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<StreamRecord> {
        guard window.available > start else { return .needBytes(start + 1) }
        guard let type = RecordType(rawValue: window.byte(start)) else { throw unknown(window, at: start) }
        switch type {
        case .endOfFile: return .complete(.endOfFile, end: start + 1)
        case .sectionStart:
            return try SectionHeader.read(window, at: start + 1).map { (header) throws(StreamError) in
                .sectionStart(header)
            }
        case .sectionFull:
            return try SectionHeader.read(window, at: start + 1).map { (header) throws(StreamError) in
                .sectionFull(header)
            }
        case .command:
            return try StreamCommand.read(window, at: start).map { (command) throws(StreamError) in .command(command) }
        case .sectionPart, .sectionEnd, .footer, .description:
            let end = start + 5
            guard window.available >= end else { return .needBytes(end) }
            let number: UInt32 = window.integer(start + 1)
            switch type {
            case .sectionPart: return .complete(.sectionPart(number), end: end)
            case .sectionEnd: return .complete(.sectionEnd(number), end: end)
            case .footer: return .complete(.footer(number), end: end)
            default:
                guard number <= MigrationFormat.descriptionLimit else {
                    throw window.error("The description of \(number) bytes exceeds the limit", at: start)
                }
                return .complete(.description(length: number), end: end)
            }
        case .subsection, .configuration: throw unknown(window, at: start)
        }
    }

    private static func unknown(_ window: ByteWindow, at start: Int) -> StreamError {
        window.error("Unknown savevm section type \(window.byte(start))", at: start)
    }
}

extension SectionHeader {
    /// Reads what follows the type of START and FULL: `be32 id, str8 name, be32 instance, be32 version`.
    static func read(_ window: ByteWindow, at start: Int) -> Reading<SectionHeader> {
        guard window.available >= start + 5 else { return .needBytes(start + 5) }
        switch window.string8(start + 4) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let name, let end):
            guard window.available >= end + 8 else { return .needBytes(end + 8) }
            let header = SectionHeader(
                id: window.integer(start), name: name, instance: window.integer(end), version: window.integer(end + 4))
            return .complete(header, end: end + 8)
        }
    }
}
