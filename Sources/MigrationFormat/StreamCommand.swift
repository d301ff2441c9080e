public import ByteCoding

/// A command of the source to the destination: 08, be16 number, be16 length, payload (wire format §5).
public enum StreamCommand: WireRecord {
    /// Answer on the reverse direction from now on.
    case openReturnPath
    /// Answer PONG with the same value.
    case ping(UInt32)
    /// Postcopy may follow: of RAM with the page sizes given, of dirty bitmaps alone without them.
    case postcopyAdvise(PostcopyAdvice?)
    /// Watch RAM for pages that are missing; what follows outside of the package are pages.
    case postcopyListen
    /// Run the guest.
    case postcopyRun
    /// These pages will come again: drop them.
    case postcopyDiscard(block: String, ranges: [ByteRange])
    /// That many bytes, a stream of records of their own, follow behind the command.
    case packaged(UInt32)
    /// This stream ends in COLO, not in a running destination.
    case enableCOLO
    /// A postcopy that was interrupted goes on.
    case postcopyResume
    /// Tell which pages of the block have arrived.
    case receiveBitmap(block: String)

    /// Sizes in bytes that both sides of a postcopy must agree on.
    public struct PostcopyAdvice: Hashable, Sendable {
        /// All host page sizes of the RAM blocks, or-ed.
        public var pageSizes: UInt64
        /// The size of a page in the stream.
        public var targetPageSize: UInt64

        /// The sizes of a machine.
        public init(pageSizes: UInt64, targetPageSize: UInt64) {
            self.pageSizes = pageSizes
            self.targetPageSize = targetPageSize
        }
    }

    /// Bytes of a RAM block.
    public struct ByteRange: Hashable, Sendable {
        /// Offset in the block.
        public var start: UInt64
        /// Count of bytes.
        public var length: UInt64

        /// `length` bytes from `start` on.
        public init(start: UInt64, length: UInt64) {
            self.start = start
            self.length = length
        }
    }

    /// The most ranges that one discard carries when it is written here; further commands carry the rest.
    public static let discardLimit = 12

    /// The number on the wire.
    public var number: UInt16 {
        switch self {
        case .openReturnPath: 1
        case .ping: 2
        case .postcopyAdvise: 3
        case .postcopyListen: 4
        case .postcopyRun: 5
        case .postcopyDiscard: 6
        case .packaged: 7
        case .enableCOLO: 8
        case .postcopyResume: 9
        case .receiveBitmap: 10
        }
    }

    /// The name in logs and errors.
    public var name: String { Self.known[number]?.name ?? "" }

    /// Names by number, and the payload length where it is fixed.
    static let known: [UInt16: (name: String, length: UInt16?)] = [
        1: ("OPEN_RETURN_PATH", 0), 2: ("PING", 4), 3: ("POSTCOPY_ADVISE", nil), 4: ("POSTCOPY_LISTEN", 0),
        5: ("POSTCOPY_RUN", 0), 6: ("POSTCOPY_RAM_DISCARD", nil), 7: ("PACKAGED", 4), 8: ("ENABLE_COLO", 0),
        9: ("POSTCOPY_RESUME", 0), 10: ("RECV_BITMAP", nil),
    ]

    /// Appends the record's bytes.
    public func write(to writer: inout ByteWriter) {
        var payload = ByteWriter()
        switch self {
        case .openReturnPath, .postcopyListen, .postcopyRun, .enableCOLO, .postcopyResume, .postcopyAdvise(nil): break
        case .ping(let value): payload.write(value)
        case .postcopyAdvise(let advice?):
            payload.write(advice.pageSizes)
            payload.write(advice.targetPageSize)
        case .postcopyDiscard(let block, let ranges):
            payload.write(UInt8(0))
            payload.writeString8(block)
            payload.write(UInt8(0))
            for range in ranges {
                payload.write(range.start)
                payload.write(range.length)
            }
        case .packaged(let count): payload.write(count)
        case .receiveBitmap(let block): payload.writeString8(block)
        }
        writer.write(RecordType.command.rawValue)
        writer.write(number)
        writer.write(UInt16(payload.count))
        writer.write(payload.bytes)
    }
}

