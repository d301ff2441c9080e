public import ByteCoding

/// A record of the RAM section: `be64 (offset | flags)`, then `str8 block` unless CONTINUE is set, then what its kind
/// needs (wire format §4). The payload of a page follows the record and is not part of the value.
public struct RAMRecord: WireRecord {
    /// What a record says.
    public enum Content: Hashable, Sendable {
        /// ZERO: a page whose bytes all have that value.
        case filled(UInt8)
        /// PAGE: the bytes of a page follow.
        case page
        /// XBZRLE: that many bytes follow, which `XBZRLEDelta` applies to the page as it is.
        case xbzrle(length: UInt16)
        /// COMPRESS_PAGE: that many bytes follow, a zlib stream of one page.
        case compressed(length: UInt32)
        /// MEM_SIZE: a list of blocks follows, whose lengths add up to `offset`.
        case memorySize
        /// HOOK: only RDMA sends it.
        case hook
        /// EOS: the part of the section is over.
        case endOfSection
    }

    /// What it says.
    public var content: Content
    /// Offset of the page in its block, in bytes, a multiple of the page size.
    public var offset: UInt64
    /// The block of the page; nil is the block of the last record, and of a record that is about no page.
    public var block: String?

    /// A record about the page at `offset`.
    public init(_ content: Content, offset: UInt64 = 0, block: String? = nil) {
        self.content = content
        self.offset = offset
        self.block = block
    }

    /// How many bytes follow the record before the next one.
    public func payloadSize(pageSize: Int = MigrationFormat.pageSize) -> Int {
        switch content {
        case .page: pageSize
        case .xbzrle(let length): Int(length)
        case .compressed(let length): Int(length)
        case .filled, .memorySize, .hook, .endOfSection: 0
        }
    }

    /// Whether it is about a page, and so names a block or goes on with the last one.
    public var isPage: Bool {
        switch content {
        case .filled, .page, .xbzrle, .compressed: true
        case .memorySize, .hook, .endOfSection: false
        }
    }

    /// The most bytes that one page takes as a zlib stream.
    static func compressedLimit(pageSize: Int) -> Int {
        pageSize + pageSize >> 12 + pageSize >> 14 + pageSize >> 25 + 13
    }
    /// The only encoding of an XBZRLE page.
    static let xbzrleEncoding: UInt8 = 1

    /// Appends the record's bytes.
    public func write(to writer: inout ByteWriter) {
        var flags: UInt64
        switch content {
        case .filled: flags = RAMFlags.zero
        case .page: flags = RAMFlags.page
        case .xbzrle: flags = RAMFlags.xbzrle
        case .compressed: flags = RAMFlags.compressed
        case .memorySize: flags = RAMFlags.memorySize
        case .hook: flags = RAMFlags.hook
        case .endOfSection: flags = RAMFlags.endOfSection
        }
        if isPage, block == nil { flags |= RAMFlags.sameBlock }
        writer.write(offset | flags)
        if isPage, let block { writer.writeString8(block) }
        switch content {
        case .filled(let byte): writer.write(byte)
        case .xbzrle(let length):
            writer.write(Self.xbzrleEncoding)
            writer.write(length)
        case .compressed(let length): writer.write(length)
        case .page, .memorySize, .hook, .endOfSection: break
        }
    }

    /// Reads the record that begins at `start`, and takes nothing.
    public static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<RAMRecord> {
        try read(window, at: start, pageSize: MigrationFormat.pageSize)
    }

