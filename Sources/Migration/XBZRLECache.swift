import Glibc
import MigrationFormat
import SystemCalls

/// The pages that the destination has, as far as they are remembered: one place for each of so many groups of pages
/// (wire.md §4.4). A page takes the place of another only if that was not asked for in this pass or the one before, so
/// that a guest that writes more pages than have room does not drive out all of them in turn.
@safe struct XBZRLECache: ~Copyable {
    // SAFETY: a slot is below `count`, for which `pages` has room; `keys` and `ages` have as many entries.
    private let pages: MemoryMapping
    /// The number of the page in each slot; -1 for none.
    private var keys: [Int]
    /// The pass in which it was asked for last.
    private var ages: [UInt64]
    private let count: Int

    /// How many passes a page is kept that is asked for no more.
    static let lifetime: UInt64 = 2

    /// A cache of `bytes`, a power of two no less than a page. Memory is taken as it fills.
    init(bytes: Int) throws(SystemError) {
        count = max(1, bytes / MigrationFormat.pageSize)
        pages = try MemoryMapping(count: count * MigrationFormat.pageSize)
        keys = [Int](repeating: -1, count: count)
        ages = [UInt64](repeating: 0, count: count)
    }

    /// What the destination has of page `key`, if that is known. It is asked for in `pass`.
    mutating func find(_ key: Int, pass: UInt64) -> UnsafeMutableRawPointer? {
        let slot = key & (count - 1)
        guard keys[slot] == key else { return nil }
        ages[slot] = pass
        return unsafe place(slot)
    }

    /// Remembers that the destination has the 4096 bytes at `page` as page `key`; false if another page keeps the place.
    @discardableResult
    mutating func insert(_ key: Int, _ page: UnsafeRawPointer, pass: UInt64) -> Bool {
        let slot = key & (count - 1)
        guard keys[slot] == key || keys[slot] < 0 || ages[slot] + Self.lifetime <= pass else { return false }
        keys[slot] = key
        ages[slot] = pass
        unsafe memcpy(place(slot), page, MigrationFormat.pageSize)
        return true
    }

    /// The destination has zeroes as page `key`; only pages that are known are noted.
    mutating func noteZero(_ key: Int) {
        let slot = key & (count - 1)
        guard keys[slot] == key else { return }
        unsafe memset(place(slot), 0, MigrationFormat.pageSize)
    }

    /// Takes over what `other` remembers, as far as there is room.
    mutating func take(from other: borrowing XBZRLECache) {
        for slot in 0..<other.count where other.keys[slot] >= 0 {
            unsafe insert(other.keys[slot], other.place(slot), pass: other.ages[slot])
        }
    }

    private func place(_ slot: Int) -> UnsafeMutableRawPointer { unsafe pages.base + slot * MigrationFormat.pageSize }
}
