import CLinux
import Glibc

/// A piece of the address space, zero-filled or with the content of a file; unmapped when its owner goes away.
@safe public final class MemoryMapping: @unchecked Sendable {
    // SAFETY: the address and length never change after init. Who may touch the bytes when is the business of the
    // owner (for guest memory: the vCPUs, and others under the rules of GuestMemory).
    /// First byte.
    public let base: UnsafeMutableRawPointer
    /// Length in bytes, a multiple of the host's page size.
    public let count: Int
    private let content: Content

    /// What the bytes are, and with whom.
    private enum Content {
        case zeroes, sharedFile, privateFile
    }

    /// Maps `count` bytes: mmap(2), anonymous. With `prefault` every page is made present at once, so that no later
    /// access waits for the kernel; with `reserve` the kernel refuses now what it could not provide later; with
    /// `mergeable` it may keep equal pages once (KSM). Throws ENOMEM for a size that no address space holds.
    public init(
        count: Int, prefault: Bool = false, reserve: Bool = false, mergeable: Bool = false
    ) throws(SystemError) {
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        guard count >= 0, count <= Int.max - pageSize else {
            throw SystemError(code: ENOMEM, call: "mmap", subject: "\(count) bytes")
        }
        let rounded = max(1, (count + pageSize - 1) / pageSize) * pageSize
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | (reserve ? 0 : MAP_NORESERVE)
        let address = unsafe mmap(nil, rounded, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw .last("mmap", "\(rounded) bytes")
        }
        // Guest RAM and checkpoint buffers are touched all over: with huge pages the processor finds them in fewer steps.
        // A host without them goes on with small ones.
        unsafe madvise(address, rounded, MADV_HUGEPAGE)
        // A kernel without KSM refuses; nothing is lost by that.
        if mergeable { unsafe madvise(address, rounded, MADV_MERGEABLE) }
        if prefault { unsafe madvise(address, rounded, clinux_populate_write) }
        unsafe base = unsafe address
        self.count = rounded
        content = .zeroes
    }

    /// Maps the first `count` bytes of `file`: mmap(2). `shared`: what is written is written to the file, and seen by
    /// everyone who maps it so; else it stays here. Both are a multiple of the file's page size (that of a huge page on
    /// a hugetlbfs), and the file is that long. Throws ENOMEM if there are not that many huge pages.
    public init(file: borrowing Descriptor, count: Int, shared: Bool) throws(SystemError) {
        precondition(count > 0)
        let flags = shared ? MAP_SHARED : MAP_PRIVATE
        let address = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, flags, file.number, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else { throw .last("mmap", "\(count) bytes") }
        // Memory of the host, if the file is that; a file system on a disk refuses.
        unsafe madvise(address, count, MADV_HUGEPAGE)
        unsafe base = unsafe address
        self.count = count
        content = shared ? .sharedFile : .privateFile
    }

    deinit { unsafe munmap(base, count) }

    /// Where it begins, as a number.
    var address: Int { unsafe Int(bitPattern: base) }

    /// Where a range of it begins, for the kernel.
    func address(_ offset: Int, count: Int) -> UInt64 {
        check(offset, count)
        return UInt64(address + offset)
    }

    private func check(_ offset: Int, _ count: Int) {
        precondition(offset >= 0 && count >= 0 && offset <= self.count && count <= self.count - offset)
    }

    /// Whether the kernel may make huge pages of small ones: madvise(2) MADV_HUGEPAGE, MADV_NOHUGEPAGE. It may at first.
    public func setMergesPages(_ on: Bool) { unsafe madvise(base, count, on ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) }

    /// Makes a range present, whatever it holds and whoever writes there meanwhile: madvise(2) MADV_POPULATE_WRITE. A
    /// kernel before 5.14 does not know it; then the bytes are made present as they are first touched.
    public func populate(offset: Int, count: Int) {
        check(offset, count)
        unsafe madvise(base + offset, count, clinux_populate_write)
    }

    /// Makes a range present for reading, zeroes where nothing was: madvise(2) MADV_POPULATE_READ. False if a kernel before
    /// 5.14 does not know it.
    public func populateForReading() -> Bool { unsafe madvise(base, count, clinux_populate_read) == 0 }

    /// Gives the content back to the kernel; the bytes read as zero again: madvise(2) MADV_DONTNEED, or MADV_REMOVE for
    /// a file that others share.
    public func discard(offset: Int, count: Int) {
        do throws(SystemError) { try drop(offset: offset, count: count) } catch {
            // Locked memory, for one, cannot be given back. The zeroes are promised all the same.
            // SAFETY: the range lies in the mapping, as checked there.
            unsafe memset(base + offset, 0, count)
        }
    }

    /// The same, but throws if the kernel does not take it: EINVAL of locked memory, EOPNOTSUPP of a file that is mapped
    /// privately. A part of a huge page may stay there, as zeroes (`holdsPages`).
    public func drop(offset: Int, count: Int) throws(SystemError) {
        check(offset, count)
        switch content {
        case .zeroes:
            guard unsafe madvise(base + offset, count, MADV_DONTNEED) == 0 else {
                throw .last("madvise", "MADV_DONTNEED")
            }
        case .sharedFile:
            guard unsafe madvise(base + offset, count, MADV_REMOVE) == 0 else { throw .last("madvise", "MADV_REMOVE") }
        // Given back, its bytes would be those of the file.
        case .privateFile: throw SystemError(code: EOPNOTSUPP, call: "madvise", subject: "of a private file")
        }
    }

    /// Whether something of a range is there, in memory: mincore(2).
    public func holdsPages(offset: Int, count: Int) -> Bool {
        check(offset, count)
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        let pagesAtOnce = 4096
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pagesAtOnce) { present in
            var place = offset
            while place < offset + count {
                let part = min(pagesAtOnce * pageSize, offset + count - place)
                // SAFETY: the call writes a byte for each page of the part.
                guard unsafe mincore(base + place, part, present.baseAddress) == 0 else { return true }
                for page in 0..<(part + pageSize - 1) / pageSize where unsafe present[page] & 1 != 0 { return true }
                place += part
            }
            return false
        }
    }
}