extension StreamCommand {
    /// Number, length and name of the command at `start`, once its five bytes are there: what can be refused before the
    /// payload has come.
    struct Header: Sendable {
        let number: UInt16
        let length: UInt16
        let name: String

        /// Whether it is POSTCOPY_ADVISE.
        var isAdvice: Bool { number == 3 }

        static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<Header> {
            guard window.available >= start + 5 else { return .needBytes(start + 5) }
            let number: UInt16 = window.integer(start + 1)
            let length: UInt16 = window.integer(start + 3)
            guard window.byte(start) == RecordType.command.rawValue, let command = known[number] else {
                throw window.error("MIG_CMD 0x\(hex(number)) unknown (len 0x\(hex(length)))", at: start)
            }
            if let expected = command.length, expected != length {
                throw window.error(
                    "\(command.name) received with bad length - expecting \(expected), got \(length)", at: start)
            }
            return .complete(Header(number: number, length: length, name: command.name), end: start + 5)
        }
    }

    /// Reads the record that begins at `start`, and takes nothing.
    public static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<StreamCommand> {
        let header: Header
        switch try Header.read(window, at: start) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let value, _): header = value
        }
        let payload = start + 5
        let end = payload + Int(header.length)
        if header.number == 3, header.length != 0, header.length != 16 {
            throw window.error(
                "POSTCOPY_ADVISE received with bad length - expecting 16 or 0, got \(header.length)", at: start)
        }
        guard window.available >= end else { return .needBytes(end) }
        let command: StreamCommand
        switch header.number {
        case 1: command = .openReturnPath
        case 2: command = .ping(window.integer(payload))
        case 3:
            command = .postcopyAdvise(
                header.length == 0
                    ? nil
                    : PostcopyAdvice(
                        pageSizes: window.integer(payload), targetPageSize: window.integer(payload + 8)))
        case 4: command = .postcopyListen
        case 5: command = .postcopyRun
        case 6: command = try discard(window, at: payload, length: Int(header.length))
        case 7:
            let count: UInt32 = window.integer(payload)
            guard UInt64(count) <= MigrationFormat.deviceBlobLimit else {
                throw window.error("PACKAGED of \(count) bytes exceeds the limit", at: start)
            }
            command = .packaged(count)
        case 8: command = .enableCOLO
        case 9: command = .postcopyResume
        default:
            guard case .complete(let block, end) = window.string8(payload) else {
                throw window.error("RECV_BITMAP received with bad length \(header.length)", at: start)
            }
            command = .receiveBitmap(block: block)
        }
        return .complete(command, end: end)
    }

    /// `u8 0, str8 block, u8 0`, then 16 bytes a range.
    private static func discard(
        _ window: ByteWindow, at start: Int, length: Int
    ) throws(StreamError) -> StreamCommand {
        let end = start + length
        guard length >= 20, window.byte(start) == 0 else {
            throw window.error("POSTCOPY_RAM_DISCARD received with bad length \(length) or version", at: start)
        }
        guard case .complete(let block, let nameEnd) = window.string8(start + 1), nameEnd < end,
            window.byte(nameEnd) == 0, (end - nameEnd - 1) % 16 == 0, end > nameEnd + 1
        else {
            throw window.error("POSTCOPY_RAM_DISCARD is malformed", at: start)
        }
        var ranges: [ByteRange] = []
        for index in stride(from: nameEnd + 1, to: end, by: 16) {
            let range = ByteRange(start: window.integer(index), length: window.integer(index + 8))
            guard !range.start.addingReportingOverflow(range.length).overflow else {
                throw window.error("POSTCOPY_RAM_DISCARD of a range without an end", at: index)
            }
            ranges.append(range)
        }
        return .postcopyDiscard(block: block, ranges: ranges)
    }
}
