import CLinux
import Glibc

/// What fstatfs(2) tells of the file system of an open file.
public struct FileSystemShape: Sendable {
    /// Whether it is a hugetlbfs.
    public let isHugePages: Bool
    /// The size of a block in bytes; on a hugetlbfs that of a huge page.
    public let blockSize: Int
    /// The bytes that are free.
    public let free: Int
}

extension Descriptor {
    /// A file without a name that is only memory, of length 0: memfd_create(2). With `hugePages` it is made of the host's
    /// default huge pages.
    public static func memory(name: String, hugePages: Bool = false) throws(SystemError) -> Descriptor {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let number = unsafe clinux_memfd_create(name, clinux_memfd_cloexec | (hugePages ? clinux_memfd_hugetlb : 0))
        guard number >= 0 else { throw .last("memfd_create", name) }
        return Descriptor(owning: number)
    }

    /// What the file lies on: fstatfs(2).
    public func fileSystem() throws(SystemError) -> FileSystemShape {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var type: UInt32 = 0
        var block: UInt64 = 0
        var available: UInt64 = 0
        guard unsafe clinux_file_system(number, &type, &block, &available) == 0 else { throw .last("fstatfs") }
        let blockSize = max(1, Int(clamping: block))
        let (free, overflow) = blockSize.multipliedReportingOverflow(by: Int(clamping: available))
        return FileSystemShape(
            isHugePages: type == clinux_hugetlbfs_magic, blockSize: blockSize, free: overflow ? .max : free)
    }

    /// Makes the file that long: ftruncate(2).
    public func setSize(_ size: Int) throws(SystemError) {
        guard ftruncate(number, size) == 0 else { throw .last("ftruncate", "to \(size) bytes") }
    }
}
