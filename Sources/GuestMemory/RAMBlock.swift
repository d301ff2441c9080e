import Glibc
public import SystemCalls

/// The size of a target page, the unit of the dirty log and of the migration stream, in bytes.
public let targetPageSize = 4096

/// One contiguous piece of guest RAM, with the name it has in a migration stream.
public final class RAMBlock: Sendable {
    /// The name ("ram"), unique in its machine; at most 255 bytes.
    public let name: String
    /// Guest-physical address of the first byte.
    public let guestAddress: UInt64
    /// Length in bytes, a multiple of `targetPageSize`.
    public let size: Int
    /// Where writes are marked, for those who track them.
    public let dirtyLog: DirtyLog
    /// What keeps the bytes.
    public let backing: MemoryBacking
    /// The unit in which the host provides them, in bytes: that of a huge page, if they are.
    public let hostPageSize: Int
    let mapping: MemoryMapping

    /// Maps a zero-filled block. Throws if `size` cannot be mapped; `size` is rounded up to whole pages.
    public init(name: String, guestAddress: UInt64, size: Int) throws(SystemError) {
        guard size <= Int.max - targetPageSize else {
            throw SystemError(code: ENOMEM, call: "mmap", subject: "\(size) bytes for RAM block \(name)")
        }
        self.name = name
        self.guestAddress = guestAddress
        self.size = max(1, (size + targetPageSize - 1) / targetPageSize) * targetPageSize
        mapping = try MemoryMapping(count: self.size, reserve: true, mergeable: true)
        dirtyLog = try DirtyLog(pageCount: self.size / targetPageSize)
        backing = .anonymous
        hostPageSize = MemoryBacking.basePageSize
    }

    /// Maps a block kept in `backing`: zero-filled, or with what a file there holds. Throws if `size` is no positive
    /// multiple of the host's page size there, or the host does not give the memory.
    public init(
        name: String, guestAddress: UInt64, size: Int, backing: MemoryBacking
    ) throws(MemoryBackingError) {
        let memory = try backing.map(size: size)
        self.name = name
        self.guestAddress = guestAddress
        self.size = size
        self.backing = backing
        hostPageSize = memory.pageSize
        mapping = memory.mapping
        do throws(SystemError) { dirtyLog = try DirtyLog(pageCount: size / targetPageSize) } catch {
            throw backing.shortage(error.description)
        }
    }

    // SAFETY: valid as long as the block lives. vCPUs write here while the guest runs: code that validates guest data
    // copies it first (`GuestMemory.read`).
    /// The first byte, in the host's address space.
    public var base: UnsafeMutableRawPointer { unsafe mapping.base }

    /// The number of target pages.
    public var pageCount: Int { size / targetPageSize }

    /// Gives whole pages back to the host; they read as zero again.
    public func discard(page: Int, count: Int) {
        mapping.discard(offset: page * targetPageSize, count: count * targetPageSize)
    }
}
