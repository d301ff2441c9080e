/// What an XBZRLE page carries: the bytes in which a page differs from what the destination has (wire format §4.4).
///
///     { zrun nzrun }*      zrun: how many bytes stay;  nzrun: how many bytes are new, then these bytes
///
/// Counts take one byte below 0x80, else two: the low seven bits with 0x80 set, then the rest.
public enum XBZRLEDelta {
    /// Why a delta does not apply.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// A run at that offset of the delta is cut off, empty where it may not be, or leaves the page.
        case malformed(at: Int)

        /// What is wrong and where.
        public var description: String {
            switch self {
            case .malformed(let offset): "the XBZRLE page is malformed at its byte \(offset)"
            }
        }
    }

    /// Calls `body` with each run of new bytes: where in the page, and where in the delta. Throws before the first call
    /// that would leave the page or the delta.
    static func forEachRun(
        of delta: Span<UInt8>, pageSize: Int, _ body: (_ page: Int, _ delta: Range<Int>) -> Void
    ) throws(Failure) {
        var index = 0
        var place = 0
        while index < delta.count {
            let start = index
            let kept = try count(delta, &index)
            guard kept > 0 || start == 0 else { throw .malformed(at: start) }
            let runStart = index
            let new = try count(delta, &index)
            guard new > 0, new <= delta.count - index, kept <= pageSize - place, new <= pageSize - place - kept else {
                throw .malformed(at: runStart)
            }
            place += kept
            body(place, index..<index + new)
            place += new
            index += new
        }
    }

    /// Reads a count. Two bytes must be there in any case, because data follows each.
    private static func count(_ delta: Span<UInt8>, _ index: inout Int) throws(Failure) -> Int {
        guard index + 1 < delta.count else { throw .malformed(at: index) }
        let first = Int(delta[index])
        guard first & 0x80 != 0 else {
            index += 1
            return first
        }
        let second = Int(delta[index + 1])
        guard second < 0x80 else { throw .malformed(at: index) }
        index += 2
        return first & 0x7f | second << 7
    }

    /// Throws if a delta does not apply to a page of `pageSize` bytes.
    public static func check(_ delta: Span<UInt8>, pageSize: Int) throws(Failure) {
        try forEachRun(of: delta, pageSize: pageSize) { _, _ in }
    }

    /// Applies a delta to a page that somebody else owns. A delta that is malformed changes nothing.
    public static func apply(
        _ delta: UnsafeRawBufferPointer, to page: UnsafeMutableRawBufferPointer
    ) throws(Failure) {
        // SAFETY: `check` finds every run inside the page and the delta, before anything is written.
        let bytes = unsafe delta.bindMemory(to: UInt8.self).span
        try check(bytes, pageSize: page.count)
        try forEachRun(of: bytes, pageSize: page.count) { place, run in
            unsafe UnsafeMutableRawBufferPointer(rebasing: page[place..<place + run.count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: delta[run]))
        }
    }

    /// Applies a delta to `page`. A delta that is malformed changes nothing.
    public static func apply(_ delta: Span<UInt8>, to page: inout MutableSpan<UInt8>) throws(Failure) {
        try check(delta, pageSize: page.count)
        var index = 0
        var place = 0
        while index < delta.count {
            place += try count(delta, &index)
            let new = try count(delta, &index)
            for step in 0..<new { page[place + step] = delta[index + step] }
            index += new
            place += new
        }
    }
}