    /// The same for a stream whose pages have `pageSize` bytes, a power of two.
    public static func read(
        _ window: ByteWindow, at start: Int, pageSize: Int
    ) throws(StreamError) -> Reading<RAMRecord> {
        guard window.available >= start + 8 else { return .needBytes(start + 8) }
        let word: UInt64 = window.integer(start)
        let mask = UInt64(pageSize - 1)
        let flags = word & mask
        let offset = word & ~mask
        switch flags {
        case RAMFlags.endOfSection: return .complete(RAMRecord(.endOfSection, offset: offset), end: start + 8)
        case RAMFlags.memorySize: return .complete(RAMRecord(.memorySize, offset: offset), end: start + 8)
        case RAMFlags.hook: return .complete(RAMRecord(.hook, offset: offset), end: start + 8)
        default: break
        }
        let kind = flags & ~RAMFlags.sameBlock
        switch kind {
        case RAMFlags.zero, RAMFlags.page, RAMFlags.xbzrle, RAMFlags.compressed: break
        default:
            throw window.error("Unknown combination of migration flags: 0x\(hex(flags))", at: start, section: "ram")
        }
        var block: String?
        var end = start + 8
        if flags & RAMFlags.sameBlock == 0 {
            switch window.string8(end) {
            case .needBytes(let count): return .needBytes(count)
            case .complete(let name, let next): (block, end) = (name, next)
            }
        }
        switch try readContent(window, at: end, kind: kind, pageSize: pageSize) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let content, let next):
            return .complete(RAMRecord(content, offset: offset, block: block), end: next)
        }
    }

    private static func readContent(
        _ window: ByteWindow, at start: Int, kind: UInt64, pageSize: Int
    ) throws(StreamError) -> Reading<Content> {
        switch kind {
        case RAMFlags.zero:
            guard window.available > start else { return .needBytes(start + 1) }
            return .complete(.filled(window.byte(start)), end: start + 1)
        case RAMFlags.xbzrle:
            guard window.available >= start + 3 else { return .needBytes(start + 3) }
            let length: UInt16 = window.integer(start + 1)
            guard window.byte(start) == xbzrleEncoding, Int(length) <= pageSize else {
                throw window.error(
                    "An XBZRLE page of \(length) bytes in encoding \(window.byte(start))", at: start, section: "ram")
            }
            return .complete(.xbzrle(length: length), end: start + 3)
        case RAMFlags.compressed:
            guard window.available >= start + 4 else { return .needBytes(start + 4) }
            let length: UInt32 = window.integer(start)
            guard length <= compressedLimit(pageSize: pageSize) else {
                throw window.error("A compressed page of \(length) bytes", at: start, section: "ram")
            }
            return .complete(.compressed(length: length), end: start + 4)
        default: return .complete(.page, end: start)
        }
    }
}

/// One entry of the list of RAM blocks: `str8 name, be64 length [, be64 page size] [, be64 guest address]` (§4.2).
/// Nothing in the entry says which of the two optional words it has.
public struct RAMBlockEntry: Equatable, Sendable {
    /// The block's name.
    public var name: String
    /// Its length in bytes.
    public var length: UInt64
    /// Size of a host page in bytes: with postcopy, of a block on huge pages.
    public var pageSize: UInt64?
    /// Where the guest sees it: with x-ignore-shared.
    public var guestAddress: UInt64?

    /// A block.
    public init(name: String, length: UInt64, pageSize: UInt64? = nil, guestAddress: UInt64? = nil) {
        self.name = name
        self.length = length
        self.pageSize = pageSize
        self.guestAddress = guestAddress
    }

    /// Appends the entry.
    public func write(to writer: inout ByteWriter) {
        writer.writeString8(name)
        writer.write(length)
        if let pageSize { writer.write(pageSize) }
        if let guestAddress { writer.write(guestAddress) }
    }

    /// Reads the entry at `start` with the words it is known to have, and takes nothing.
    public static func read(
        _ window: ByteWindow, at start: Int, pageSize: Bool = false, guestAddress: Bool = false
    ) -> Reading<RAMBlockEntry> {
        switch window.string8(start) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let name, let lengthAt):
            let end = lengthAt + 8 + (pageSize ? 8 : 0) + (guestAddress ? 8 : 0)
            guard window.available >= end else { return .needBytes(end) }
            var entry = RAMBlockEntry(name: name, length: window.integer(lengthAt))
            if pageSize { entry.pageSize = window.integer(lengthAt + 8) }
            if guestAddress { entry.guestAddress = window.integer(end - 8) }
            return .complete(entry, end: end)
        }
    }
}
