/// Collects bytes; integers are written big-endian unless the name says otherwise.
public struct ByteWriter: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8] = []

    /// An empty writer with room for `capacity` bytes.
    public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// How many bytes were written.
    public var count: Int { bytes.count }

    /// Forgets what was written and keeps the room for it.
    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Appends an integer, big-endian.
    @inlinable
    public mutating func write<T: FixedWidthInteger>(_ value: T) {
        var shift = T.bitWidth - 8
        while shift >= 0 {
            appendByte(UInt8(truncatingIfNeeded: value >> T(truncatingIfNeeded: shift)))
            shift -= 8
        }
    }

    /// Appends an integer, little-endian.
    public mutating func writeLittleEndian<T: FixedWidthInteger>(_ value: T) { write(value.byteSwapped) }

    /// Appends 1 for true and 0 for false.
    public mutating func write(_ value: Bool) { appendByte(value ? 1 : 0) }

    /// Appends raw bytes.
    public mutating func write(_ raw: some Sequence<UInt8>) { bytes.append(contentsOf: raw) }

    /// Appends a one-byte length and the UTF-8 bytes of `text`, of which only the whole letters in the first 255 bytes are
    /// written.
    public mutating func writeString8(_ text: String) {
        var raw = Array(text.utf8.prefix(255))
        while raw.count < text.utf8.count, String(validating: raw, as: UTF8.self) == nil { raw.removeLast() }
        appendByte(UInt8(raw.count))
        bytes.append(contentsOf: raw)
    }

    /// Appends `count` zero bytes.
    public mutating func writeZeroes(_ count: Int) { bytes.append(contentsOf: repeatElement(0, count: max(0, count))) }

    /// Appends one byte.
    @inlinable
    public mutating func appendByte(_ byte: UInt8) { append(byte) }

    @usableFromInline
    mutating func append(_ byte: UInt8) { bytes.append(byte) }
}
