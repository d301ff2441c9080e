import GuestMemory
import MigrationFormat
import SystemCalls

/// One channel that brings pages of a postcopy, and the host page that it is in the middle of. Belongs to the thread that
/// reads it.
///
/// All target pages of a host page follow each other, in their order, as the decoder has checked.
@safe final class PostcopyChannel<Decoder: ElementDecoder> {
    private let reader: ElementReader<Decoder>
    private let placement: PostcopyPlacement
    private let inflation: PageInflation?
    // SAFETY: allocated and freed here; as large as the largest host page.
    private let buffer: UnsafeMutableRawPointer
    /// Whether the host page is placed when it is whole, rather than dropped.
    private var isWanted = false
    /// It has brought nothing but zeroes of the host page.
    private var isZero = true

    init(
        _ reader: ElementReader<Decoder>, to placement: PostcopyPlacement, inflation: PageInflation?
    ) {
        self.reader = reader
        self.placement = placement
        self.inflation = inflation
        // SAFETY: freed by `deinit` alone.
        unsafe buffer = .allocate(byteCount: placement.largestHostPage, alignment: 4096)
    }

    // SAFETY: nobody has it any more.
    deinit { unsafe buffer.deallocate() }

    /// Takes a page that the reader has announced; false of anything else.
    func take(_ element: StreamElement) throws(MigrationFailure) -> Bool {
        // SAFETY: `target` has a whole page for the one that is taken.
        switch element {
        case .page(let location):
            let target = unsafe begin(location)
            isZero = false
            try unsafe reader.takePage(into: target)
            try finish(location)
        case .filledPage(let location, let byte):
            let target = unsafe begin(location)
            if byte != 0 { isZero = false }
            unsafe fill(target, byte, location)
            try finish(location)
        case .compressedPage(let location, let length):
            let target = unsafe begin(location)
            isZero = false
            try unsafe inflate(length, location, to: target)
            try finish(location)
        default: return false
        }
        return true
    }

    /// Where the page is to be put for now.
    private func begin(_ location: PageLocation) -> UnsafeMutableRawPointer {
        let first = placement.firstPage(of: location)
        if first == location {
            isWanted = placement.claim(location)
            isZero = true
        }
        guard isWanted, placement.isDirect else {
            // SAFETY: the page is one of the host page, as large as the buffer at most.
            return unsafe buffer + (location.page - first.page) * targetPageSize
        }
        return unsafe placement.place(of: location)
    }

    private func fill(_ target: UnsafeMutableRawPointer, _ byte: UInt8, _ location: PageLocation) {
        // A page of zeroes that nobody has written stays absent.
        if byte == 0, isWanted, placement.isDirect, placement.isZero(location) { return }
        // SAFETY: a whole page, as `begin` says.
        unsafe target.initializeMemory(as: UInt8.self, repeating: byte, count: targetPageSize)
    }

    private func inflate(
        _ length: Int, _ location: PageLocation, to target: UnsafeMutableRawPointer
    ) throws(MigrationFailure) {
        guard let inflation else { throw .cancelled }
        let start = reader.window.offset
        // SAFETY: the target is a whole page, and filled before `settle` returns.
        try unsafe reader.takeStored(length) { (stream) throws(MigrationFailure) in
            try unsafe inflation.give(stream, at: start, of: location, to: target)
        }
        try inflation.settle()
    }

    private func finish(_ location: PageLocation) throws(MigrationFailure) {
        let first = placement.firstPage(of: location)
        let pages = placement.hostPage(at: first)
        guard isWanted, location.page == pages.upperBound - 1 else { return }
        // SAFETY: the buffer holds the whole host page now.
        try onSystem { () throws(SystemError) in
            try unsafe placement.finish(pages, ofBlock: first.block, bytes: isZero ? nil : UnsafeRawPointer(buffer))
        }
    }
}
