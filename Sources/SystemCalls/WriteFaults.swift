import CLinux
import Glibc

/// Pages of this process that are protected from writes, and word of who tries: userfaultfd(2).
///
/// Whoever writes to a protected page waits in the kernel until it is protected no more. A process without privileges
/// is told only of what user mode writes; a system call that would write there fails with EFAULT then. Other processes
/// that map the same memory are not stopped. When the last owner lets go, nothing is protected and nobody waits.
public final class WriteFaults: Sendable {
    /// Readable while somebody waits.
    public let descriptor: Descriptor
    /// Whether pages that are not present are protected as well; else their owner makes them present first.
    public let coversAbsentPages: Bool

    /// Throws EOPNOTSUPP if the kernel cannot do it at all, or not for memory that is `shared` with others or of huge
    /// pages; EPERM or ENOSYS if this process may not use it. `coveringAbsentPages`: if the kernel can (Linux 6.4).
    public init(shared: Bool, coveringAbsentPages: Bool = true) throws(SystemError) {
        let required = clinux_userfault_write | (shared ? clinux_userfault_write_shared : 0)
        // What the kernel has can be asked only once of each descriptor, and enabling is asking.
        let available = try Self.enable(0, of: try Self.open())
        guard available & required == required else {
            throw SystemError(code: EOPNOTSUPP, call: "userfaultfd", subject: "for write protection")
        }
        let absent = coveringAbsentPages ? available & clinux_userfault_write_absent : 0
        descriptor = try Self.open()
        _ = try Self.enable(required | absent, of: descriptor)
        coversAbsentPages = absent != 0
    }

    /// As much as this process may have: all faults, or those of user mode.
    private static func open() throws(SystemError) -> Descriptor {
        var number = clinux_userfault(0)
        if number < 0, let device = try? Descriptor.open("/dev/userfaultfd", flags: O_RDWR) {
            number = clinux_userfault_by_device(device.number)
        }
        if number < 0 { number = clinux_userfault(1) }
        guard number >= 0 else { throw .last("userfaultfd") }
        return Descriptor(owning: number)
    }

    private static func enable(_ features: UInt64, of descriptor: borrowing Descriptor) throws(SystemError) -> UInt64 {
        // SAFETY: the call writes one number to a local.
        var available: UInt64 = 0
        guard unsafe clinux_userfault_enable(descriptor.number, features, &available) == 0 else {
            throw .last("userfaultfd", "UFFDIO_API")
        }
        return available
    }

    /// Has faults in `memory` told of here; both ends lie at pages of its kind. Throws EINVAL or EOPNOTSUPP for memory
    /// that cannot be protected (that of a file on a disk), EBUSY if another one is told of them.
    public func register(_ memory: MemoryMapping) throws(SystemError) {
        let start = UInt64(memory.address)
        guard clinux_userfault_register(descriptor.number, start, UInt64(memory.count)) == 0 else {
            throw .last("userfaultfd", "UFFDIO_REGISTER")
        }
    }

    /// Ends that. Nothing of `memory` is protected afterwards.
    public func unregister(_ memory: MemoryMapping) {
        try? setProtected(false, memory, offset: 0, count: memory.count)
        _ = clinux_userfault_unregister(descriptor.number, UInt64(memory.address), UInt64(memory.count))
    }

    /// Protects a part of registered memory, or lets it be written, and whoever waits for that go on.
    public func setProtected(
        _ isProtected: Bool, _ memory: MemoryMapping, offset: Int, count: Int
    ) throws(SystemError) {
        precondition(offset >= 0 && count >= 0 && offset <= memory.count && count <= memory.count - offset)
        let start = UInt64(memory.address + offset)
        while clinux_userfault_protect(descriptor.number, start, UInt64(count), isProtected ? 1 : 0) != 0 {
            // The address space is being changed at this moment.
            guard errno == EAGAIN || errno == EINTR else { throw .last("userfaultfd", "UFFDIO_WRITEPROTECT") }
        }
    }

    /// The place in one of `memories`, which are registered, where the next one waits; nil if nobody more does now.
    public func next(in memories: [MemoryMapping]) -> (memory: Int, offset: Int)? {
        let address = clinux_userfault_next(descriptor.number)
        guard address != 0 else { return nil }
        for (index, memory) in memories.enumerated() {
            let offset = Int(bitPattern: UInt(address)) - memory.address
            if offset >= 0, offset < memory.count { return (index, offset) }
        }
        return nil
    }
}
