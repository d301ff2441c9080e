public import ByteCoding

/// The first byte of each record of a stream.
public enum RecordType: UInt8, Sendable {
    /// Ends a load loop.
    case endOfFile = 0x00
    /// First part of a live section.
    case sectionStart = 0x01
    /// A further part of a live section.
    case sectionPart = 0x02
    /// The last part of a live section.
    case sectionEnd = 0x03
    /// A section in one piece.
    case sectionFull = 0x04
    /// Optional fields inside a section or the configuration.
    case subsection = 0x05
    /// A JSON text that describes the device sections.
    case description = 0x06
    /// The machine type and what must agree.
    case configuration = 0x07
    /// A command to the destination.
    case command = 0x08
    /// Ends each section.
    case footer = 0x7e
}

/// What names a section: the id chosen by the sender, and what the receiver finds its handler by.
public struct SectionHeader: Hashable, Sendable {
    /// The sender's number for the section.
    public var id: UInt32
    /// The handler's name, at most 255 bytes.
    public var name: String
    /// Tells handlers of the same name apart.
    public var instance: UInt32
    /// The version of the data that follows.
    public var version: UInt32

    /// The header of section `id`.
    public init(id: UInt32, name: String, instance: UInt32, version: UInt32) {
        self.id = id
        self.name = name
        self.instance = instance
        self.version = version
    }

    /// Writes the header of a START or FULL record, its type included.
    public func write(_ type: RecordType, to writer: inout ByteWriter) {
        writer.write(type.rawValue)
        writer.write(id)
        writer.writeString8(name)
        writer.write(instance)
        writer.write(version)
    }

    /// Writes the footer that ends the section.
    public func writeFooter(to writer: inout ByteWriter) { Self.writeFooter(id: id, to: &writer) }

    /// Writes the footer of section `id`.
    public static func writeFooter(id: UInt32, to writer: inout ByteWriter) {
        writer.write(RecordType.footer.rawValue)
        writer.write(id)
    }
}
