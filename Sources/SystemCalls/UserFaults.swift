import CLinux
import Glibc

/// Faults of this process that threads of it answer: userfaultfd(2). What a fault is, those who register memory here say
/// (`WriteFaults`, `MissingFaults`).
///
/// Whoever meets one waits in the kernel until it was answered. When the last owner lets go, nobody waits.
public final class UserFaults: Sendable {
    /// How a process comes to them.
    public enum Way: Sendable {
        /// By the system call, for a privilege (CAP_SYS_PTRACE), or where sysctl vm.unprivileged_userfaultfd is 1.
        case systemCall
        /// By /dev/userfaultfd, for who may open it.
        case device
        /// As everybody may: faults of system calls are not told of; one that would have to wait fails with EFAULT.
        case userModeOnly
    }

    /// Readable while somebody waits.
    let descriptor: Descriptor
    /// How this process came to them.
    public let way: Way
    /// What was enabled.
    let features: UInt64

    /// How this process would come to them now. Throws EPERM or ENOSYS if it may not, or the kernel has none.
    public static func way() throws(SystemError) -> Way { try open().way }

    /// Faults with those of `wanted` that the kernel has, which must contain `required`. Throws EOPNOTSUPP if they do not;
    /// EPERM or ENOSYS if this process may not use it.
    init(required: UInt64 = 0, wanted: UInt64, purpose: String) throws(SystemError) {
        // What the kernel has can be asked only once of each descriptor, and enabling is asking.
        let available = try Self.enable(0, of: try Self.open().descriptor)
        guard available & required == required else {
            throw SystemError(code: EOPNOTSUPP, call: "userfaultfd", subject: purpose)
        }
        let opened = try Self.open()
        way = opened.way
        descriptor = opened.takeDescriptor()
        features = available & (required | wanted)
        _ = try Self.enable(features, of: descriptor)
    }

    private struct Opened: ~Copyable {
        let descriptor: Descriptor
        let way: Way

        consuming func takeDescriptor() -> Descriptor { descriptor }
    }

    /// The first way that this process may go.
    private static func open() throws(SystemError) -> Opened {
        var number = clinux_userfault(0)
        if number >= 0 { return Opened(descriptor: Descriptor(owning: number), way: .systemCall) }
        if let device = try? Descriptor.open("/dev/userfaultfd", flags: O_RDWR) {
            number = clinux_userfault_by_device(device.number)
            if number >= 0 { return Opened(descriptor: Descriptor(owning: number), way: .device) }
        }
        number = clinux_userfault(1)
        guard number >= 0 else { throw .last("userfaultfd") }
        return Opened(descriptor: Descriptor(owning: number), way: .userModeOnly)
    }

    private static func enable(_ features: UInt64, of descriptor: borrowing Descriptor) throws(SystemError) -> UInt64 {
        // SAFETY: the call writes one number to a local.
        var available: UInt64 = 0
        guard unsafe clinux_userfault_enable(descriptor.number, features, &available) == 0 else {
            throw .last("userfaultfd", "UFFDIO_API")
        }
        return available
    }

    /// Has faults in `memory` told of here, which begins and ends at pages of its kind; returns what can be done there.
    /// Throws EINVAL or EOPNOTSUPP for memory of another kind, EBUSY if another one is told of them.
    func register(_ memory: MemoryMapping, mode: UInt64, needing required: UInt64) throws(SystemError) -> UInt64 {
        // SAFETY: the call writes one number to a local.
        var operations: UInt64 = 0
        let start = UInt64(memory.address)
        guard
            unsafe clinux_userfault_register(descriptor.number, start, UInt64(memory.count), mode, &operations) == 0
        else { throw .last("userfaultfd", "UFFDIO_REGISTER") }
        guard operations & required == required else {
            unregister(memory)
            throw SystemError(code: EOPNOTSUPP, call: "userfaultfd", subject: "UFFDIO_REGISTER")
        }
        return operations
    }

    /// Ends that, and whoever waits in `memory` goes on.
    func unregister(_ memory: MemoryMapping) {
        _ = clinux_userfault_unregister(descriptor.number, UInt64(memory.address), UInt64(memory.count))
    }

    /// Gives each fault in `memories`, which are registered, to `body`, by its place in one of them, until `ending` is
    /// raised.
    public func serve(
        _ memories: [MemoryMapping], until ending: EventSignal, _ body: (_ memory: Int, _ offset: Int) -> Void
    ) {
        var entries = [
            pollfd(fd: ending.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            _ = Poll.wait(for: &entries, milliseconds: -1)
            if entries[0].revents != 0 { return }
            while let fault = next(in: memories) { body(fault.memory, fault.offset) }
        }
    }

    /// The place where the next one waits; nil if nobody more does now.
    private func next(in memories: [MemoryMapping]) -> (memory: Int, offset: Int)? {
        let address = clinux_userfault_next(descriptor.number)
        guard address != 0 else { return nil }
        for (index, memory) in memories.enumerated() {
            let offset = Int(bitPattern: UInt(address)) - memory.address
            if offset >= 0, offset < memory.count { return (index, offset) }
        }
        return nil
    }
}
