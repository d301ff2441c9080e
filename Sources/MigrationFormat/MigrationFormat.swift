/// QEMU 7.2's migration stream: bytes to values and back, without I/O. Everything is big-endian; `str8` is a length
/// byte and that many bytes.
///
///     be32 "QEVM"  be32 3                                  StreamEncoder.fileHeader
///     07 be32 length, machine type, subsections 05 …       configuration: type, capabilities, UUID
///     08 be16 command be16 length payload                  MigrationCommand
///     01 be32 id str8 name be32 instance be32 version …    START of the live section "ram": MEM_SIZE list
///     02 be32 id …   03 be32 id …                          PART, END: page records, each ended by EOS
///     04 …                                                 FULL: a device's state in one piece
///     7e be32 id                                           footer after each of 01 02 03 04
///     00                                                   end of the sections
///     06 be32 length JSON                                  description of the device sections, ignored on read
///
/// A RAM record is `be64 (offset in block | flags)`, then `str8 block` unless the flag CONTINUE says "the block of the
/// last record", then what its kind needs: 4096 bytes (PAGE), a fill byte (ZERO), nothing (EOS). Who sends and who
/// receives both remember the last block for the life of the channel, across sections and checkpoints.
///
/// In COLO the same channel then carries `COLOMessage`s, and with each checkpoint the END section of "ram" and `00`,
/// and a blob of FULL sections and `00`.
///
/// - `WireRecord`: every record of the format as a value, with its bytes and the bounded way back: `StreamRecord`,
///   `StreamCommand`, `RAMRecord`, `XBZRLEDelta`, `DiskRecord`, `DirtyBitmapRecord`, `MultifdPacket`,
///   `ReturnPathRecord` and the configuration's. Payloads of pages and disks stay outside of the values.
/// - `ByteWindow`: the bytes received and not yet read. Page payloads need not pass through it.
/// - `StreamDecoder`: a state machine that reads a window and yields `StreamElement`s. It validates every length, id,
///   name, offset and version; a `StreamError` says what was wrong, in which section, at which byte. Live sections are
///   read by the `LiveSectionDecoder`s it was given.
/// - `DeviceBlob`: reads the FULL sections of a checkpoint.
/// - `StreamEncoder`, `RAMRecordEncoder`, `VMDescription`: the sending side.
/// - `COLOMessage`, `ReturnPathMessage`: the messages of COLO and of the return path.
/// - `PostcopyCommand`: what a destination of a postcopy is told.
///
/// `StreamDecoder` refuses by name what its machine does not take: compressed pages, postcopy, blocks of disks.
///
/// In postcopy (`StreamExpectations.acceptsPostcopy`, §8 to §10 of the wire format) the source advises it at the start. Later
/// it stops, tells which pages will come again, and sends a package of devices that ends in RUN; from then on the parts of
/// "ram" bring whole host pages, on this channel and on a second one (`PostcopyChannelDecoder`), and the destination asks for
/// those that it needs (`ReturnPathDecoder`). After a break the stream goes on at a record (`StreamDecoder.resumed`).
public enum MigrationFormat {
    /// The size of a page in the stream, in bytes.
    public static let pageSize = 4096
    /// The first four bytes of a stream.
    public static let magic: UInt32 = 0x5145_564d
    /// The version of the stream format.
    public static let version: UInt32 = 3
    /// The name of the live section that carries RAM.
    public static let ramSectionName = "ram"
    /// The name of the live section that carries disks; a machine without writable ones sends it empty.
    public static let diskSectionName = "block"
    /// The name of the live section that carries dirty bitmaps of disks.
    public static let dirtyBitmapSectionName = "dirty-bitmap"
    /// The version of the RAM section.
    public static let ramSectionVersion: UInt32 = 4
    /// The most bytes that one device's state may have.
    public static let deviceStateLimit = 64 << 20
    /// The most bytes that the device blob of one checkpoint may have.
    public static let deviceBlobLimit: UInt64 = 128 << 20
    /// The most bytes that a description may have; it is skipped, never stored.
    public static let descriptionLimit: UInt32 = 64 << 20
    /// The most bytes of the package that makes a destination run in postcopy: it is kept as a whole.
    public static let packageLimit: UInt32 = 16 << 20
    /// The most bytes of a machine type's name.
    static let machineTypeLimit: UInt32 = 255
}

/// The low bits of a RAM record's first word.
enum RAMFlags {
    static let zero: UInt64 = 0x02
    static let memorySize: UInt64 = 0x04
    static let page: UInt64 = 0x08
    static let endOfSection: UInt64 = 0x10
    static let sameBlock: UInt64 = 0x20
    static let xbzrle: UInt64 = 0x40
    static let hook: UInt64 = 0x80
    static let compressed: UInt64 = 0x100
    static let mask = UInt64(MigrationFormat.pageSize - 1)
}

/// The low nine bits of a disk record's word.
enum DiskFlags {
    static let block: UInt64 = 0x01
    static let endOfSection: UInt64 = 0x02
    static let progress: UInt64 = 0x04
    static let zeroes: UInt64 = 0x08
    static let mask: UInt64 = 0x1ff
}

/// Name and length of a RAM block, as both sides must have it.
public struct BlockLayout: Hashable, Sendable {
    /// The name, at most 255 bytes.
    public let name: String
    /// Length in bytes, a multiple of the page size.
    public let size: UInt64
    /// Guest-physical address of the first byte.
    public let guestAddress: UInt64
    /// Whether both sides can have it in common: with x-ignore-shared its pages stay out of the stream.
    public let isShared: Bool
    /// In what unit the host provides its bytes, a multiple of the page size: in postcopy pages travel by such units.
    public let hostPageSize: UInt64

    /// A block of `size` bytes.
    public init(
        name: String, size: UInt64, guestAddress: UInt64 = 0, isShared: Bool = false,
        hostPageSize: UInt64 = UInt64(MigrationFormat.pageSize)
    ) {
        self.name = name
        self.size = size
        self.guestAddress = guestAddress
        self.isShared = isShared
        self.hostPageSize = hostPageSize
    }

    /// How many pages there are.
    public var pageCount: Int { Int(size) / MigrationFormat.pageSize }

    /// How many pages a host page has.
    public var pagesPerHostPage: Int { Int(hostPageSize) / MigrationFormat.pageSize }

    /// Whether its entry in the block list tells the size of its host pages once postcopy was advised.
    var tellsHostPageSize: Bool { hostPageSize != UInt64(MigrationFormat.pageSize) }

    /// All pages of the host pages that `pages` touch.
    public func wholeHostPages(_ pages: Range<Int>) -> Range<Int> {
        let unit = pagesPerHostPage
        return pages.lowerBound / unit * unit..<min(pageCount, (pages.upperBound + unit - 1) / unit * unit)
    }
}

/// A page of RAM: which block of the layout, and which page in it. Always inside the block when it comes from a decoder.
public struct PageLocation: Hashable, Sendable {
    /// Index of the block in the layout.
    public var block: Int
    /// Index of the page in the block.
    public var page: Int

    /// Page `page` of block `block`.
    public init(block: Int, page: Int) {
        self.block = block
        self.page = page
    }
}
