/// What stands in front of a page whose block is that of the page before it: eight bytes, and always the same ones for a
/// page (wire.md §4.3). So a driver that has just taken the payload of one page can compare the next bytes with them
/// instead of having them decoded, and can have a run of pages read to their places before it has seen their headers.
public enum RepeatedPageHeader {
    /// How many bytes it has.
    public static let size = 8

    /// The bytes, as an integer that is stored in the host's order.
    @inlinable
    public static func word(page: Int) -> UInt64 {
        (UInt64(page) * UInt64(MigrationFormat.pageSize) | flags).bigEndian
    }

    @usableFromInline static let flags = RAMFlags.page | RAMFlags.sameBlock
}

/// The whole record of a page of zeroes whose block is that of the page before it: the eight bytes of a word, and a zero.
/// Where a guest has not written, many of them follow each other.
public enum RepeatedZeroPage {
    /// How many bytes it has.
    public static let size = 9

    /// The first eight bytes, as an integer that is stored in the host's order.
    @inlinable
    public static func word(page: Int) -> UInt64 {
        (UInt64(page) * UInt64(MigrationFormat.pageSize) | flags).bigEndian
    }

    /// The page of a record whose first eight bytes are `word`, an integer in the host's order; nil of another record.
    static func page(word: UInt64) -> Int? {
        let value = UInt64(bigEndian: word)
        guard value & RAMFlags.mask == flags else { return nil }
        return Int(value >> 12)
    }

    @usableFromInline static let flags = RAMFlags.zero | RAMFlags.sameBlock
}

/// The record of a page as its difference, whose block is that of the page before it: the eight bytes of a word, the encoding,
/// and the length in two bytes. The difference follows.
public enum RepeatedDelta {
    /// How many bytes stand in front of the difference.
    public static let headerSize = 11

    static let flags = RAMFlags.xbzrle | RAMFlags.sameBlock

    /// Writes what stands in front of a difference of `length` bytes, 4096 at most.
    public static func writeHeader(page: Int, length: Int, to place: UnsafeMutableRawPointer) {
        // SAFETY: the caller lends `headerSize` bytes at `place`.
        let word = UInt64(page) * UInt64(MigrationFormat.pageSize) | flags
        unsafe place.storeBytes(of: word.bigEndian, as: UInt64.self)
        unsafe place.storeBytes(of: RAMRecord.xbzrleEncoding, toByteOffset: 8, as: UInt8.self)
        unsafe place.storeBytes(of: UInt16(length).bigEndian, toByteOffset: 9, as: UInt16.self)
    }
}
