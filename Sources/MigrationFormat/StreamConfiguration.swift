public import ByteCoding

/// The first eight bytes of a stream: be32 "QEVM", be32 3 (wire format §2.1).
public struct FileHeader: WireRecord {
    /// The one there is.
    public init() {}

    /// Appends the record's bytes.
    public func write(to writer: inout ByteWriter) {
        writer.write(MigrationFormat.magic)
        writer.write(MigrationFormat.version)
    }

    /// Reads the record that begins at `start`, and takes nothing.
    public static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<FileHeader> {
        guard window.available >= start + 4 else { return .needBytes(start + 4) }
        guard window.integer(start) == MigrationFormat.magic else {
            throw window.error("Not a migration stream", at: start)
        }
        guard window.available >= start + 8 else { return .needBytes(start + 8) }
        switch window.integer(start + 4, as: UInt32.self) {
        case MigrationFormat.version: return .complete(FileHeader(), end: start + 8)
        case 2: throw window.error("SaveVM v2 format is obsolete and don't work anymore", at: start)
        default: throw window.error("Unsupported migration stream version", at: start)
        }
    }
}

/// How the configuration section begins: 07, be32 length, machine type (§2.2). Subsections may follow.
public struct ConfigurationOpening: WireRecord {
    /// The canonical name of the machine type, at most 255 bytes.
    public var machineType: String

    /// The section of a machine of type `machineType`.
    public init(machineType: String) { self.machineType = machineType }

    /// Appends the record's bytes.
    public func write(to writer: inout ByteWriter) {
        writer.write(RecordType.configuration.rawValue)
        writer.write(UInt32(machineType.utf8.count))
        writer.write(machineType.utf8)
    }

    /// Reads the record that begins at `start`, and takes nothing.
    public static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<ConfigurationOpening> {
        guard window.available > start else { return .needBytes(start + 1) }
        guard window.byte(start) == RecordType.configuration.rawValue else {
            throw window.error("Configuration section missing", at: start)
        }
        guard window.available >= start + 5 else { return .needBytes(start + 5) }
        let length: UInt32 = window.integer(start + 1)
        guard length <= MigrationFormat.machineTypeLimit else {
            throw window.error(
                "The machine type's name of \(length) bytes is too long", at: start, section: "configuration")
        }
        let end = start + 5 + Int(length)
        guard window.available >= end else { return .needBytes(end) }
        let name = window.text(start + 5, count: Int(length))
        return .complete(ConfigurationOpening(machineType: name), end: end)
    }
}

/// A subsection of the configuration: 05, str8 name, be32 1, data (§2.2).
public enum ConfigurationSubsection: WireRecord {
    /// The size of a page, as a power of two, where the CPU family has several.
    case targetPageBits(UInt32)
    /// The capabilities that are on and that the destination must have as well.
    case capabilities([String])
    /// The guest's UUID, 16 bytes.
    case uuid([UInt8])

    /// More capabilities than any QEMU has.
    public static let capabilityLimit: UInt32 = 64
    /// The most bits that a page's size can have: 64 KiB.
    static let pageBits: ClosedRange<UInt32> = 9...16

    /// The name on the wire.
    public var name: String {
        switch self {
        case .targetPageBits: "configuration/target-page-bits"
        case .capabilities: "configuration/capabilities"
        case .uuid: "configuration/uuid"
        }
    }

    /// Appends the record's bytes.
    public func write(to writer: inout ByteWriter) {
        writer.write(RecordType.subsection.rawValue)
        writer.writeString8(name)
        writer.write(UInt32(1))
        switch self {
        case .targetPageBits(let bits): writer.write(bits)
        case .capabilities(let names):
            writer.write(UInt32(names.count))
            for name in names { writer.writeString8(name) }
        case .uuid(let bytes): writer.write(bytes.prefix(16) + [UInt8](repeating: 0, count: max(0, 16 - bytes.count)))
        }
    }

    /// Reads the record that begins at `start`, and takes nothing.
    public static func read(
        _ window: ByteWindow, at start: Int
    ) throws(StreamError) -> Reading<ConfigurationSubsection> {
        guard window.available > start else { return .needBytes(start + 1) }
        guard window.byte(start) == RecordType.subsection.rawValue else {
            throw window.error("A subsection is missing", at: start, section: "configuration")
        }
        let name: String
        let nameEnd: Int
        switch window.string8(start + 1) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let text, let end): (name, nameEnd) = (text, end)
        }
        let body = nameEnd + 4
        guard window.available >= body else { return .needBytes(body) }
        let version: UInt32 = window.integer(nameEnd)
        guard version == 1 else {
            throw window.error(
                "savevm: unsupported version \(version) for '\(name)' v1", at: start, section: "configuration")
        }
        switch name {
        case "configuration/uuid":
            guard window.available >= body + 16 else { return .needBytes(body + 16) }
            return .complete(.uuid(window.bytes(body, count: 16)), end: body + 16)
        case "configuration/target-page-bits":
            guard window.available >= body + 4 else { return .needBytes(body + 4) }
            return .complete(.targetPageBits(window.integer(body)), end: body + 4)
        case "configuration/capabilities": return try readCapabilities(window, at: body)
        default: throw window.error("Unknown subsection '\(name)'", at: start, section: "configuration")
        }
    }

    private static func readCapabilities(
        _ window: ByteWindow, at start: Int
    ) throws(StreamError) -> Reading<ConfigurationSubsection> {
        guard window.available >= start + 4 else { return .needBytes(start + 4) }
        let count: UInt32 = window.integer(start)
        guard count <= capabilityLimit else {
            throw window.error("The source announces \(count) capabilities", at: start, section: "configuration")
        }
        var names: [String] = []
        var end = start + 4
        for _ in 0..<count {
            switch window.string8(end) {
            case .needBytes(let count): return .needBytes(count)
            case .complete(let name, let next):
                names.append(name)
                end = next
            }
        }
        return .complete(.capabilities(names), end: end)
    }
}
