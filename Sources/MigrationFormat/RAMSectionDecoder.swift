/// Reads the section "ram" of a machine whose blocks are known: every block, offset and length is one that the machine
/// has. What is not taken here is refused by name, before the rest of such a record has come.
struct RAMSectionDecoder: LiveSectionDecoder {
    private let layout: [BlockLayout]
    private let hasGuestAddresses: Bool
    private let acceptsCompressed: Bool
    private var header = SectionHeader(id: 0, name: MigrationFormat.ramSectionName, instance: 0, version: 0)
    private var inCheckpoint = false
    private var isLastPart = false
    /// What is missing of the lengths in the block list; nil outside of it.
    private var listRemaining: UInt64?
    private var listedBlocks: Set<Int> = []
    /// The block of the last page. It lives as long as the channel.
    private var lastBlock: Int?
    /// Where that block ends, in bytes.
    private var lastEnd: UInt64 = 0
    /// Whether the list tells the size of huge pages.
    private var isPostcopyAdvised = false
    private var order: HostPageOrder?

    init(layout: [BlockLayout], hasGuestAddresses: Bool, acceptsCompressed: Bool) {
        self.acceptsCompressed = acceptsCompressed
        self.layout = layout
        self.hasGuestAddresses = hasGuestAddresses
    }

    var name: String { MigrationFormat.ramSectionName }
    var versions: ClosedRange<UInt32> { MigrationFormat.ramSectionVersion...MigrationFormat.ramSectionVersion }
    var isInCheckpoints: Bool { true }

    mutating func begin(_ type: RecordType, _ header: SectionHeader, inCheckpoint: Bool) {
        self.header = header
        self.inCheckpoint = inCheckpoint
        isLastPart = type == .sectionEnd
        listRemaining = nil
    }

    mutating func notePostcopyAdvised() { isPostcopyAdvised = true }

    mutating func beginPostcopy() { order = HostPageOrder(layout) }

    mutating func beginChannel() {
        lastBlock = nil
        if order != nil { order = HostPageOrder(layout) }
    }

    mutating func next(_ window: inout ByteWindow) throws(StreamError) -> LiveSectionStep {
        if let listRemaining { return try readBlock(&window, remaining: listRemaining) }
        guard window.available >= 8 else { return .element(.needBytes(8)) }
        let word: UInt64 = window.integer(0)
        if let element = try repeatedPage(word, &window) { return .element(element) }
        try checkKind(word & RAMFlags.mask, window)
        let record: RAMRecord
        let end: Int
        switch try RAMRecord.read(window, at: 0) {
        case .needBytes(let count): return .element(.needBytes(count))
        case .complete(let value, let next): (record, end) = (value, next)
        }
        switch record.content {
        case .endOfSection:
            if isLastPart { try order?.checkEnd(window) }
            window.skip(end)
            return .endOfPart
        case .memorySize:
            guard !inCheckpoint else { throw window.error("A block list in a checkpoint", at: 0, section: "ram") }
            window.skip(end)
            listedBlocks = []
            listRemaining = record.offset
            return .goOn
        case .page:
            let location = try locate(record, window)
            window.skip(end)
            return .element(.page(location))
        case .filled(let byte):
            let location = try locate(record, window)
            window.skip(end)
            return .element(.filledPage(location, byte))
        case .xbzrle(let length):
            let location = try locate(record, window)
            window.skip(end)
            return .element(.deltaPage(location, length: Int(length)))
        case .compressed(let length):
            let location = try locate(record, window)
            window.skip(end)
            return .element(.compressedPage(location, length: Int(length)))
        case .hook: throw window.error("A record that was refused", at: 0, section: "ram")
        }
    }

    /// Most records are about a page of the block before, whole or zero: these need no more than their word.
    private mutating func repeatedPage(
        _ word: UInt64, _ window: inout ByteWindow
    ) throws(StreamError) -> StreamElement? {
        let offset = word & ~RAMFlags.mask
        guard let lastBlock, offset < lastEnd else { return nil }
        let location = PageLocation(block: lastBlock, page: Int(offset) / MigrationFormat.pageSize)
        switch word & RAMFlags.mask {
        case RAMFlags.page | RAMFlags.sameBlock:
            try order?.note(location, window)
            window.skip(8)
            return .page(location)
        case RAMFlags.zero | RAMFlags.sameBlock where window.available > 8:
            try order?.note(location, window)
            let byte = window.byte(8)
            window.skip(9)
            return .filledPage(location, byte)
        default: return nil
        }
    }

