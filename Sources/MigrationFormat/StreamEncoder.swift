public import ByteCoding

/// The fixed parts of a stream that goes out.
public enum StreamEncoder {
    /// File header and configuration section. `uuid` is given only with the capability validate-uuid, and
    /// `ignoresShared` with x-ignore-shared.
    public static func writeFileHeader(
        machineType: String, uuid: [UInt8]? = nil, ignoresShared: Bool = false, to writer: inout ByteWriter
    ) {
        FileHeader().write(to: &writer)
        ConfigurationOpening(machineType: machineType).write(to: &writer)
        if ignoresShared {
            ConfigurationSubsection.capabilities([StreamDecoder.ignoreShared]).write(to: &writer)
        }
        if let uuid, uuid.count == 16 { ConfigurationSubsection.uuid(uuid).write(to: &writer) }
    }

    /// A part of the section that carries disks, of a machine that has none to send: nothing but its end.
    public static func writeEmptyDiskSection(_ type: RecordType, id: UInt32, to writer: inout ByteWriter) {
        if type == .sectionStart {
            SectionHeader(id: id, name: MigrationFormat.diskSectionName, instance: 0, version: 1)
                .write(type, to: &writer)
        } else {
            writer.write(type.rawValue)
            writer.write(id)
        }
        DiskRecord.endOfSection.write(to: &writer)
        SectionHeader.writeFooter(id: id, to: &writer)
    }

    /// START of the section that carries dirty bitmaps, of a machine that has none; nothing follows it.
    public static func writeEmptyBitmapSection(id: UInt32, to writer: inout ByteWriter) {
        SectionHeader(id: id, name: MigrationFormat.dirtyBitmapSectionName, instance: 0, version: 1)
            .write(.sectionStart, to: &writer)
        DirtyBitmapRecord.endOfSection.write(to: &writer)
        SectionHeader.writeFooter(id: id, to: &writer)
    }

    /// START of the RAM section: the list of all blocks, in the order of the layout. `guestAddresses` follow the lengths
    /// with the capability x-ignore-shared, the size of huge pages if postcopy was advised (`inPostcopy`).
    public static func writeRAMStart(
        id: UInt32, layout: [BlockLayout], guestAddresses: [UInt64]? = nil, inPostcopy: Bool = false,
        to writer: inout ByteWriter
    ) {
        let header = SectionHeader(
            id: id, name: MigrationFormat.ramSectionName, instance: 0, version: MigrationFormat.ramSectionVersion)
        header.write(.sectionStart, to: &writer)
        writer.write(layout.reduce(0) { $0 + $1.size } | RAMFlags.memorySize)
        for (index, block) in layout.enumerated() {
            let entry = RAMBlockEntry(
                name: block.name, length: block.size,
                pageSize: inPostcopy && block.tellsHostPageSize ? block.hostPageSize : nil,
                guestAddress: guestAddresses?[index])
            entry.write(to: &writer)
        }
        writer.write(RAMFlags.endOfSection)
        header.writeFooter(to: &writer)
    }

    /// The beginning of a PART or END of the RAM section; page records follow.
    public static func writeRAMOpening(_ type: RecordType, id: UInt32, to writer: inout ByteWriter) {
        writer.write(type.rawValue)
        writer.write(id)
    }

    /// What ends a PART or END of the RAM section: EOS and the footer.
    public static func writeRAMClosing(id: UInt32, to writer: inout ByteWriter) {
        writer.write(RAMFlags.endOfSection)
        SectionHeader.writeFooter(id: id, to: &writer)
    }

    /// The byte that ends the sections.
    public static func writeEndOfSections(to writer: inout ByteWriter) { writer.write(RecordType.endOfFile.rawValue) }
}

/// Writes page records, and remembers the last block that was named on the channel, for as long as the channel lives.
public struct RAMRecordEncoder: Sendable {
    private let layout: [BlockLayout]
    private var lastBlock: Int?

    /// An encoder for a fresh channel.
    public init(layout: [BlockLayout]) { self.layout = layout }

    /// The next record names its block, as it must after the discards of a postcopy.
    public mutating func forgetBlock() { lastBlock = nil }

    /// The most bytes that a record takes in front of its page.
    public static let headerLimit = 8 + 1 + 255

    /// Whether a record of `block` goes on with the block of the record before: `RepeatedPageHeader` and
    /// `RepeatedZeroPage` are then what it writes.
    public func goesOn(with block: Int) -> Bool { lastBlock == block }

    /// Writes what precedes the 4096 bytes of a page.
    public mutating func writePageHeader(_ location: PageLocation, to writer: inout ByteWriter) {
        write(location, RAMFlags.page, to: &writer)
    }

    /// Writes the whole record of a page of zeroes.
    public mutating func writeZeroPage(_ location: PageLocation, to writer: inout ByteWriter) {
        write(location, RAMFlags.zero, to: &writer)
        writer.write(UInt8(0))
    }

    /// Writes the record of a page with any content; its payload follows.
    public mutating func write(
        _ location: PageLocation, _ content: RAMRecord.Content, to writer: inout ByteWriter
    ) {
        let offset = UInt64(location.page) * UInt64(MigrationFormat.pageSize)
        let name = lastBlock == location.block ? nil : layout[location.block].name
        lastBlock = location.block
        RAMRecord(content, offset: offset, block: name).write(to: &writer)
    }

    private mutating func write(_ location: PageLocation, _ flags: UInt64, to writer: inout ByteWriter) {
        let offset = UInt64(location.page) * UInt64(MigrationFormat.pageSize)
        if lastBlock == location.block {
            writer.write(offset | flags | RAMFlags.sameBlock)
        } else {
            writer.write(offset | flags)
            writer.writeString8(layout[location.block].name)
            lastBlock = location.block
        }
    }
}
