import ByteCoding
public import MigrationFormat

/// Appends the fields of a state to a section. Makes no object and no text.
public struct StateEncoder: StateVisitor {
    /// Whether the values are replaced by others.
    public static var isLoading: Bool { false }
    /// The version that is written.
    public let version: UInt32
    private var writer = ByteWriter()

    /// Has `body` visit a state of `version` and appends what it visits to `writer`.
    static func append(version: UInt32, to writer: inout ByteWriter, _ body: (inout StateEncoder) -> Void) {
        var encoder = StateEncoder(version: version)
        // One owner at any time, so that appending never copies what is there already.
        swap(&encoder.writer, &writer)
        body(&encoder)
        swap(&encoder.writer, &writer)
    }

    private init(version: UInt32) { self.version = version }

    /// Appends a number.
    public mutating func scalar(_ name: String, _ type: ScalarType, _ bits: inout UInt64) {
        switch type.size {
        case 1: writer.write(UInt8(truncatingIfNeeded: bits))
        case 2: writer.write(UInt16(truncatingIfNeeded: bits))
        case 4: writer.write(UInt32(truncatingIfNeeded: bits))
        default: writer.write(bits)
        }
    }

    /// Appends bytes.
    public mutating func bytes(_ name: String, _ bytes: inout [UInt8], count: Int) {
        precondition(bytes.count == count, "\(name) has the wrong length")
        writer.write(bytes)
    }

    /// Appends zeroes.
    public mutating func unused(_ count: Int) { writer.writeZeroes(count) }

    /// Appends whole words.
    public mutating func bitmap(_ name: String, _ words: inout [UInt64], bits: Int) {
        precondition(words.count == (bits + 63) / 64, "\(name) has the wrong length")
        for word in words { writer.write(word) }
    }

    /// Nothing stands in front of fields that consist of others.
    public mutating func open(_ name: String, _ scope: StateScope) {}
    /// Nothing stands behind them.
    public mutating func close() {}

    /// Appends the mark in front of an element or at the end.
    public mutating func hasNext(_ isThere: Bool) -> Bool {
        writer.write(isThere)
        return isThere
    }

    /// Appends the header.
    public mutating func hasSubsection(_ name: String, version: UInt32, _ isThere: Bool) -> Bool {
        guard isThere else { return false }
        writer.write(RecordType.subsection.rawValue)
        writer.writeString8(name)
        writer.write(version)
        return true
    }

    /// A device's own state is as it must be.
    public mutating func check(_ holds: @autoclosure () -> Bool, _ field: String, _ value: @autoclosure () -> String) {}
    /// A device's own lengths are as they must be.
    public mutating func bound(_ length: UInt32, to limit: Int, _ what: String) {}
    /// There is always room.
    public mutating func room(for count: Int) {}
}
