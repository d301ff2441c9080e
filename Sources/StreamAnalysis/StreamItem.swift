public import MigrationFormat

/// Something that an analyzer found: where it begins, how many bytes it has, and what it is.
public struct StreamItem: Equatable, Sendable {
    /// Where it begins, in bytes from the start of the stream.
    public var offset: UInt64
    /// How many bytes it has, header and footer included.
    public var size: UInt64
    /// What it is.
    public var content: Content

    /// What an item may be.
    public enum Content: Equatable, Sendable {
        /// File header and configuration.
        case header(StreamHeader)
        /// A section, or a part of a live one.
        case section(Section)
        /// A command.
        case command(StreamCommand)
        /// The package that PACKAGED announced is over.
        case endOfPackage
        /// The byte that ends the sections.
        case endOfSections
        /// The text that describes the device sections; nil if it is none, and why.
        case description(StreamDescription?, problem: String?)
        /// A message of a COLO primary.
        case message(COLOMessage)
        /// Bytes behind the end of the stream.
        case trailer
    }
}

/// What the header of a stream says.
public struct StreamHeader: Equatable, Sendable {
    /// The machine type; nil in a stream without a configuration section.
    public var machineType: String?
    /// The size of a page, in bytes.
    public var pageSize: Int
    /// The capabilities that the destination must have.
    public var capabilities: [String] = []
    /// The guest's UUID, 16 bytes.
    public var uuid: [UInt8]?
}

/// A section, or a part of a live one.
public struct Section: Equatable, Sendable {
    /// START, PART, END or FULL.
    public var type: RecordType
    /// Id, name, instance and version; of a PART and END, those of its START.
    public var header: SectionHeader
    /// Where its data begins.
    public var dataOffset: UInt64
    /// How many bytes of data it has, without header and footer.
    public var dataSize: UInt64
    /// What the data is.
    public var data: Data

    /// What a section's data may be.
    public enum Data: Equatable, Sendable {
        /// Pages of RAM.
        case ram(RAMContent)
        /// Blocks of disks.
        case disks(DiskContent)
        /// Dirty bitmaps.
        case bitmaps([BitmapContent])
        /// A device's state.
        case device(DeviceContent)
    }
}

/// What a part of the RAM section holds.
public struct RAMContent: Equatable, Sendable {
    /// The blocks that it lists; only a START does.
    public var blocks: [RAMBlockEntry] = []
    /// The pages, by block and kind, in the order in which they first came.
    public var pages: [PageCount] = []
}

/// How a page came.
public enum PageKind: String, Sendable, CaseIterable {
    /// All its bytes.
    case raw
    /// One byte that all its bytes have, 0.
    case zero
    /// One byte that all its bytes have, another.
    case filled
    /// The difference to what the destination has.
    case xbzrle
    /// As a zlib stream.
    case compressed
}

/// Pages of one kind in one block.
public struct PageCount: Equatable, Sendable {
    /// The block's name.
    public var block: String
    /// How they came.
    public var kind: PageKind
    /// How many they are.
    public var pages: UInt64
    /// How many bytes they have in the stream, with what precedes each.
    public var bytes: UInt64
}

/// What a part of the section "block" holds.
public struct DiskContent: Equatable, Sendable {
    /// What came of each disk.
    public var disks: [Disk]
    /// How much the source says it has done of the first pass, in percent; the last word of the part.
    public var progress: UInt64?

    /// What came of some disks.
    public init(disks: [Disk] = [], progress: UInt64? = nil) {
        self.disks = disks
        self.progress = progress
    }

    /// What came of a disk.
    public struct Disk: Equatable, Sendable {
        /// The device's name.
        public var name: String
        /// Chunks of 1 MiB with data.
        public var dataChunks: UInt64
        /// Chunks of 1 MiB of zeroes.
        public var zeroChunks: UInt64

        /// What came of the disk `name`.
        public init(name: String, dataChunks: UInt64 = 0, zeroChunks: UInt64 = 0) {
            self.name = name
            self.dataChunks = dataChunks
            self.zeroChunks = zeroChunks
        }
    }
}

