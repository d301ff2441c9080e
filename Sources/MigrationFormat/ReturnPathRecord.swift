public import ByteCoding

/// A message of the destination to the source: be16 type, be16 length, payload (wire format §6).
public enum ReturnPathRecord: WireRecord {
    /// The last message: 0 if the stream was loaded, else the destination failed.
    case shut(UInt32)
    /// The answer to PING.
    case pong(UInt32)
    /// The guest waits for `length` bytes from `start` of a block; nil is the block that was named last.
    case requestPages(start: UInt64, length: UInt32, block: String?)
    /// Which pages of the block have arrived: a `ReceivedBitmap` follows.
    case receivedBitmap(block: String)
    /// The postcopy goes on; 1.
    case resumeAcknowledged(UInt32)

    /// The most bytes of a payload.
    public static let payloadLimit: UInt16 = 512

    /// The number on the wire.
    public var type: UInt16 {
        switch self {
        case .shut: 1
        case .pong: 2
        case .requestPages(_, _, let block): block == nil ? 4 : 3
        case .receivedBitmap: 5
        case .resumeAcknowledged: 6
        }
    }

    /// Names by type, and the payload length where it is fixed.
    static let known: [UInt16: (name: String, length: UInt16?)] = [
        1: ("SHUT", 4), 2: ("PONG", 4), 3: ("REQ_PAGES_ID", nil), 4: ("REQ_PAGES", 12), 5: ("RECV_BITMAP", nil),
        6: ("RESUME_ACK", 4),
    ]

    /// Appends the record's bytes.
    public func write(to writer: inout ByteWriter) {
        var payload = ByteWriter(capacity: 16)
        switch self {
        case .shut(let value), .pong(let value), .resumeAcknowledged(let value): payload.write(value)
        case .requestPages(let start, let length, let block):
            payload.write(start)
            payload.write(length)
            if let block { payload.writeString8(block) }
        case .receivedBitmap(let block): payload.writeString8(block)
        }
        writer.write(type)
        writer.write(UInt16(payload.count))
        writer.write(payload.bytes)
    }

    /// Reads the record that begins at `start`, and takes nothing.
    public static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<ReturnPathRecord> {
        guard window.available >= start + 4 else { return .needBytes(start + 4) }
        let type: UInt16 = window.integer(start)
        let length: UInt16 = window.integer(start + 2)
        guard let known = known[type], length <= payloadLimit else {
            throw window.error("RP: Received invalid message 0x\(hex(type)) length 0x\(hex(length))", at: start)
        }
        func wrongLength(_ expected: String) -> StreamError {
            window.error(
                "RP: Received '\(known.name)' message (0x\(hex(type))) with incorrect length \(length) expecting "
                    + expected, at: start)
        }
        if let expected = known.length, expected != length { throw wrongLength("\(expected)") }
        let payload = start + 4
        let end = payload + Int(length)
        guard window.available >= end else { return .needBytes(end) }
        let record: ReturnPathRecord
        switch type {
        case 1: record = .shut(window.integer(payload))
        case 2: record = .pong(window.integer(payload))
        case 3:
            guard length >= 13, case .complete(let block, end) = window.string8(payload + 12) else {
                throw wrongLength("13 and the length of a name")
            }
            record = .requestPages(start: window.integer(payload), length: window.integer(payload + 8), block: block)
        case 4:
            record = .requestPages(start: window.integer(payload), length: window.integer(payload + 8), block: nil)
        case 5:
            guard case .complete(let block, end) = window.string8(payload) else {
                throw wrongLength("1 and the length of a name")
            }
            record = .receivedBitmap(block: block)
        default: record = .resumeAcknowledged(window.integer(payload))
        }
        return .complete(record, end: end)
    }
}

/// The bitmap behind RECV_BITMAP: be64 size, that many bytes, be64 end mark. Bit i%8 of byte i/8 stands for page i.
public struct ReceivedBitmap: Hashable, Sendable {
    /// The bytes; a multiple of eight of them.
    public var bits: [UInt8]

    static let endMark: UInt64 = 0x0123_4567_89ab_cdef

    /// The bitmap of those pages below `pages` for which `isReceived` is true.
    public init(pages: Int, isReceived: (Int) -> Bool) {
        bits = [UInt8](repeating: 0, count: Self.size(pages: pages))
        for page in 0..<pages where isReceived(page) { bits[page / 8] |= 1 << UInt8(page % 8) }
    }

    /// How many bytes the bits of `pages` pages take.
    public static func size(pages: Int) -> Int { (pages + 63) / 64 * 8 }

    /// Whether page `page` has arrived.
    public subscript(page: Int) -> Bool {
        page / 8 < bits.count && bits[page / 8] & 1 << UInt8(page % 8) != 0
    }

    /// Appends size, bits and end mark.
    public func write(to writer: inout ByteWriter) {
        writer.write(UInt64(bits.count))
        writer.write(bits)
        writer.write(Self.endMark)
    }

    /// Takes the bitmap of a block of `pages` pages from the front of a window; nil while it is not wholly there.
    public static func take(
        from window: inout ByteWindow, pages: Int
    ) throws(StreamError) -> Reading<ReceivedBitmap> {
        guard window.available >= 8 else { return .needBytes(8) }
        let size: UInt64 = window.integer(0)
        guard size == UInt64(Self.size(pages: pages)) else {
            throw window.error("A bitmap of \(size) bytes for a block of \(pages) pages", at: 0)
        }
        let end = 16 + Int(size)
        guard window.available >= end else { return .needBytes(end) }
        guard window.integer(8 + Int(size)) == endMark else {
            throw window.error("The bitmap of received pages has no end mark", at: 8 + Int(size))
        }
        var bitmap = ReceivedBitmap(pages: 0) { _ in false }
        bitmap.bits = window.bytes(8, count: Int(size))
        window.skip(end)
        return .complete(bitmap, end: end)
    }
}
