import ByteCoding
import MigrationFormat
import Transport

/// Writes the records of the RAM section on the main channel, and counts them. It remembers the last block that was named
/// there, so one serves the whole life of a channel: all rounds of a migration and all checkpoints after it.
struct RAMRecords {
    private var encoder: RAMRecordEncoder
    private var writer = ByteWriter(capacity: RAMRecordEncoder.headerLimit + 16)
    /// Pages sent whole, on whatever channel.
    var normalPages: UInt64 = 0
    /// Pages sent as "all zero".
    private(set) var zeroPages: UInt64 = 0

    init(layout: [BlockLayout]) { encoder = RAMRecordEncoder(layout: layout) }

    /// Whether a record of `block` need not name it.
    func goesOn(with block: Int) -> Bool { encoder.goesOn(with: block) }

    /// Queues one page, zero or whole. Its bytes are read when the channel is flushed, and must be valid until then.
    mutating func send(
        _ location: PageLocation, at page: UnsafeRawPointer, on channel: Channel
    ) throws(TransportError) {
        if unsafe PageContent.isZero(page) {
            try sendZero(location, on: channel)
        } else {
            try writeHeader(location, on: channel)
            // SAFETY: the caller keeps a whole page valid at `page` until the channel is flushed.
            try unsafe channel.writeReference(page, count: MigrationFormat.pageSize)
        }
    }

    /// Queues pages of the block that was named last, which follow each other and lie at `first`. As `send`.
    mutating func sendMore(
        _ pages: Range<Int>, at first: UnsafeRawPointer, on channel: Channel
    ) throws(TransportError) {
        var zero: UInt64 = 0
        var normal: UInt64 = 0
        defer {
            zeroPages += zero
            normalPages += normal
        }
        // SAFETY: the caller lends as many pages as `pages` has, from `first` on, until the channel is flushed.
        var place = unsafe first
        for page in pages {
            if unsafe PageContent.isZero(place) {
                try channel.write(word: RepeatedZeroPage.word(page: page), tail: 0)
                zero += 1
            } else {
                try channel.write(word: RepeatedPageHeader.word(page: page))
                try unsafe channel.writeReference(place, count: MigrationFormat.pageSize)
                normal += 1
            }
            unsafe place += MigrationFormat.pageSize
        }
    }

    /// Queues a page of zeroes.
    mutating func sendZero(_ location: PageLocation, on channel: Channel) throws(TransportError) {
        zeroPages += 1
        guard !encoder.goesOn(with: location.block) else {
            return try channel.write(word: RepeatedZeroPage.word(page: location.page), tail: 0)
        }
        writer.removeAll()
        encoder.writeZeroPage(location, to: &writer)
        try channel.write(writer.bytes)
    }

    /// Queues a copy of a page that is not zero.
    mutating func sendCopy(
        of location: PageLocation, _ page: UnsafeRawBufferPointer, on channel: Channel
    ) throws(TransportError) {
        try writeHeader(location, on: channel)
        // SAFETY: copied before the call returns.
        try unsafe channel.write(copying: page)
    }

    /// Queues a copy of what stands for a page that is neither zero nor whole: its difference from what the destination has,
    /// or its zlib stream.
    mutating func send(
        _ location: PageLocation, as content: RAMRecord.Content, _ payload: UnsafeRawBufferPointer, on channel: Channel
    ) throws(TransportError) {
        writer.removeAll()
        encoder.write(location, content, to: &writer)
        try channel.write(writer.bytes)
        // SAFETY: copied before the call returns.
        try unsafe channel.write(copying: payload)
    }

    /// Queues a copy of a difference of `length` bytes, which begins `RepeatedDelta.headerSize` bytes behind `record`: room
    /// for what stands in front of it.
    mutating func sendDelta(
        _ location: PageLocation, _ length: Int, in record: UnsafeMutableRawPointer, on channel: Channel
    ) throws(TransportError) {
        // SAFETY: the caller lends the header's bytes and the difference; copied before the call returns.
        guard encoder.goesOn(with: location.block) else {
            let delta = unsafe UnsafeRawBufferPointer(start: record + RepeatedDelta.headerSize, count: length)
            return try unsafe send(location, as: .xbzrle(length: UInt16(length)), delta, on: channel)
        }
        unsafe RepeatedDelta.writeHeader(page: location.page, length: length, to: record)
        try unsafe channel.write(copying: .init(start: record, count: RepeatedDelta.headerSize + length))
    }

    private mutating func writeHeader(_ location: PageLocation, on channel: Channel) throws(TransportError) {
        normalPages += 1
        guard !encoder.goesOn(with: location.block) else {
            return try channel.write(word: RepeatedPageHeader.word(page: location.page))
        }
        writer.removeAll()
        encoder.writePageHeader(location, to: &writer)
        try channel.write(writer.bytes)
    }

    /// Queues the beginning of a PART or END section.
    mutating func open(_ type: RecordType, id: UInt32, on channel: Channel) throws(TransportError) {
        writer.removeAll()
        StreamEncoder.writeRAMOpening(type, id: id, to: &writer)
        try channel.write(writer.bytes)
    }

    /// Queues what ends a PART or END section.
    mutating func close(id: UInt32, on channel: Channel) throws(TransportError) {
        writer.removeAll()
        StreamEncoder.writeRAMClosing(id: id, to: &writer)
        try channel.write(writer.bytes)
    }
}
