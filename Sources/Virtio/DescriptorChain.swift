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
    public internal(set) var readable: [Segment] = []
    /// What the device writes.
    public internal(set) var writable: [Segment] = []
    /// The sum of the readable lengths in bytes.
    public internal(set) var readableCount = 0
    /// The sum of the writable lengths in bytes.
    public internal(set) var writableCount = 0

    init(head: UInt16) { self.head = head }

    /// The parts of `segments` that hold `range` of their bytes, in order.
    static func slice(_ segments: [Segment], _ range: Range<Int>) -> [Segment] {
        var parts: [Segment] = []
        var start = 0
        for segment in segments {
            let low = max(range.lowerBound, start)
            let high = min(range.upperBound, start + segment.count)
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
