import ByteCoding

extension StreamDecoder {
    mutating func readRAMRecord(
        _ window: inout ByteWindow, type: RecordType, header: SectionHeader
    ) throws(StreamError) -> StreamElement? {
        guard window.available >= 8 else { return .needBytes(8) }
        let word: UInt64 = window.integer(0)
        let flags = word & RAMFlags.mask
        switch flags & ~RAMFlags.sameBlock {
        case RAMFlags.page, RAMFlags.zero: return try readPage(&window, word: word, flags: flags)
        case RAMFlags.endOfSection where flags == RAMFlags.endOfSection:
            window.skip(8)
            phase = .footer(type, header)
            return nil
        case RAMFlags.memorySize where flags == RAMFlags.memorySize:
            guard !inCheckpoint else { throw error("A block list in a checkpoint", window, section: "ram") }
            window.skip(8)
            listedBlocks = []
            phase = .blockList(remaining: word & ~RAMFlags.mask, type: type, header: header)
            return nil
        case RAMFlags.xbzrle:
            throw error("Received an XBZRLE page, which is not supported", window, section: "ram")
        case RAMFlags.compressed: throw error("Received an unexpected compressed page", window, section: "ram")
        case RAMFlags.hook:
            throw error(
                "error while loading state section id \(header.id)(ram): RDMA is not supported", window, section: "ram")
        default:
            throw error("Unknown combination of migration flags: 0x\(hex(flags))", window, section: "ram")
        }
    }

    /// PAGE and ZERO: the block's name unless it is the last one again, then a page or its fill byte.
    private mutating func readPage(
        _ window: inout ByteWindow, word: UInt64, flags: UInt64
    ) throws(StreamError) -> StreamElement? {
        var size = 8
        let block: Int
        if flags & RAMFlags.sameBlock != 0 {
            guard let lastBlock else { throw error("Ack, bad migration stream!", window, section: "ram") }
            block = lastBlock
        } else {
            guard window.available >= 9 else { return .needBytes(9) }
            let length = Int(window.byte(8))
            size = 9 + length
            guard window.available >= size else { return .needBytes(size) }
            let name = window.text(9, count: length)
            guard let index = expectations.layout.firstIndex(where: { $0.name == name }) else {
                throw error("Can't find block \(name)", window, section: "ram")
            }
            block = index
        }
        let offset = word & ~RAMFlags.mask
        guard offset < expectations.layout[block].size else {
            throw error("Illegal RAM offset \(hex(offset))", window, section: "ram")
        }
        let location = PageLocation(block: block, page: Int(offset) / MigrationFormat.pageSize)
        if flags & RAMFlags.zero != 0 {
            guard window.available > size else { return .needBytes(size + 1) }
            let fill = window.byte(size)
            window.skip(size + 1)
            lastBlock = block
            return .filledPage(location, fill)
        }
        window.skip(size)
        lastBlock = block
        return .page(location)
    }

    /// One entry of the block list: `str8 name be64 length [be64 guest address]`.
    mutating func readBlock(
        _ window: inout ByteWindow, remaining: UInt64, type: RecordType, header: SectionHeader
    ) throws(StreamError) -> StreamElement? {
        guard remaining > 0 else {
            phase = .ramRecords(type: type, header: header)
            return nil
        }
        guard window.available >= 1 else { return .needBytes(1) }
        let length = Int(window.byte(0))
        // With x-ignore-shared each entry ends in the block's guest address, which only counts for shared blocks.
        let entrySize = 9 + length + (expectations.ignoresShared ? 8 : 0)
        guard window.available >= entrySize else { return .needBytes(entrySize) }
        let name = window.text(1, count: length)
        let size: UInt64 = window.integer(1 + length)
        guard let index = expectations.layout.firstIndex(where: { $0.name == name }) else {
            throw error("Unknown ramblock \"\(name)\", cannot accept migration", window, section: "ram")
        }
        let own = expectations.layout[index].size
        guard size == own else {
            throw error(
                "Size mismatch: \(name): 0x\(hex(size)) != 0x\(hex(own)): Invalid argument", window, section: "ram")
        }
        guard listedBlocks.insert(index).inserted, size <= remaining else {
            throw error("The block list does not add up at block '\(name)'", window, section: "ram")
        }
        window.skip(entrySize)
        phase = .blockList(remaining: remaining - size, type: type, header: header)
        return nil
    }
}
