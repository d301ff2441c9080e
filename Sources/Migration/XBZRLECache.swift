import MigrationFormat
import SystemCalls

/// The pages that the destination has, as far as they are remembered: one place for each of so many groups of pages
/// (wire.md §4.4). A page takes the place of another only if that was not asked for in this pass or the one before, so
/// that a guest that writes more pages than have room does not drive out all of them in turn. Belongs to the thread that
/// sends.
@safe final class XBZRLECache {
    // SAFETY: a slot is below `count`, for which both mappings have room.
    private let pages: MemoryMapping
    /// A `Slot` for each page. Like the pages themselves, they take memory only where something is remembered.
    private let slots: MemoryMapping
    private let count: Int

    /// What is in a place. Zeroes are a slot that is free.
    private struct Slot {
        /// The number of the page, and 1.
        var page: Int
        /// The pass in which it was asked for last.
        var pass: UInt64

        func holds(_ key: Int) -> Bool { page == key + 1 }
    }

    /// How many passes a page is kept that is asked for no more.
    static let lifetime: UInt64 = 2

    /// A cache of `bytes`, a power of two no less than a page. Memory is taken as it fills.
    init(bytes: Int) throws(SystemError) {
        count = max(1, bytes / MigrationFormat.pageSize)
        pages = try MemoryMapping(count: count * MigrationFormat.pageSize)
        slots = try MemoryMapping(count: count * MemoryLayout<Slot>.stride)
    }

    /// What the destination has of page `key`, if that is known. It is asked for in `pass`.
    func find(_ key: Int, pass: UInt64) -> UnsafeMutableRawPointer? {
        let index = key & (count - 1)
        guard unsafe slot(index).pointee.holds(key) else { return nil }
        unsafe slot(index).pointee.pass = pass
        return unsafe place(index)
    }

    /// Makes room for what the destination has of page `key`, for the caller to fill; nil if another page keeps the place.
    func makeRoom(_ key: Int, pass: UInt64) -> UnsafeMutableRawPointer? {
        let index = key & (count - 1)
        let slot = unsafe slot(index)
        guard unsafe slot.pointee.holds(key) || slot.pointee.page == 0 || slot.pointee.pass + Self.lifetime <= pass
        else { return nil }
        unsafe slot.pointee = Slot(page: key + 1, pass: pass)
        return unsafe place(index)
    }

    /// The destination has zeroes as page `key`.
    func insertZero(_ key: Int, pass: UInt64) {
        unsafe makeRoom(key, pass: pass)?.initializeMemory(
            as: UInt8.self, repeating: 0, count: MigrationFormat.pageSize)
    }

    /// Takes over what `other` remembers, as far as there is room.
    func take(from other: XBZRLECache) {
        for index in 0..<other.count {
            let slot = unsafe other.slot(index).pointee
            guard slot.page > 0 else { continue }
            unsafe makeRoom(slot.page - 1, pass: slot.pass)?.copyMemory(
                from: other.place(index), byteCount: MigrationFormat.pageSize)
        }
    }

    private func place(_ index: Int) -> UnsafeMutableRawPointer { unsafe pages.base + index * MigrationFormat.pageSize }

    private func slot(_ index: Int) -> UnsafeMutablePointer<Slot> {
        unsafe (slots.base + index * MemoryLayout<Slot>.stride).assumingMemoryBound(to: Slot.self)
    }
}
