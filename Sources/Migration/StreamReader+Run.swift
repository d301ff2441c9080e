import Environment
import MigrationFormat
import Transport

// Reading pages before they were announced: see `PageRun`.
extension ElementReader {
    /// The next page, if it is the one that was expected. Nil if something else came, which is in the window then, or
    /// if nothing is expected.
    func expectedPage(deadline: Nanoseconds?) throws(MigrationFailure) -> StreamElement? {
        // SAFETY: an empty buffer.
        while true {
            if let (location, done) = run.next() {
                inPlace = done
                isAfterPage = false
                return .page(location)
            }
            guard isAfterPage, window.available < RepeatedPageHeader.size, canReadAhead else { return nil }
            // The end of the stream is the decoder's business.
            guard try unsafe readAhead(.init(start: nil, count: 0), deadline: deadline) > 0 else { return nil }
        }
    }

    /// Fills `rest`, which is of the page that is taken, and behind it the headers and places of the pages that are
    /// expected, with one call. Returns the count of all.
    ///
    /// The window is empty, or holds the beginning of the first header, in which case `rest` is empty.
    func readAhead(_ rest: UnsafeMutableRawBufferPointer, deadline: Nanoseconds?) throws(MigrationFailure) -> Int {
        let headers = unsafe UnsafeMutableRawBufferPointer(run.headers)
        let held = unsafe window.copyFront(to: header(headers, 0))
        var places = 0
        _ = unsafe channel.addPlace(rest)
        if let next = run.page(1), let vacant = unsafe vacancies?.vacantPlaces(from: next, limit: run.lookahead),
            let start = headers.baseAddress,
            // SAFETY: places of whole pages, which nobody else uses before they have come, and a header for each.
            unsafe channel.addPlaces(
                start, size: RepeatedPageHeader.size, skipping: held, vacant.place, pageSize: MigrationFormat.pageSize,
                count: vacant.count)
        {
            places = unsafe vacant.count
        }
        _ = unsafe channel.addPlace(.init(rebasing: header(headers, places)[(places == 0 ? held : 0)...]))
        var count = 0
        try onChannel { () throws(TransportError) in count = try channel.read(deadline: deadline) }
        countDirect(min(count, rest.count))
        if count > rest.count { unsafe sort(count - rest.count, headers, held: held, places: places) }
        return count
    }

    /// The pages behind the one that was taken last that are in their places already; they count as taken, too.
    func takeArrivedPages() -> (block: Int, pages: Range<Int>)? { isAfterPage ? run.takeComplete() : nil }

    /// Takes what the window holds of pages of the block of the last one, which is `location` or was read with it, and has
    /// `end` pages: pages that came wholly and follow each other, and pages of zeroes wherever they lie, which are told to
    /// `clear`. Where a guest has written here and there, both take turns. Returns how many there were.
    @discardableResult
    func takeHeldPages(
        behind location: PageLocation, upTo end: Int, into arrivals: PageArrivals, clear: (Range<Int>) -> Void
    ) -> Int {
        guard run.isSettled else { return 0 }
        let block = location.block
        var page = (run.last ?? location).page + 1
        var taken = 0
        while true {
            let before = taken
            // SAFETY: the pages up to `end` lie in their block.
            let place = unsafe arrivals.place(of: PageLocation(block: block, page: page))
            let pages = unsafe page..<page + window.takeRepeatedPages(page..<end, to: place)
            if !pages.isEmpty {
                arrivals.noteWritten(pages, ofBlock: block)
                copiedBytes += UInt64(pages.count * MigrationFormat.pageSize)
                run.take(pages, ofBlock: block)
                isAfterPage = true
                taken += pages.count
                page = pages.upperBound
            }
            var zeroes = 0
            window.takeZeroPages(below: end) { pages in
                clear(pages)
                zeroes += pages.count
                page = pages.upperBound
            }
            if zeroes > 0 {
                run.end()
                isAfterPage = false
                taken += zeroes
            }
            guard taken > before else { return taken }
        }
    }

    /// Whether a page is expected, and has a place.
    // SAFETY: the place is only compared with nil.
    var canReadAhead: Bool { unsafe run.lookahead > 0 && vacantPlace(1) != nil }

    private func header(_ headers: UnsafeMutableRawBufferPointer, _ index: Int) -> UnsafeMutableRawBufferPointer {
        // SAFETY: `index` is at most `PageRun.limit`, and there is one header more; a slice of the buffer is checked.
        let start = index * RepeatedPageHeader.size
        return unsafe .init(rebasing: headers[start..<start + RepeatedPageHeader.size])
    }

    private func vacantPlace(_ distance: Int) -> UnsafeMutableRawPointer? {
        // SAFETY: the place of a whole page, as `PageArrivals.vacantPlace` has checked.
        unsafe run.page(distance).flatMap { unsafe vacancies?.vacantPlace(of: $0) }
    }

    /// Moves what stands in the place of an expected page, and belongs elsewhere, to the window.
    private func moveAway(_ index: Int, _ count: Int) {
        guard let location = run.page(index + 1), let vacancies else { return }
        // SAFETY: `count` bytes of a page's place were read just now.
        unsafe window.append(copying: .init(start: vacancies.place(of: location), count: count))
        vacancies.clear(location, count: count)
    }

    /// Finds out what the `count` bytes are that were read behind the page: pages that were expected, as far as the
    /// headers are right. The rest goes to the window.
    private func sort(_ count: Int, _ headers: UnsafeMutableRawBufferPointer, held: Int, places: Int) {
        // SAFETY: every header and place was listed by `readAhead` for this call, and `count` is what was filled of
        // them.
        // Most often, all of them.
        let whole = run.rightHeaders(min(places, (held + count) / (RepeatedPageHeader.size + MigrationFormat.pageSize)))
        var left = count
        if whole > 0 {
            let headerCount = whole * RepeatedPageHeader.size - held
            window.drop(held)
            window.countDirect(headerCount)
            countDirect(whole * MigrationFormat.pageSize)
            run.extend(byPages: whole)
            left -= headerCount + whole * MigrationFormat.pageSize
        }
        var isExpected = true
        for index in whole...places where left > 0 {
            let known = index == 0 ? held : 0
            let header = unsafe header(headers, index)
            let headerCount = min(left, header.count - known)
            left -= headerCount
            let isWhole = known + headerCount == header.count && index < places
            if isExpected, isWhole, run.isHeader(index) {
                let payload = min(left, MigrationFormat.pageSize)
                left -= payload
                window.drop(known)
                window.countDirect(headerCount)
                countDirect(payload)
                run.extend(by: payload)
                continue
            }
            if isExpected, isWhole { run.disappoint() }
            isExpected = false
            unsafe window.append(copying: .init(rebasing: header[known..<known + headerCount]))
            let payload = index < places ? min(left, MigrationFormat.pageSize) : 0
            left -= payload
            if payload > 0 { moveAway(index, payload) }
        }
    }
}
