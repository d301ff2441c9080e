import MigrationFormat

/// Pages of one block that follow each other in a stream, and how many of them are read with one call.
///
/// After a page, most likely, comes the next one of its block. So the driver lists the rest of a page, the eight bytes
/// of the header that is expected, the place of the next page, another header, and so on, and has one readv(2) fill all of
/// them: no byte of a page passes through a buffer. If a header is another one, what stands behind it is moved to where
/// it would have been otherwise. How far is looked ahead grows while pages follow each other; a stream in which they do
/// not is read through the window.
///
/// Measured on memory that is present, against a window of 128 KiB that every page is copied from: a tenth less processor
/// time over a unix socket and a seventh less over TCP, at least the same throughput, and as few calls. One call for each
/// page costs half as much again; expecting more than 64 pages gains nothing.
@safe final class PageRun {
    /// The most pages that are expected at a time.
    static let limit = 64
    /// How many pages in a row make one expect more of them.
    static let threshold = 4

    // SAFETY: the headers live as long as the run; `limit` + 1 of them, each of eight bytes.
    /// Room for the headers that are expected, and the one after them.
    let headers: UnsafeMutableBufferPointer<UInt64>
    /// The last page that was taken, or is being taken.
    private(set) var last: PageLocation?
    /// How many pages in a row there were, up to the last one.
    private var length = 0
    /// Pages behind the last one that are in their places wholly.
    private(set) var complete = 0
    /// How much of the page behind those is in its place, if its header was seen.
    private(set) var begun: Int?

    init() {
        // SAFETY: the buffer is initialized wholly, and freed by `deinit`.
        unsafe headers = .allocate(capacity: Self.limit + 1)
        unsafe headers.initialize(repeating: 0)
    }

    // SAFETY: the buffer is owned.
    deinit { unsafe headers.deallocate() }

    /// How many pages to look ahead.
    var lookahead: Int { length < Self.threshold ? 0 : min(Self.limit, length) }

    /// The page that comes `distance` behind the last one.
    func page(_ distance: Int) -> PageLocation? {
        last.map { PageLocation(block: $0.block, page: $0.page + distance) }
    }

    /// How many of the first `count` headers are those of the pages that were expected there.
    func rightHeaders(_ count: Int) -> Int {
        // SAFETY: `count` is at most how many headers were listed, which is at most `limit`.
        guard let first = page(1)?.page else { return 0 }
        let headers = unsafe headers
        var index = 0
        while index < count, unsafe headers[index] == RepeatedPageHeader.word(page: first + index) { index += 1 }
        return index
    }

    /// Whether the header at `index` is that of the page that was expected there.
    func isHeader(_ index: Int) -> Bool {
        // SAFETY: callers stay below `limit`, and there is one header more.
        guard let page = page(index + 1) else { return false }
        return unsafe headers[index] == RepeatedPageHeader.word(page: page.page)
    }

    /// The next page, if its header was seen already; the driver goes on with it, and gets how much of it is in place.
    func next() -> (location: PageLocation, done: Int)? {
        guard complete > 0 || begun != nil, let location = page(1) else { return nil }
        last = location
        length += 1
        if complete > 0 {
            complete -= 1
            return (location, MigrationFormat.pageSize)
        }
        let done = begun ?? 0
        begun = nil
        return (location, done)
    }

    /// The pages behind the last one that are in their places wholly; they count as taken.
    func takeComplete() -> (block: Int, pages: Range<Int>)? {
        guard complete > 0, let first = page(1) else { return nil }
        let pages = first.page..<first.page + complete
        last = page(complete)
        length += complete
        complete = 0
        return (first.block, pages)
    }

    /// A page was announced by the decoder.
    func begin(_ location: PageLocation) {
        length = page(1) == location ? length + 1 : 1
        last = location
    }

    /// Pages that were announced came wholly.
    func take(_ pages: Range<Int>, ofBlock block: Int) {
        length = page(1) == PageLocation(block: block, page: pages.lowerBound) ? length + pages.count : pages.count
        last = PageLocation(block: block, page: pages.upperBound - 1)
    }

    /// Whether nothing of the pages behind the last one is in its place.
    var isSettled: Bool { complete == 0 && begun == nil }

    /// Something else than a page came.
    func end() {
        last = nil
        length = 0
    }

    /// What was expected did not come.
    func disappoint() { length = 0 }

    /// The next `count` pages behind those that are known came wholly.
    func extend(byPages count: Int) { complete += count }

    /// The header of the next page behind those that are known was seen, and `count` bytes of its payload.
    func extend(by count: Int) { if count == MigrationFormat.pageSize { complete += 1 } else { begun = count } }
}
