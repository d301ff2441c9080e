public import ByteCoding

/// A record of the section "block": `be64 (sector << 9 | flags)`, then `str8 device` where it is about one (wire format
/// §16). The data follows the record and is not part of the value.
public enum DiskRecord: WireRecord {
    /// The bytes of a chunk of a disk follow; `sector` is its first, of 512 bytes.
    case data(sector: UInt64, device: String)
    /// A chunk of zeroes.
    case zeroes(sector: UInt64, device: String)
    /// How much of the first pass is done, in percent.
    case progress(UInt64)
    /// The part of the section is over.
    case endOfSection

    /// Bytes in a chunk, also in the last one of a disk that ends before it.
    public static let chunkSize = 1 << 20

    /// How many bytes follow the record before the next one.
    public var payloadSize: Int { if case .data = self { Self.chunkSize } else { 0 } }

    /// Appends the record's bytes.
    public func write(to writer: inout ByteWriter) {
        switch self {
        case .data(let sector, let device):
            writer.write(sector << 9 | DiskFlags.block)
            writer.writeString8(device)
        case .zeroes(let sector, let device):
            writer.write(sector << 9 | DiskFlags.block | DiskFlags.zeroes)
            writer.writeString8(device)
        case .progress(let percent): writer.write(percent << 9 | DiskFlags.progress)
        case .endOfSection: writer.write(DiskFlags.endOfSection)
        }
    }

    /// Reads the record that begins at `start`, and takes nothing.
    public static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<DiskRecord> {
        guard window.available >= start + 8 else { return .needBytes(start + 8) }
        let word: UInt64 = window.integer(start)
        let number = word >> 9
        switch word & DiskFlags.mask {
        case DiskFlags.endOfSection: return .complete(.endOfSection, end: start + 8)
        case DiskFlags.progress: return .complete(.progress(number), end: start + 8)
        case DiskFlags.block:
            return try window.string8(start + 8).map { (name) throws(StreamError) in
                .data(sector: number, device: name)
            }
        case DiskFlags.block | DiskFlags.zeroes:
            return try window.string8(start + 8).map { (name) throws(StreamError) in
                .zeroes(sector: number, device: name)
            }
        case let flags:
            throw window.error("Unknown flags 0x\(hex(flags)) of a disk's block", at: start, section: "block")
        }
    }
}
