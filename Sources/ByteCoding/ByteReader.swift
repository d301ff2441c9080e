/// Why bytes could not be read as the value that was asked for.
public enum ByteCodingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The value needs `needed` bytes at `offset`, and only `available` are there.
    case truncated(offset: Int, needed: Int, available: Int)
    /// A length field exceeds the limit that the reader of it allows.
    case tooLong(what: String, length: UInt64, limit: UInt64)
    /// The bytes at `offset` are no UTF-8 text.
    case notText(offset: Int)

    /// What is wrong and where.
    public var description: String {
        switch self {
        case .truncated(let offset, let needed, let available):
            "it ends too soon: \(needed) bytes are needed at offset \(offset), and \(available) are there"
        case .tooLong(let what, let length, let limit): "\(what) has the length \(length), at most \(limit) is allowed"
        case .notText(let offset): "the bytes at offset \(offset) are no text"
        }
    }
}

/// A bounded reader over a copy of some bytes: every read checks what is left, and integers are big-endian unless the
/// name says otherwise.
///
/// The reader owns its bytes, so nothing that a guest or a peer does later can change what was already checked.
public struct ByteReader: Sendable {
    /// What is read.
    public let bytes: [UInt8]
    /// Index of the next byte.
    public private(set) var offset: Int
    private let end: Int

    /// A reader of all of `bytes`, starting at `offset`.
    public init(_ bytes: [UInt8], from offset: Int = 0) {
        self.bytes = bytes
        self.offset = min(max(0, offset), bytes.count)
        self.end = bytes.count
    }

    /// How many bytes are left.
    public var remaining: Int { end - offset }

    /// Whether everything was read.
    public var isAtEnd: Bool { offset == end }

    /// Throws `.truncated` unless `count` bytes are left.
    public func require(_ count: Int) throws(ByteCodingError) {
        guard count >= 0, count <= remaining else {
            throw .truncated(offset: offset, needed: count, available: remaining)
        }
    }

    /// Reads an unsigned big-endian integer of the width of `T`.
    @inlinable
    public mutating func read<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type = T.self) throws(ByteCodingError)
        -> T
    {
        let width = T.bitWidth / 8
        try require(width)
        var value: T = 0
        for index in offset..<offset + width {
            value = (value << (width == 1 ? 0 : 8)) | T(bytes[index])
        }
        try skip(width)
        return value
    }

    /// Reads an unsigned little-endian integer of the width of `T`.
    public mutating func readLittleEndian<T: FixedWidthInteger & UnsignedInteger>(
        _ type: T.Type = T.self
    ) throws(ByteCodingError) -> T {
        try read(T.self).byteSwapped
    }

    /// Reads one byte as a truth value; any value but 0 is true.
    public mutating func readBool() throws(ByteCodingError) -> Bool { try read(UInt8.self) != 0 }

    /// Reads `count` raw bytes.
    public mutating func readBytes(_ count: Int) throws(ByteCodingError) -> [UInt8] {
        try require(count)
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    /// Reads a one-byte length and that many bytes of UTF-8 text.
    public mutating func readString8() throws(ByteCodingError) -> String {
        var probe = self
        let count = Int(try probe.read(UInt8.self))
        let start = probe.offset
        let raw = try probe.readBytes(count)
        guard let text = String(validating: raw, as: UTF8.self) else { throw .notText(offset: start) }
        self = probe
        return text
    }

    /// Skips `count` bytes.
    public mutating func skip(_ count: Int) throws(ByteCodingError) {
        try require(count)
        offset += count
    }

    /// The next byte, which stays unread.
    public func peek() -> UInt8? { isAtEnd ? nil : bytes[offset] }

    /// Everything not read yet, which stays unread.
    public func peekRest() -> ArraySlice<UInt8> { bytes[offset..<end] }
}
