import GuestMemory
import MigrationFormat
import SystemCalls
import Transport

/// Pages as differences from what the destination has (wire.md §4.4), from the second pass on; before, and whatever the
/// cache does not know or a difference would not make smaller, as `first` sends them. A page that holds what the
/// destination has already is not sent at all.
@safe struct XBZRLEPageSender: PageSender {
    // SAFETY: `page` and `delta` are allocated here, and go with their owner.
    @safe private final class Scratch {
        // SAFETY: allocated and freed here, a page each.
        let page = UnsafeMutableRawPointer.allocate(byteCount: MigrationFormat.pageSize, alignment: 64)
        let delta = UnsafeMutableRawPointer.allocate(byteCount: MigrationFormat.pageSize, alignment: 64)
        deinit {
            unsafe page.deallocate()
            unsafe delta.deallocate()
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
    private let scratch = Scratch()
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
        guard pass > 1, sizeCache() else {
            return try unsafe self.first.send(pages, ofBlock: block, at: first, &records, on: main)
        }
        for page in pages {
            // SAFETY: the caller lends as many pages as `pages` has, from `first` on.
            let place = unsafe first + (page - pages.lowerBound) * MigrationFormat.pageSize
            try unsafe send(PageLocation(block: block, page: page), at: place, &records, on: main)
        }
    }

    private func send(
        _ location: PageLocation, at place: UnsafeRawPointer, _ records: inout RAMRecords, on main: Channel
    ) throws(TransportError) {
        let key = firstKeys[location.block] + location.page
        counters.add(.seen)
        if unsafe PageContent.isZero(place) {
            memory.cache?.noteZero(key)
            return try records.sendZero(location, on: main)
        }
        // A vCPU may write to the page meanwhile. What is compared, sent and remembered is one copy of it.
        unsafe scratch.page.copyMemory(from: place, byteCount: MigrationFormat.pageSize)
        let page = unsafe UnsafeRawBufferPointer(start: scratch.page, count: MigrationFormat.pageSize)
        guard let known = unsafe memory.cache?.find(key, pass: pass) else {
            counters.add(.misses)
            // With the guest stopped for good nothing is sent a second time.
            if !isLast { unsafe memory.cache?.insert(key, scratch.page, pass: pass) }
            return try unsafe records.sendCopy(of: location, page, on: main)
        }
        counters.add(.pages)
        // SAFETY: both are whole pages, and the buffer for the difference is as long as one.
        let length = unsafe XBZRLEDelta.write(
            from: UnsafeRawBufferPointer(start: known, count: MigrationFormat.pageSize), to: page,
            into: UnsafeMutableRawBufferPointer(start: scratch.delta, count: MigrationFormat.pageSize))
        unsafe known.copyMemory(from: scratch.page, byteCount: MigrationFormat.pageSize)
        guard let length else {
            counters.add(.overflows)
            return try unsafe records.sendCopy(of: location, page, on: main)
        }
        counters.add(difference: length)
        guard length > 0 else { return }
        let delta = unsafe UnsafeRawBufferPointer(start: scratch.delta, count: length)
        try unsafe records.send(location, as: .xbzrle(length: UInt16(length)), delta, on: main)
    }

    /// Makes the cache as large as it is to be now; false without memory for one, and then pages go whole.
    private func sizeCache() -> Bool {
        let wanted = counters.cacheSize
        guard wanted != memory.bytes else { return memory.cache != nil }
        memory.bytes = wanted
        guard var cache = try? XBZRLECache(bytes: wanted) else {
            memory.cache = nil
            return false
        }
        if let before = memory.cache.take() { cache.take(from: before) }
        memory.cache = consume cache
        return true
    }
}
