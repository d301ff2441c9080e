public import GuestMemory

/// The buffers of one request: first those the device reads, then those it writes. All lie in RAM; their content
/// belongs to the driver and may change while it is read.
public struct DescriptorChain: Sendable {
    /// A piece of guest memory.
    public struct Segment: Equatable, Sendable {
        /// Guest-physical address.
        public var address: UInt64
        /// Length in bytes.
        public var count: Int
    }

    /// The index of the first descriptor, by which the driver knows the request.
    public let head: UInt16
    /// What the device reads.
    public internal(set) var readable = Segments()
    /// What the device writes.
    public internal(set) var writable = Segments()
    /// The sum of the readable lengths in bytes.
    public internal(set) var readableCount = 0
    /// The sum of the writable lengths in bytes.
    public internal(set) var writableCount = 0

    /// Pieces of guest memory in their order. A frame is in one or two, and a disk request has no more than that of a
    /// kind: so many take no memory of the host.
    public struct Segments: Sequence, Sendable {
        private var first = Segment(address: 0, count: 0)
        private var second = Segment(address: 0, count: 0)
        private var others: [Segment] = []
        /// How many there are.
        public private(set) var count = 0

        /// Whether there are none.
        public var isEmpty: Bool { count == 0 }

        mutating func append(_ segment: Segment) {
            switch count {
            case 0: first = segment
            case 1: second = segment
            default: others.append(segment)
            }
            count += 1
        }

        subscript(_ index: Int) -> Segment {
            precondition(index >= 0 && index < count)
            return index == 0 ? first : index == 1 ? second : others[index - 2]
        }

        /// Goes through them.
        public func makeIterator() -> Iterator { Iterator(segments: self) }

        /// One after the other.
        public struct Iterator: IteratorProtocol {
            fileprivate let segments: Segments
            private var index = 0

            fileprivate init(segments: Segments) { self.segments = segments }

            /// The next one.
            public mutating func next() -> Segment? {
                guard index < segments.count else { return nil }
                defer { index += 1 }
                return segments[index]
            }
        }
    }

    init(head: UInt16) { self.head = head }

    /// The parts of `segments` that hold `range` of their bytes, in order.
    static func slice(_ segments: Segments, _ range: Range<Int>) -> Segments {
        var parts = Segments()
        var start = 0
        for segment in segments {
            let low = Swift.max(range.lowerBound, start)
            let high = Swift.min(range.upperBound, start + segment.count)
            if low < high {
                parts.append(Segment(address: segment.address + UInt64(low - start), count: high - low))
            }
            start += segment.count
            if start >= range.upperBound { break }
        }
        return parts
    }

    /// A copy of `range` of the readable bytes, which must lie inside them.
    public func read(_ range: Range<Int>, _ memory: GuestMemory) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= readableCount)
        return unsafe [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
            for part in Self.slice(readable, range) {
                let target = unsafe UnsafeMutableBufferPointer(rebasing: buffer[filled..<filled + part.count])
                // SAFETY: `slice` covers the range exactly, so every byte is initialized; `pop` checked the segments
                // against RAM, which never shrinks.
                guard unsafe memory.read(part.address, into: UnsafeMutableRawBufferPointer(target)) else { break }
                filled += part.count
            }
        }
    }

    /// Writes `bytes` into the writable buffers from their byte `offset` on; what does not fit is left out.
    public func write(_ bytes: [UInt8], at offset: Int, _ memory: GuestMemory) {
        // SAFETY: the bytes are borrowed for one call.
        unsafe bytes.withUnsafeBytes { unsafe write($0, at: offset, memory) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, _ memory: GuestMemory) {
        // SAFETY: slices are checked against `bytes`, and addresses against RAM.
        var done = 0
        for part in Self.slice(writable, offset..<offset + bytes.count) {
            unsafe memory.write(part.address, from: UnsafeRawBufferPointer(rebasing: bytes[done..<done + part.count]))
            done += part.count
        }
    }
}
