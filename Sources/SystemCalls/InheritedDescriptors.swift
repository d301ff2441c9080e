import Glibc
import Synchronization

/// The descriptors that a process was started with, beyond 0, 1 and 2: what a client may name by its number.
///
/// A process notes them before it opens anything itself. From then on a number counts only as long as it leads to the
/// same socket, pipe or file as at the start: one that was closed, and given by the kernel to something that the process
/// opened later, leads to another and is refused.
public final class InheritedDescriptors: Sendable {
    /// What a descriptor leads to: fstat(2).
    private struct Target: Equatable {
        let device: UInt
        let inode: UInt
        let kind: FileStatus.Kind

        /// Nil for what carries no stream, such as an epoll(7) descriptor or a directory.
        init?(_ number: Int32) {
            guard let status = try? FileStatus(of: number) else { return nil }
            (device, inode, kind) = (status.device, status.inode, status.kind)
            guard [.socket, .pipe, .regular, .characterDevice].contains(kind) else { return nil }
        }
    }

    private let targets: Mutex<[Int32: Target]>

    /// Notes what is open now, but for 0, 1, 2 and `others`, which have an owner; all of it becomes close-on-exec. To be
    /// called before the process opens anything: proc_pid_fd(5).
    public init(except others: some Sequence<Int32>) {
        let excluded = Set(others).union([0, 1, 2])
        var found: [Int32: Target] = [:]
        for number in Self.openNumbers() where !excluded.contains(number) {
            guard let target = Target(number) else { continue }
            found[number] = target
            Descriptor.closeOnExec(number)
        }
        targets = Mutex(found)
    }

    /// The numbers that can be taken.
    public var numbers: [Int32] { targets.withLock { $0.keys.sorted() } }

    /// Hands the descriptor of that number over, once; nil if the process was not started with it, or if the number
    /// leads to something else by now.
    public func take(_ number: Int32) -> Descriptor? {
        guard let target = targets.withLock({ $0.removeValue(forKey: number) }), target == Target(number) else {
            return nil
        }
        return Descriptor(owning: number)
    }

    /// The same for a name that is a number in decimal digits.
    public func take(named name: String) -> Descriptor? {
        guard name.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int32(name) else { return nil }
        return take(number)
    }

    private static func openNumbers() -> [Int32] {
        guard let folder = unsafe opendir("/proc/self/fd") else { return [] }
        defer { unsafe closedir(folder) }
        var numbers: [Int32] = []
        while let entry = unsafe readdir(folder) {
            // SAFETY: readdir's entry is valid until the next call, and its name ends in a null within the structure.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { place in
                unsafe place.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: place.pointee)) {
                    unsafe String(cString: $0)
                }
            }
            if let number = Int32(name), unsafe number != dirfd(folder) { numbers.append(number) }
        }
        return numbers
    }
}
