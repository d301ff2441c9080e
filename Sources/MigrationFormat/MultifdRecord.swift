public import ByteCoding

/// The first 64 bytes of a multifd channel (wire format §11.1).
public struct MultifdOpening: WireRecord {
    /// The source's UUID, 16 bytes; zeroes if it has none.
    public var uuid: [UInt8]
    /// The channel's number.
    public var channel: UInt8

    /// The first packet of channel `channel`.
    public init(uuid: [UInt8] = [UInt8](repeating: 0, count: 16), channel: UInt8) {
        self.uuid = uuid
        self.channel = channel
    }

    /// How many bytes it has.
    public static let size = 64

    /// Appends the record's bytes.
    public func write(to writer: inout ByteWriter) {
        writer.write(MultifdPacket.magic)
        writer.write(MultifdPacket.version)
        writer.write(uuid.prefix(16) + [UInt8](repeating: 0, count: max(0, 16 - uuid.count)))
        writer.write(channel)
        writer.writeZeroes(7 + 32)
    }

    /// Reads the record that begins at `start`, and takes nothing.
    public static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<MultifdOpening> {
        if let short = try MultifdPacket.checkMagic(window, at: start) { return .needBytes(short) }
        guard window.available >= start + size else { return .needBytes(start + size) }
        let opening = MultifdOpening(uuid: window.bytes(start + 8, count: 16), channel: window.byte(start + 24))
        return .complete(opening, end: start + size)
    }
}

/// What precedes the pages of a multifd packet: 320 bytes and a table of 128 offsets (wire format §11.2). The payload
/// follows and is not part of the value, so pages are sent from and received to where they lie.
public struct MultifdPacket: WireRecord {
    /// How the pages are sent. zlib and zstd have one stream for the whole life of a channel.
    public enum Method: UInt32, Sendable, CaseIterable {
        case none = 0
        case zlib = 1
        case zstd = 2
    }

    /// Whether everything of this channel before is older than the main channel's next part.
    public var isSync: Bool
    /// How the pages are sent; counts only for a packet that has some.
    public var method: Method
    /// The number of the packet among those of all channels.
    public var number: UInt64
    /// The block of all its pages; empty if it has none.
    public var block: String
    /// Offsets of the pages in the block, in bytes, each a multiple of the page size.
    public var offsets: [UInt64]
    /// Bytes of payload.
    public var payloadSize: UInt32

    /// The packet of some pages, or with none of them a synchronisation.
    public init(
        number: UInt64, isSync: Bool = false, method: Method = .none, block: String = "", offsets: [UInt64] = [],
        payloadSize: UInt32 = 0
    ) {
        self.number = number
        self.isSync = isSync
        self.method = method
        self.block = block
        self.offsets = offsets
        self.payloadSize = payloadSize
    }

    static let magic: UInt32 = 0x1122_3344
    static let version: UInt32 = 1
    /// The most pages of a packet: 512 KiB.
    public static let pageLimit = (512 << 10) / MigrationFormat.pageSize
    /// How many bytes it has, its table included.
    public static let size = 320 + 8 * pageLimit
    /// The most bytes that 512 KiB take when they are compressed.
    public static let payloadLimit: UInt32 = 1 << 20
    private static let nameSize = 256

    /// Appends the record's bytes.
    public func write(to writer: inout ByteWriter) {
        precondition(offsets.count <= Self.pageLimit)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write((isSync ? 1 : 0) | (offsets.isEmpty ? 0 : method.rawValue << 1))
        writer.write(UInt32(Self.pageLimit))
        writer.write(UInt32(offsets.count))
        writer.write(payloadSize)
        writer.write(number)
        writer.writeZeroes(32)
        let name = block.utf8.prefix(Self.nameSize - 1)
        writer.write(name)
        writer.writeZeroes(Self.nameSize - name.count)
        for offset in offsets { writer.write(offset) }
        writer.writeZeroes(8 * (Self.pageLimit - offsets.count))
    }

    /// How many bytes are needed before magic and version can be checked; nil once they are right.
    static func checkMagic(_ window: ByteWindow, at start: Int) throws(StreamError) -> Int? {
        guard window.available >= start + 4 else { return start + 4 }
        let magic: UInt32 = window.integer(start)
        guard magic == self.magic else {
            throw window.error("multifd: received packet magic \(hex(magic)), expected \(hex(self.magic))", at: start)
        }
        guard window.available >= start + 8 else { return start + 8 }
        let version: UInt32 = window.integer(start + 4)
        guard version == self.version else {
            throw window.error("multifd: received packet version \(version), expected \(self.version)", at: start)
        }
        return nil
    }

    /// Reads the record that begins at `start`, and takes nothing.
    public static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<MultifdPacket> {
        if let short = try checkMagic(window, at: start) { return .needBytes(short) }
        guard window.available >= start + size else { return .needBytes(start + size) }
        let flags: UInt32 = window.integer(start + 8)
        guard flags & ~0xf == 0, let method = Method(rawValue: flags >> 1) else {
            throw window.error("multifd: unknown flags 0x\(hex(flags))", at: start + 8)
        }
        let room: UInt32 = window.integer(start + 12)
        let count: UInt32 = window.integer(start + 16)
        guard room == pageLimit, count <= pageLimit else {
            throw window.error("multifd: a packet of \(count) pages with room for \(room)", at: start + 12)
        }
        var packet = MultifdPacket(number: window.integer(start + 24), isSync: flags & 1 != 0, method: method)
        // Without pages, size, block and table are those of an earlier packet, and nothing follows.
        guard count > 0 else { return .complete(packet, end: start + size) }
        packet.payloadSize = window.integer(start + 20)
        let raw = count * UInt32(MigrationFormat.pageSize)
        guard packet.payloadSize <= payloadLimit, method != .none || packet.payloadSize == raw else {
            throw window.error("multifd: \(packet.payloadSize) bytes of \(count) pages", at: start + 20)
        }
        let name = window.bytes(start + 64, count: nameSize)
        guard let nameEnd = name.firstIndex(of: 0) else {
            throw window.error("multifd: the name of the block has no end", at: start + 64)
        }
        packet.block = String(decoding: name[..<nameEnd], as: UTF8.self)
        for index in 0..<Int(count) {
            let offset: UInt64 = window.integer(start + 320 + 8 * index)
            guard offset & RAMFlags.mask == 0 else {
                throw window.error("multifd: page offset \(hex(offset))", at: start + 320 + 8 * index)
            }
            packet.offsets.append(offset)
        }
        return .complete(packet, end: start + size)
    }
}
