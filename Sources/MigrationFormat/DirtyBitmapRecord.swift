public import ByteCoding

/// A chunk of the section "dirty-bitmap": u8 flags, names where they change, and what the flags say (wire format §15).
public struct DirtyBitmapRecord: WireRecord {
    /// What a chunk says of its bitmap.
    public enum Content: Hashable, Sendable {
        /// Nothing: only the end of the part.
        case none
        /// A bitmap begins: bytes a bit stands for, and its properties.
        case start(granularity: UInt32, enabled: Bool, persistent: Bool)
        /// The bitmap is complete.
        case complete
        /// Bits of `count` sectors of 512 bytes from `start` on, least significant first; nil are zeroes.
        case bits(start: UInt64, count: UInt32, bytes: [UInt8]?)
    }

    /// The node's alias; nil is that of the chunk before.
    public var node: String?
    /// The bitmap's alias; nil is that of the chunk before.
    public var bitmap: String?
    /// What it says.
    public var content: Content
    /// Whether the part of the section ends here.
    public var endsSection: Bool

    /// A chunk.
    public init(_ content: Content, node: String? = nil, bitmap: String? = nil, endsSection: Bool = false) {
        self.content = content
        self.node = node
        self.bitmap = bitmap
        self.endsSection = endsSection
    }

    /// What ends a part of the section.
    public static let endOfSection = DirtyBitmapRecord(.none, endsSection: true)
    /// The most bytes of bits in one chunk.
    public static let bitsLimit: UInt64 = 10240

    private enum Flags {
        static let end: UInt8 = 0x01
        static let zeroes: UInt8 = 0x02
        static let bitmapName: UInt8 = 0x04
        static let nodeName: UInt8 = 0x08
        static let start: UInt8 = 0x10
        static let complete: UInt8 = 0x20
        static let bits: UInt8 = 0x40
    }

    /// Appends the record's bytes.
    public func write(to writer: inout ByteWriter) {
        var flags: UInt8 = endsSection ? Flags.end : 0
        if node != nil { flags |= Flags.nodeName }
        if bitmap != nil { flags |= Flags.bitmapName }
        switch content {
        case .none: break
        case .start: flags |= Flags.start
        case .complete: flags |= Flags.complete
        case .bits(_, _, let bytes): flags |= Flags.bits | (bytes == nil ? Flags.zeroes : 0)
        }
        writer.write(flags)
        if let node { writer.writeString8(node) }
        if let bitmap { writer.writeString8(bitmap) }
        switch content {
        case .none, .complete: break
        case .start(let granularity, let enabled, let persistent):
            writer.write(granularity)
            writer.write(UInt8((enabled ? 1 : 0) | (persistent ? 2 : 0)))
        case .bits(let start, let count, let bytes):
            writer.write(start)
            writer.write(count)
            if let bytes {
                writer.write(UInt64(bytes.count))
                writer.write(bytes)
            }
        }
    }

    /// Reads the record that begins at `start`, and takes nothing.
    public static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<DirtyBitmapRecord> {
        guard window.available > start else { return .needBytes(start + 1) }
        let flags = window.byte(start)
        let kind = flags & (Flags.start | Flags.complete | Flags.bits | Flags.zeroes | 0x80)
        guard [0, Flags.start, Flags.complete, Flags.bits, Flags.bits | Flags.zeroes].contains(kind) else {
            throw window.error(
                "Unknown combination of dirty bitmap flags: 0x\(hex(flags))", at: start, section: "dirty-bitmap")
        }
        var record = DirtyBitmapRecord(.none, endsSection: flags & Flags.end != 0)
        var end = start + 1
        for (flag, name) in [(Flags.nodeName, \DirtyBitmapRecord.node), (Flags.bitmapName, \.bitmap)]
        where flags & flag != 0 {
            switch window.string8(end) {
            case .needBytes(let count): return .needBytes(count)
            case .complete(let text, let next):
                record[keyPath: name] = text
                end = next
            }
        }
        switch try readContent(window, at: end, kind: kind) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let content, let next):
            record.content = content
            return .complete(record, end: next)
        }
    }

    private static func readContent(
        _ window: ByteWindow, at start: Int, kind: UInt8
    ) throws(StreamError) -> Reading<Content> {
        switch kind {
        case Flags.start:
            guard window.available >= start + 5 else { return .needBytes(start + 5) }
            let granularity: UInt32 = window.integer(start)
            let flags = window.byte(start + 4)
            // 4 was "autoload" once, and is ignored.
            guard flags & 0xf8 == 0, granularity.nonzeroBitCount == 1, granularity >= 512 else {
                throw window.error(
                    "A dirty bitmap of granularity \(granularity) with flags 0x\(hex(flags))", at: start,
                    section: "dirty-bitmap")
            }
            let content = Content.start(
                granularity: granularity, enabled: flags & 1 != 0, persistent: flags & 2 != 0)
            return .complete(content, end: start + 5)
        case Flags.complete: return .complete(.complete, end: start)
        case Flags.bits, Flags.bits | Flags.zeroes:
            let head = start + 12
            guard window.available >= head else { return .needBytes(head) }
            let first: UInt64 = window.integer(start)
            let count: UInt32 = window.integer(start + 8)
            guard kind == Flags.bits else {
                return .complete(.bits(start: first, count: count, bytes: nil), end: head)
            }
            guard window.available >= head + 8 else { return .needBytes(head + 8) }
            let size: UInt64 = window.integer(head)
            guard size <= bitsLimit else {
                throw window.error("A chunk of \(size) bytes of a dirty bitmap", at: head, section: "dirty-bitmap")
            }
            let end = head + 8 + Int(size)
            guard window.available >= end else { return .needBytes(end) }
            let bytes = window.bytes(head + 8, count: Int(size))
            return .complete(.bits(start: first, count: count, bytes: bytes), end: end)
        default: return .complete(.none, end: start)
        }
    }
}