    /// Refuses what this side does not take, before the rest of such a record has come.
    private func checkKind(_ flags: UInt64, _ window: ByteWindow) throws(StreamError) {
        switch flags & ~RAMFlags.sameBlock {
        case RAMFlags.compressed where !acceptsCompressed || inCheckpoint:
            throw window.error("Received an unexpected compressed page", at: 0, section: "ram")
        case RAMFlags.hook:
            throw window.error(
                "error while loading state section id \(header.id)(ram): RDMA is not supported", at: 0, section: "ram")
        case RAMFlags.xbzrle where order != nil, RAMFlags.memorySize where order != nil:
            throw window.error(
                "Unknown combination of migration flags: 0x\(hex(flags)) (postcopy mode)", at: 0, section: "ram")
        default: break
        }
    }

    /// Where the record's page lies; its block is the last one from now on.
    private mutating func locate(_ record: RAMRecord, _ window: ByteWindow) throws(StreamError) -> PageLocation {
        let block: Int
        if let name = record.block {
            guard let index = layout.firstIndex(where: { $0.name == name }) else {
                throw window.error("Can't find block \(name)", at: 0, section: "ram")
            }
            block = index
        } else {
            guard let lastBlock else { throw window.error("Ack, bad migration stream!", at: 0, section: "ram") }
            block = lastBlock
        }
        // Its bytes are already here, and perhaps newer than those of the stream.
        guard !(hasGuestAddresses && layout[block].isShared) else {
            throw window.error(
                "A page of block \(layout[block].name), which is shared and stays out of the stream", at: 0,
                section: "ram")
        }
        guard record.offset < layout[block].size else {
            throw window.error("Illegal RAM offset \(hex(record.offset))", at: 0, section: "ram")
        }
        let location = PageLocation(block: block, page: Int(record.offset) / MigrationFormat.pageSize)
        try order?.note(location, window)
        lastBlock = block
        lastEnd = layout[block].size
        return location
    }

    /// One entry of the block list. With x-ignore-shared each ends in the block's guest address, which counts for shared
    /// blocks alone: nothing else says that both sides mean the same memory.
    private mutating func readBlock(
        _ window: inout ByteWindow, remaining: UInt64
    ) throws(StreamError) -> LiveSectionStep {
        guard remaining > 0 else {
            listRemaining = nil
            return .goOn
        }
        let name: String
        switch window.string8(0) {
        case .needBytes(let count): return .element(.needBytes(count))
        case .complete(let value, _): name = value
        }
        guard let index = layout.firstIndex(where: { $0.name == name }) else {
            throw window.error("Unknown ramblock \"\(name)\", cannot accept migration", at: 0, section: "ram")
        }
        // What stands in the entry depends on the block.
        let hasPageSize = isPostcopyAdvised && layout[index].tellsHostPageSize
        let entry: RAMBlockEntry
        let end: Int
        switch RAMBlockEntry.read(window, at: 0, pageSize: hasPageSize, guestAddress: hasGuestAddresses) {
        case .needBytes(let count): return .element(.needBytes(count))
        case .complete(let value, let next): (entry, end) = (value, next)
        }
        let own = layout[index].size
        guard entry.length == own else {
            throw window.error(
                "Size mismatch: \(entry.name): 0x\(hex(entry.length)) != 0x\(hex(own)): Invalid argument", at: 0,
                section: "ram")
        }
        if let pageSize = entry.pageSize, pageSize != layout[index].hostPageSize {
            throw window.error(
                "Mismatched RAM page size \(name) (local) \(layout[index].hostPageSize) != \(pageSize)", at: 0,
                section: "ram")
        }
        if let address = entry.guestAddress, layout[index].isShared, address != layout[index].guestAddress {
            throw window.error(
                "Block \(entry.name) is at 0x\(hex(address)) in the source and at "
                    + "0x\(hex(layout[index].guestAddress)) here", at: 0, section: "ram")
        }
        guard listedBlocks.insert(index).inserted, entry.length <= remaining else {
            throw window.error("The block list does not add up at block '\(entry.name)'", at: 0, section: "ram")
        }
        window.skip(end)
        listRemaining = remaining - entry.length
        return .goOn
    }
}
