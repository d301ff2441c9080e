import GuestMemory

/// Looking at whole pages.
enum PageContent {
    /// Whether every byte of the page at `page` is zero. A page that a vCPU writes meanwhile may be judged either way;
    /// the write marks it dirty, so it is looked at again.
    ///
    /// Cache lines are looked at one by one and in their order, with nothing before: so the processor fetches ahead. 33 GiB/s
    /// on present memory, what it can read; a first look at one word, or reading the lines in another order, costs half
    /// of that, and wider vectors gain nothing. Most pages that are not zero show it in the first line.
    static func isZero(_ page: UnsafeRawPointer) -> Bool {
        var offset = 0
        while offset < targetPageSize {
            // SAFETY: reads 64 bytes at a time of a page, whose size is a multiple of that.
            let first = unsafe page.loadUnaligned(fromByteOffset: offset, as: SIMD2<UInt64>.self)
            let second = unsafe page.loadUnaligned(fromByteOffset: offset + 16, as: SIMD2<UInt64>.self)
            let third = unsafe page.loadUnaligned(fromByteOffset: offset + 32, as: SIMD2<UInt64>.self)
            let fourth = unsafe page.loadUnaligned(fromByteOffset: offset + 48, as: SIMD2<UInt64>.self)
            let all = (first | second) | (third | fourth)
            if all[0] | all[1] != 0 { return false }
            offset += 64
        }
        return true
    }
}
