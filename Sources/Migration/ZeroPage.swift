import GuestMemory

/// Looking at whole pages.
enum PageContent {
    /// Whether every byte of the page at `page` is zero. A page that a vCPU writes meanwhile may be judged either way;
    /// the write marks it dirty, so it is looked at again.
    static func isZero(_ page: UnsafeRawPointer) -> Bool {
        // Most pages that are not zero show it in their first bytes.
        if unsafe page.loadUnaligned(as: UInt64.self) != 0 { return false }
        var offset = 0
        while offset < targetPageSize {
            // SAFETY: reads 256 bytes at a time of a page, whose size is a multiple of that.
            let first = unsafe page.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt64>.self)
            let second = unsafe page.loadUnaligned(fromByteOffset: offset + 64, as: SIMD8<UInt64>.self)
            let third = unsafe page.loadUnaligned(fromByteOffset: offset + 128, as: SIMD8<UInt64>.self)
            let fourth = unsafe page.loadUnaligned(fromByteOffset: offset + 192, as: SIMD8<UInt64>.self)
            let all = (first | second) | (third | fourth)
            if all != SIMD8<UInt64>.zero { return false }
            offset += 256
        }
        return true
    }
}
