import ByteCoding
public import MigrationFormat

/// Reads the fields of a state from a section, and refuses what cannot be.
public struct StateDecoder: StateVisitor {
    /// Whether the values are replaced by others.
    public static var isLoading: Bool { true }
    /// The version of the state that is read.
    public let version: UInt32
    /// What is left to read.
    private(set) var reader: ByteReader

    /// A decoder that begins where `reader` is.
    init(version: UInt32, reader: ByteReader) {
        self.version = version
        self.reader = reader
    }

    /// Reads a number.
    public mutating func scalar(_ name: String, _ type: ScalarType, _ bits: inout UInt64) throws(DeviceStateError) {
        bits = try decoding { (reader) throws(ByteCodingError) in
            switch type.size {
            case 1: UInt64(try reader.read(UInt8.self))
            case 2: UInt64(try reader.read(UInt16.self))
            case 4: UInt64(try reader.read(UInt32.self))
            default: try reader.read(UInt64.self)
            }
        }
    }

    /// Reads bytes.
    public mutating func bytes(_ name: String, _ bytes: inout [UInt8], count: Int) throws(DeviceStateError) {
        bytes = try decoding { (reader) throws(ByteCodingError) in try reader.readBytes(count) }
    }

    /// Skips bytes, whatever they are.
    public mutating func unused(_ count: Int) throws(DeviceStateError) {
        try decoding { (reader) throws(ByteCodingError) in try reader.skip(count) }
    }

    /// Reads whole words; those behind the last bit are cleared.
    public mutating func bitmap(_ name: String, _ words: inout [UInt64], bits: Int) throws(DeviceStateError) {
        let count = (bits + 63) / 64
        words = try decoding { (reader) throws(ByteCodingError) in
            try reader.require(8 * count)
            var words: [UInt64] = []
            for _ in 0..<count { words.append(try reader.read()) }
            return words
        }
        if bits % 64 != 0 { words[count - 1] &= 1 << UInt64(bits % 64) - 1 }
    }

    /// Nothing stands in front of fields that consist of others.
    public mutating func open(_ name: String, _ scope: StateScope) {}
    /// Nothing stands behind them.
    public mutating func close() {}

    /// Reads the mark in front of an element or at the end.
    public mutating func hasNext(_ isThere: Bool) throws(DeviceStateError) -> Bool {
        try decoding { (reader) throws(ByteCodingError) in try reader.readBool() }
    }

    /// Reads the header, if it is next.
    public mutating func hasSubsection(
        _ name: String, version: UInt32, _ isThere: Bool
    ) throws(DeviceStateError) -> Bool {
        guard reader.peek() == RecordType.subsection.rawValue else { return false }
        let (found, foundVersion, behind) = try decoding { (reader) throws(ByteCodingError) in
            var probe = reader
            try probe.skip(1)
            return (try probe.readString8(), try probe.read(UInt32.self), probe)
        }
        guard found == name else { return false }
        guard foundVersion <= version else { throw .invalid(field: "\(name) version", value: "\(foundVersion)") }
        reader = behind
        return true
    }

    /// Throws `.invalid` unless `holds`.
    public mutating func check(
        _ holds: @autoclosure () -> Bool, _ field: String, _ value: @autoclosure () -> String
    ) throws(DeviceStateError) {
        guard holds() else { throw .invalid(field: field, value: value()) }
    }

    /// Throws `.malformed(.tooLong)` for a length above `limit`.
    public mutating func bound(_ length: UInt32, to limit: Int, _ what: String) throws(DeviceStateError) {
        guard length <= limit else {
            throw .malformed(.tooLong(what: what, length: UInt64(length), limit: UInt64(limit)))
        }
    }

    /// Throws `.malformed(.truncated)` unless `count` bytes are left.
    public mutating func room(for count: Int) throws(DeviceStateError) {
        try decoding { (reader) throws(ByteCodingError) in try reader.require(count) }
    }

    private mutating func decoding<Result>(
        _ body: (inout ByteReader) throws(ByteCodingError) -> Result
    ) throws(DeviceStateError) -> Result {
        do { return try body(&reader) } catch { throw .malformed(error) }
    }
}