/// What a part of the section "dirty-bitmap" holds of one bitmap.
public struct BitmapContent: Equatable, Sendable {
    /// The node's alias.
    public var node: String
    /// The bitmap's alias.
    public var bitmap: String
    /// How many bytes of the disk a bit stands for, if it begins here.
    public var granularity: UInt32?
    /// Whether the guest's writes are noted in it, if it begins here.
    public var isEnabled: Bool?
    /// Whether it is kept on the disk, if it begins here.
    public var isPersistent: Bool?
    /// How many chunks of bits came.
    public var chunks: UInt64 = 0
    /// How many bytes of bits came.
    public var bytes: UInt64 = 0
    /// How many bits are set in them.
    public var bitsSet: UInt64 = 0
    /// Whether it is complete.
    public var isComplete = false
}

/// A device's state.
public struct DeviceContent: Equatable, Sendable {
    /// What told where it ends.
    public var sizedBy: Sizing
    /// Its values; nil without a description that fits.
    public var state: DeviceStateValue?
    /// Why there are no values, or why they are to be doubted.
    public var note: String?

    /// What told where the state ends.
    public enum Sizing: String, Sendable {
        /// The description behind the stream.
        case description
        /// What is known of the section.
        case known
        /// The next footer with the section's id.
        case footer
    }
}

/// What a stream holds as a whole.
public struct StreamTotals: Equatable, Sendable {
    /// How many bytes were read.
    public var bytes: UInt64 = 0
    /// How many sections, and parts of live ones.
    public var sections: UInt64 = 0
    /// How many device sections.
    public var devices: UInt64 = 0
    /// How many bytes of data the device sections have.
    public var deviceBytes: UInt64 = 0
    /// How many commands.
    public var commands: UInt64 = 0
    /// All pages, by block and kind.
    public var pages: [PageCount] = []

    /// Nothing.
    public init() {}

    /// How many pages came in that way.
    public func pages(_ kind: PageKind) -> UInt64 { pages.reduce(0) { $1.kind == kind ? $0 + $1.pages : $0 } }
}

extension Section.Data {
    /// Adds what a further part of the same live section holds.
    public mutating func add(_ part: Section.Data) {
        switch (self, part) {
        case (.ram(var content), .ram(let more)):
            content.blocks += more.blocks
            for entry in more.pages {
                content.pages.count(entry.kind, of: entry.block, pages: entry.pages, bytes: entry.bytes)
            }
            self = .ram(content)
        case (.disks(var content), .disks(let more)):
            content.progress = more.progress ?? content.progress
            for disk in more.disks {
                if let index = content.disks.firstIndex(where: { $0.name == disk.name }) {
                    content.disks[index].dataChunks += disk.dataChunks
                    content.disks[index].zeroChunks += disk.zeroChunks
                } else {
                    content.disks.append(disk)
                }
            }
            self = .disks(content)
        case (.bitmaps(var bitmaps), .bitmaps(let more)):
            for bitmap in more {
                if let index = bitmaps.firstIndex(where: { $0.node == bitmap.node && $0.bitmap == bitmap.bitmap }) {
                    bitmaps[index].chunks += bitmap.chunks
                    bitmaps[index].bytes += bitmap.bytes
                    bitmaps[index].bitsSet += bitmap.bitsSet
                    bitmaps[index].isComplete = bitmaps[index].isComplete || bitmap.isComplete
                } else {
                    bitmaps.append(bitmap)
                }
            }
            self = .bitmaps(bitmaps)
        default: break
        }
    }
}

extension [PageCount] {
    /// Counts some pages more.
    mutating func count(_ kind: PageKind, of block: String, pages: UInt64 = 1, bytes: UInt64) {
        if let index = firstIndex(where: { $0.kind == kind && $0.block == block }) {
            self[index].pages += pages
            self[index].bytes += bytes
        } else {
            append(PageCount(block: block, kind: kind, pages: pages, bytes: bytes))
        }
    }
}
