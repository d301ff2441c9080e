import ByteCoding
import GuestMemory
import MigrationFormat
import Transport

/// A channel that carries pages in postcopy, with the last block that was named on it: the main one, where pages stand in
/// PARTs of the section of RAM, or the one for pages that were asked for, which carries bare records (wire.md §9).
struct PostcopyLane {
    private let channel: Channel
    /// The section that its records stand in; nil where there is none.
    private let sectionID: UInt32?
    /// Its first record names its block: whoever reads it has forgotten, or never known, which one was the last.
    private var records: RAMRecords
    private var isPartOpen = false

    init(on channel: Channel, layout: [BlockLayout], sectionID: UInt32?) {
        self.channel = channel
        self.sectionID = sectionID
        records = RAMRecords(layout: layout)
    }

    /// Bytes that the channel has carried.
    var bytesSent: UInt64 { channel.bytesSent }
    /// Pages sent whole on this channel.
    var normalPages: UInt64 { records.normalPages }
    /// Pages sent as "all zero".
    var zeroPages: UInt64 { records.zeroPages }

    /// Sends pages of a block that follow each other and lie at `first`, and waits until the kernel has them.
    mutating func send(
        _ pages: Range<Int>, ofBlock block: Int, at first: UnsafeRawPointer
    ) throws(TransportError) {
        if let sectionID, !isPartOpen { try records.open(.sectionPart, id: sectionID, on: channel) }
        isPartOpen = true
        var sender = PlainPageSender()
        // SAFETY: the caller lends as many pages as `pages` has until this returns, and they are flushed by then.
        try unsafe sender.send(pages, ofBlock: block, at: first, &records, on: channel)
        try channel.flush()
    }

    /// Ends the section, and the sections; `settle` does what has to come before each end of a part.
    mutating func endSections(_ settle: () throws(TransportError) -> Void) throws(TransportError) {
        guard let sectionID else { return }
        try endPart(settle)
        try records.open(.sectionEnd, id: sectionID, on: channel)
        try settle()
        try records.close(id: sectionID, on: channel)
        var writer = ByteWriter(capacity: 8)
        StreamEncoder.writeEndOfSections(to: &writer)
        try channel.write(writer.bytes)
        try channel.flush()
    }

    /// Sends PING, which stands between two parts; `settle` as in `endSections`.
    mutating func ping(_ value: UInt32, _ settle: () throws(TransportError) -> Void) throws(TransportError) {
        try endPart(settle)
        var writer = ByteWriter(capacity: 16)
        StreamCommand.ping(value).write(to: &writer)
        try channel.write(writer.bytes)
        try channel.flush()
    }

    private mutating func endPart(_ settle: () throws(TransportError) -> Void) throws(TransportError) {
        guard let sectionID, isPartOpen else { return }
        try settle()
        try records.close(id: sectionID, on: channel)
        isPartOpen = false
    }

    /// Ends bare records.
    mutating func endRecords() throws(TransportError) {
        var writer = ByteWriter(capacity: 8)
        RAMRecord(.endOfSection).write(to: &writer)
        try channel.write(writer.bytes)
        try channel.flush()
    }
}
