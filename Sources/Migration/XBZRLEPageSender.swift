import GuestMemory
import MigrationFormat
import SystemCalls
import Transport

/// Pages as differences from what the destination has (wire.md §4.4), from the second pass on; before, and whatever the
/// cache does not know or a difference would not make smaller, as `first` sends them. A page that holds what the
/// destination has already is not sent at all.
@safe struct XBZRLEPageSender: PageSender {
    /// Room for one record.
    @safe private final class Record {
        // SAFETY: allocated and freed here; the header's bytes, and as many as a page has.
        let start = UnsafeMutableRawPointer.allocate(
            byteCount: RepeatedDelta.headerSize + MigrationFormat.pageSize, alignment: 64)
        deinit { unsafe start.deallocate() }

        /// Where the difference goes.
        var difference: UnsafeMutableRawBufferPointer {
            unsafe UnsafeMutableRawBufferPointer(
                start: start + RepeatedDelta.headerSize, count: MigrationFormat.pageSize)
        }
    }
    /// The cache, which exists from the second pass on.
    private final class Memory {
        var cache: XBZRLECache?
        var bytes = 0
        init() {}
    }
    private var first: any PageSender
    private let counters: XBZRLECounters
    private let record = Record()
    private let memory = Memory()
    /// For each block the number of its first page among all pages.
    private let firstKeys: [Int]
    private var pass: UInt64 = 0
    private var isLast = false

    /// `counters` also says how large the cache is to be.
    init(layout: [BlockLayout], counters: XBZRLECounters, before first: any PageSender) {
        self.first = first
        self.counters = counters
        var keys: [Int] = []
        var next = 0
        for block in layout {
            keys.append(next)
            next += Int(block.size) / MigrationFormat.pageSize
        }
        firstKeys = keys
    }

    mutating func beginPass(_ number: UInt64, isLast: Bool) {
        pass = number
        self.isLast = isLast
        first.beginPass(number, isLast: isLast)
        counters.beginPass()
    }

    mutating func settle(_ records: inout RAMRecords, on main: Channel) throws(TransportError) {
        try first.settle(&records, on: main)
    }

    mutating func send(
        _ pages: Range<Int>, ofBlock block: Int, at first: UnsafeRawPointer, _ records: inout RAMRecords,
        on main: Channel
    ) throws(TransportError) {
        guard pass > 1, let cache = sizedCache() else {
            return try unsafe self.first.send(pages, ofBlock: block, at: first, &records, on: main)
        }
        var tally = XBZRLECounters.Tally()
        defer { counters.add(tally) }
        for page in pages {
            // SAFETY: the caller lends as many pages as `pages` has, from `first` on.
            let place = unsafe first + (page - pages.lowerBound) * MigrationFormat.pageSize
            try unsafe send(PageLocation(block: block, page: page), at: place, cache, &tally, &records, on: main)
        }
    }

    /// A vCPU may write to the page meanwhile; then it is sent again. But what is sent and what is remembered are always the
    /// same bytes.
    private func send(
        _ location: PageLocation, at place: UnsafeRawPointer, _ cache: XBZRLECache,
        _ tally: inout XBZRLECounters.Tally, _ records: inout RAMRecords, on main: Channel
    ) throws(TransportError) {
        let key = firstKeys[location.block] + location.page
        tally.seen += 1
        if unsafe PageContent.isZero(place) {
            if !isLast { cache.insertZero(key, pass: pass) }
            return try records.sendZero(location, on: main)
        }
        guard let known = unsafe cache.find(key, pass: pass) else {
            tally.misses += 1
            // With the guest stopped for good nothing is sent a second time.
            guard !isLast, let room = unsafe cache.makeRoom(key, pass: pass) else {
                return try unsafe records.send(location, at: place, on: main)
            }
            return try unsafe sendWhole(location, place, remembering: room, &records, on: main)
        }
        tally.pages += 1
        // SAFETY: both are whole pages, and the difference has as much room.
        guard let length = unsafe XBZRLEDelta.write(from: known, to: place, into: record.difference) else {
            tally.overflows += 1
            return try unsafe sendWhole(location, place, remembering: known, &records, on: main)
        }
        tally.encoded += length
        guard length > 0 else { return }
        tally.records += 1
        try unsafe records.sendDelta(location, length, in: record.start, on: main)
    }

    private func sendWhole(
        _ location: PageLocation, _ page: UnsafeRawPointer, remembering copy: UnsafeMutableRawPointer,
        _ records: inout RAMRecords, on main: Channel
    ) throws(TransportError) {
        // SAFETY: both are whole pages; the copy is in the cache.
        unsafe copy.copyMemory(from: page, byteCount: MigrationFormat.pageSize)
        try unsafe records.sendCopy(
            of: location, UnsafeRawBufferPointer(start: copy, count: MigrationFormat.pageSize), on: main)
    }

    /// The cache, as large as it is to be now; nil without memory for one, and then pages go whole.
    private func sizedCache() -> XBZRLECache? {
        let wanted = counters.cacheSize
        guard wanted != memory.bytes else { return memory.cache }
        memory.bytes = wanted
        let cache = try? XBZRLECache(bytes: wanted)
        if let before = memory.cache { cache?.take(from: before) }
        memory.cache = cache
        return cache
    }
}
