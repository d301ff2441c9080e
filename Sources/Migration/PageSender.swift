import MigrationFormat
import Transport

/// How pages travel: whole, as differences, compressed, or on channels of their own. Belongs to the thread that sends.
protocol PageSender {
    /// Sends pages of one block that follow each other and lie at `first`; a page that is zero, and whatever has a place
    /// in the stream itself, goes through `records`. The bytes must be valid until `settle` has returned and the main
    /// channel is flushed.
    mutating func send(
        _ pages: Range<Int>, ofBlock block: Int, at first: UnsafeRawPointer, _ records: inout RAMRecords,
        on main: Channel
    ) throws(TransportError)

    /// A part of the section ends. All that was given to the sender is on its way when this returns, and what is given
    /// to it later is newer.
    mutating func settle(_ records: inout RAMRecords, on main: Channel) throws(TransportError)

    /// A pass over RAM begins, the first one with 1. `isLast`: nothing is sent a second time after it.
    mutating func beginPass(_ number: UInt64, isLast: Bool)
}

extension PageSender {
    mutating func settle(_ records: inout RAMRecords, on main: Channel) throws(TransportError) {}
    mutating func beginPass(_ number: UInt64, isLast: Bool) {}
}

/// Pages whole, in the stream itself, read from where they lie when the channel is flushed.
struct PlainPageSender: PageSender {
    mutating func send(
        _ pages: Range<Int>, ofBlock block: Int, at first: UnsafeRawPointer, _ records: inout RAMRecords,
        on main: Channel
    ) throws(TransportError) {
        var pages = pages
        // SAFETY: the caller lends as many pages as `pages` has, from `first` on.
        var place = unsafe first
        if !records.goesOn(with: block), let page = pages.popFirst() {
            try unsafe records.send(PageLocation(block: block, page: page), at: place, on: main)
            unsafe place += MigrationFormat.pageSize
        }
        try unsafe records.sendMore(pages, at: place, on: main)
    }
}
