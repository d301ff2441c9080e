import CLinux
import Glibc

/// Pages of this process that are not there yet, and word of who needs them: userfaultfd(2).
///
/// Whoever touches an absent page of registered memory waits in the kernel until it was placed. Pages are placed whole and
/// at once: nobody sees a part of one. A process without privileges is told only of what user mode touches
/// (`UserFaults.Way`). When the last owner lets go nobody waits, and what is absent reads as zero.
public final class MissingFaults: Sendable {
    /// Who waits.
    public let faults: UserFaults

    /// Throws EPERM or ENOSYS if this process may not use it.
    public init() throws(SystemError) {
        faults = try UserFaults(
            wanted: clinux_userfault_missing_shared | clinux_userfault_missing_huge, purpose: "for missing pages")
    }

    /// Whether memory can be watched that others share, a memfd or a file in memory.
    public var coversSharedMemory: Bool { faults.features & clinux_userfault_missing_shared != 0 }

    /// Whether huge pages can be watched.
    public var coversHugePages: Bool { faults.features & clinux_userfault_missing_huge != 0 }

    /// Has faults in `memory` told of here; both ends lie at pages of its kind. Returns whether `placeZero` can be used
    /// there. Throws EINVAL or EOPNOTSUPP for memory in which it cannot be (that of a file on a disk), EBUSY if another one
    /// is told of them.
    public func register(_ memory: MemoryMapping) throws(SystemError) -> Bool {
        let operations = try faults.register(
            memory, mode: clinux_userfault_mode_missing, needing: clinux_userfault_can_copy)
        return operations & clinux_userfault_can_zero != 0
    }

    /// Ends that. Whoever waits for a page goes on, with zeroes.
    public func unregister(_ memory: MemoryMapping) { faults.unregister(memory) }

    /// Places `count` bytes, whole pages of `pageSize`, from `source` on, and wakes who waits for them: UFFDIO_COPY. A page
    /// that is there stays as it is. Throws ENOENT if the memory is not registered, ENOMEM or ENOSPC if the host has no
    /// page for it.
    public func place(
        _ source: UnsafeRawPointer, in memory: MemoryMapping, offset: Int, count: Int, pageSize: Int
    ) throws(SystemError) {
        let number = faults.descriptor.number
        // SAFETY: the caller lends `count` bytes, and `done` stays below that.
        try place(in: memory, offset: offset, count: count, pageSize: pageSize, call: "UFFDIO_COPY") { start, done in
            unsafe clinux_userfault_copy(number, start + UInt64(done), source + done, UInt64(count - done))
        }
    }

    /// The same with zeroes, where `register` said that it can be: UFFDIO_ZEROPAGE.
    public func placeZero(in memory: MemoryMapping, offset: Int, count: Int, pageSize: Int) throws(SystemError) {
        let number = faults.descriptor.number
        try place(in: memory, offset: offset, count: count, pageSize: pageSize, call: "UFFDIO_ZEROPAGE") {
            clinux_userfault_zero(number, $0 + UInt64($1), UInt64(count - $1))
        }
    }

    /// Whoever waits for a page there touches it again.
    public func wake(_ memory: MemoryMapping, offset: Int, count: Int) {
        _ = clinux_userfault_wake(faults.descriptor.number, memory.address(offset, count: count), UInt64(count))
    }

    @inline(__always)
    private func place(
        in memory: MemoryMapping, offset: Int, count: Int, pageSize: Int, call: String,
        _ step: (_ start: UInt64, _ done: Int) -> Int64
    ) throws(SystemError) {
        let start = memory.address(offset, count: count)
        precondition(offset % pageSize == 0 && count % pageSize == 0)
        var done = 0
        while done < count {
            let placed = step(start, done)
            if placed > 0 {
                done += Int(placed)
                continue
            }
            switch errno {
            // The address space is being changed at this moment.
            case EAGAIN, EINTR: continue
            case EEXIST:
                // Whoever waited for it was woken by who placed it, unless that was not done here.
                wake(memory, offset: offset + done, count: pageSize)
                done += pageSize
            default: throw .last("userfaultfd", call)
            }
        }
    }
}
