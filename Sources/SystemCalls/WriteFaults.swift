import CLinux
import Glibc

/// Pages of this process that are protected from writes, and word of who tries: userfaultfd(2).
///
/// Whoever writes to a protected page waits in the kernel until it is protected no more. A process without privileges
/// is told only of what user mode writes; a system call that would write there fails with EFAULT then. Other processes
/// that map the same memory are not stopped. When the last owner lets go, nothing is protected and nobody waits.
public final class WriteFaults: Sendable {
    /// Who waits.
    public let faults: UserFaults
    /// Whether pages that are not present are protected as well; else their owner makes them present first.
    public let coversAbsentPages: Bool

    /// Throws EOPNOTSUPP if the kernel cannot do it at all, or not for memory that is `shared` with others or of huge
    /// pages; EPERM or ENOSYS if this process may not use it. `coveringAbsentPages`: if the kernel can (Linux 6.4).
    public init(shared: Bool, coveringAbsentPages: Bool = true) throws(SystemError) {
        faults = try UserFaults(
            required: clinux_userfault_write | (shared ? clinux_userfault_write_shared : 0),
            wanted: coveringAbsentPages ? clinux_userfault_write_absent : 0, purpose: "for write protection")
        coversAbsentPages = faults.features & clinux_userfault_write_absent != 0
    }

    /// Has faults in `memory` told of here; both ends lie at pages of its kind. Throws EINVAL or EOPNOTSUPP for memory
    /// that cannot be protected (that of a file on a disk), EBUSY if another one is told of them.
    public func register(_ memory: MemoryMapping) throws(SystemError) {
        _ = try faults.register(memory, mode: clinux_userfault_mode_write, needing: clinux_userfault_can_protect)
    }

    /// Ends that. Nothing of `memory` is protected afterwards.
    public func unregister(_ memory: MemoryMapping) {
        try? setProtected(false, memory, offset: 0, count: memory.count)
        faults.unregister(memory)
    }

    /// Protects a part of registered memory, or lets it be written, and whoever waits for that go on.
    public func setProtected(
        _ isProtected: Bool, _ memory: MemoryMapping, offset: Int, count: Int
    ) throws(SystemError) {
        let start = memory.address(offset, count: count)
        while clinux_userfault_protect(faults.descriptor.number, start, UInt64(count), isProtected ? 1 : 0) != 0 {
            // The address space is being changed at this moment.
            guard errno == EAGAIN || errno == EINTR else { throw .last("userfaultfd", "UFFDIO_WRITEPROTECT") }
        }
    }
}
