import ByteCoding
import MigrationFormat
import Transport

/// Sends page records on one channel. It remembers the last block that was named there, so one sender serves the whole
/// life of a channel: all rounds of a migration and all checkpoints after it.
struct RAMSender {
    private var encoder: RAMRecordEncoder
    private var writer = ByteWriter(capacity: RAMRecordEncoder.headerLimit + 16)
    /// Pages sent whole.
    private(set) var normalPages: UInt64 = 0
    /// Pages sent as "all zero".
    private(set) var zeroPages: UInt64 = 0

    init(layout: [BlockLayout]) { encoder = RAMRecordEncoder(layout: layout) }

    /// Queues one page. Its bytes are read when the channel is flushed, and must be valid until then.
    mutating func send(
        _ location: PageLocation, at page: UnsafeRawPointer, on channel: Channel
    ) throws(TransportError) {
        writer.removeAll()
        if unsafe PageContent.isZero(page) {
            encoder.writeZeroPage(location, to: &writer)
            try channel.write(writer.bytes)
            zeroPages += 1
        } else {
            encoder.writePageHeader(location, to: &writer)
            try channel.write(writer.bytes)
            // SAFETY: the caller keeps a whole page valid at `page` until the channel is flushed.
            try unsafe channel.writeReference(page, count: MigrationFormat.pageSize)
            normalPages += 1
        }
    }

    /// Queues pages of one block that follow each other; `base` is where the block begins. As `send` of one page.
    mutating func send(
        _ pages: Range<Int>, ofBlock block: Int, at base: UnsafeRawPointer, on channel: Channel
    ) throws(TransportError) {
        var pages = pages
        if !encoder.goesOn(with: block), let first = pages.popFirst() {
            try unsafe send(
                PageLocation(block: block, page: first), at: base + first * MigrationFormat.pageSize, on: channel)
        }
        var zero: UInt64 = 0
        var normal: UInt64 = 0
        defer {
            zeroPages += zero
            normalPages += normal
        }
        for page in pages {
            // SAFETY: a page of the block.
            let address = unsafe base + page * MigrationFormat.pageSize
            if unsafe PageContent.isZero(address) {
                try channel.write(word: RepeatedZeroPage.word(page: page), tail: 0)
                zero += 1
            } else {
                try channel.write(word: RepeatedPageHeader.word(page: page))
                try unsafe channel.writeReference(address, count: MigrationFormat.pageSize)
                normal += 1
            }
        }
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
