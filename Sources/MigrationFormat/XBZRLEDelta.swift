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

    /// The most that a count of two bytes tells.
    static let countLimit = 0x3fff

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

    /// Writes the delta from `old` to `new`, which have the same length, to the start of `delta`. Returns how many bytes
    /// it takes, 0 for pages that are equal; nil if there is no room for it, so that the page is better sent whole.
    public static func write(
        from old: Span<UInt8>, to new: Span<UInt8>, into delta: inout MutableSpan<UInt8>
    ) -> Int? {
        precondition(old.count == new.count && old.count <= countLimit)
        var used = 0
        var place = 0
        while true {
            let kept = place
            while place < old.count, old[place] == new[place] { place += 1 }
            guard place < old.count else { return used }
            let start = place
            while place < old.count, old[place] != new[place] { place += 1 }
            guard used + 4 + place - start <= delta.count else { return nil }
            write(start - kept, to: &delta, at: &used)
            write(place - start, to: &delta, at: &used)
            for index in start..<place { delta[used + index - start] = new[index] }
            used += place - start
        }
    }

    private static func write(_ count: Int, to delta: inout MutableSpan<UInt8>, at index: inout Int) {
        if count < 0x80 {
            delta[index] = UInt8(count)
            index += 1
        } else {
            delta[index] = UInt8(count & 0x7f | 0x80)
            delta[index + 1] = UInt8(count >> 7)
            index += 2
        }
    }
}
