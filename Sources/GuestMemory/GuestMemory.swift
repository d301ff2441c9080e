import Synchronization

/// The RAM of one guest: its blocks, guest-physical address translation, and copies in and out with dirty marks.
///
/// Everything a device reads for itself (descriptors, headers) is copied first and validated afterwards: a vCPU may
/// change guest memory at any moment (invariant I5).
public final class GuestMemory: Sendable {
    /// The blocks by falling size, the order of a migration stream (wire.md §4.2).
    public let blocks: [RAMBlock]
    let trackers = TrackerSlots()
    let partial = Atomic<Bool>(false)
    let currentResidency = Mutex(CurrentResidency())

    struct CurrentResidency {
        var residency: PageResidency?
        /// How often pages were taken away.
        var removals: UInt64 = 0
        /// How many calls are giving pages back right now.
        var givingBack = 0
    }

    /// The memory made of `blocks`, whose address ranges must not overlap.
    public init(blocks: [RAMBlock]) {
        self.blocks = blocks.sorted { ($0.size, $1.name) > ($1.size, $0.name) }
    }

    /// The sum of all block sizes in bytes.
    public var totalSize: Int { blocks.reduce(0) { $0 + $1.size } }

    /// The block of that name.
    public func block(named name: String) -> RAMBlock? { blocks.first { $0.name == name } }

    /// The block that holds all `count` bytes from `address` on, and the offset in it; nil if no single block does.
    @inlinable
    public func locate(_ address: UInt64, count: Int) -> (block: RAMBlock, offset: Int)? {
        guard count >= 0 else { return nil }
        for block in blocks where address >= block.guestAddress {
            let offset = address - block.guestAddress
            if offset <= UInt64(block.size), UInt64(count) <= UInt64(block.size) - offset {
                return (block, Int(offset))
            }
        }
        return nil
    }

    /// The same, but nil also if a page of the range is still to come.
    @inlinable
    func locatePresent(_ address: UInt64, count: Int) -> (block: RAMBlock, offset: Int)? {
        guard let place = locate(address, count: count), isHere(address, count: count) else { return nil }
        return place
    }

    /// Copies guest memory into `target`. Returns false, with nothing copied, if the range is not RAM.
    public func read(_ address: UInt64, into target: UnsafeMutableRawBufferPointer) -> Bool {
        guard let (block, offset) = locatePresent(address, count: target.count) else { return false }
        guard let base = target.baseAddress else { return true }
        // SAFETY: `locate` checked the range against the block; `target` is the caller's own memory.
        unsafe base.copyMemory(from: block.base + offset, byteCount: target.count)
        return true
    }

    /// A copy of `count` bytes of guest memory; nil if the range is not RAM.
    public func read(_ address: UInt64, count: Int) -> [UInt8]? {
        guard locatePresent(address, count: count) != nil else { return nil }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            // SAFETY: exactly `count` bytes are initialized by the copy.
            _ = unsafe read(
                address, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
            filled = count
        }
    }

    /// Copies `source` into guest memory and marks the pages. Returns false, with nothing written, if the range is
    /// not RAM.
    @discardableResult
    public func write(_ address: UInt64, from source: UnsafeRawBufferPointer) -> Bool {
        guard let (block, offset) = locatePresent(address, count: source.count) else { return false }
        guard let base = source.baseAddress, source.count > 0 else { return true }
        markDirty(block, offset: offset, count: source.count)
        // SAFETY: `locate` checked the range against the block.
        unsafe (block.base + offset).copyMemory(from: base, byteCount: source.count)
        return true
    }

    /// Copies `bytes` into guest memory and marks the pages. Returns false if the range is not RAM.
    @discardableResult
    public func write(_ address: UInt64, bytes: [UInt8]) -> Bool {
        // SAFETY: the bytes are borrowed for one call, which checks the range against RAM.
        unsafe bytes.withUnsafeBytes { unsafe write(address, from: $0) }
    }

    /// Reads a little-endian integer; nil if the range is not RAM.
    @inlinable
    public func load<T: FixedWidthInteger>(_ address: UInt64, as type: T.Type = T.self) -> T? {
        guard let (block, offset) = locatePresent(address, count: T.bitWidth / 8) else { return nil }
        // SAFETY: `locate` checked the range against the block.
        return unsafe T(littleEndian: (block.base + offset).loadUnaligned(as: T.self))
    }

    /// Writes a little-endian integer and marks its page. Returns false if the range is not RAM.
    @discardableResult
    @inlinable
    public func store<T: FixedWidthInteger>(_ address: UInt64, _ value: T) -> Bool {
        guard let (block, offset) = locatePresent(address, count: T.bitWidth / 8) else { return false }
        markDirty(block, offset: offset, count: T.bitWidth / 8)
        // SAFETY: `locate` checked the range against the block.
        unsafe (block.base + offset).storeBytes(of: value.littleEndian, as: T.self)
        return true
    }

    /// The bytes of a range in place, for data that a device moves but never interprets (payload of a disk request,
    /// a packet). `writing` marks the pages first. Nil if the range is not RAM.
    public func payload(_ address: UInt64, count: Int, writing: Bool) -> UnsafeMutableRawBufferPointer? {
        guard let (block, offset) = locatePresent(address, count: count) else { return nil }
        if writing { markDirty(block, offset: offset, count: count) }
        // SAFETY: in bounds by `locate`; lives as long as the block, which the machine keeps.
        return unsafe UnsafeMutableRawBufferPointer(start: block.base + offset, count: count)
    }

    @usableFromInline
    func markDirty(_ block: RAMBlock, offset: Int, count: Int) {
        guard count > 0 else { return }
        block.dirtyLog.mark(pages: offset / targetPageSize..<(offset + count - 1) / targetPageSize + 1)
    }
}
