import MigrationFormat
import Transport

/// Sends the pages of RAM: the section on the main channel, and the pages as its `PageSender` has them travel.
struct RAMSender {
    private var records: RAMRecords
    private var pages: any PageSender
    private var passes: UInt64 = 0

    init(layout: [BlockLayout], pages: any PageSender = PlainPageSender()) {
        records = RAMRecords(layout: layout)
        self.pages = pages
    }

    /// Pages sent whole.
    var normalPages: UInt64 { records.normalPages }
    /// Pages sent as "all zero".
    var zeroPages: UInt64 { records.zeroPages }

    /// A pass over RAM begins. `isLast`: nothing is sent a second time after it.
    mutating func beginPass(isLast: Bool = false) {
        passes += 1
        pages.beginPass(passes, isLast: isLast)
    }

    /// Sends one page. Its bytes may be read until the section was closed and the channel flushed, and must be valid until
    /// then.
    mutating func send(
        _ location: PageLocation, at page: UnsafeRawPointer, on channel: Channel
    ) throws(TransportError) {
        // SAFETY: the caller keeps a whole page valid, as said above.
        try unsafe pages.send(
            location.page..<location.page + 1, ofBlock: location.block, at: page, &records, on: channel)
    }

    /// Sends pages of one block that follow each other; `base` is where the block begins. As `send` of one page.
    mutating func send(
        _ range: Range<Int>, ofBlock block: Int, at base: UnsafeRawPointer, on channel: Channel
    ) throws(TransportError) {
        // SAFETY: the pages lie inside the block, and the caller keeps them valid, as said above.
        let first = unsafe base + range.lowerBound * MigrationFormat.pageSize
        try unsafe pages.send(range, ofBlock: block, at: first, &records, on: channel)
    }

    /// Queues the beginning of a PART or END section.
    mutating func open(_ type: RecordType, id: UInt32, on channel: Channel) throws(TransportError) {
        try records.open(type, id: id, on: channel)
    }

    /// What was sent in the START section is complete: the list of blocks.
    mutating func settle(on channel: Channel) throws(TransportError) { try pages.settle(&records, on: channel) }

    /// Queues what ends a PART or END section.
    mutating func close(id: UInt32, on channel: Channel) throws(TransportError) {
        try settle(on: channel)
        try records.close(id: id, on: channel)
    }
}
