import Glibc
import SystemCalls

/// The memory of a RAM block, as the host gave it.
struct BackedMemory {
    let mapping: MemoryMapping
    /// The unit in which the host provides it, in bytes.
    let pageSize: Int
}

extension MemoryBacking {
    /// The size of an ordinary page of the host, in bytes: sysconf(3).
    static let basePageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

    /// Maps `size` bytes, which must be a multiple of the host's page size there. A file that does not exist is made, and
    /// one that is too short is extended, if it may be written.
    func map(size: Int) throws(MemoryBackingError) -> BackedMemory {
        switch self {
        case .anonymous:
            try checkMultiple(size, of: Self.basePageSize)
            do throws(SystemError) {
                return BackedMemory(
                    mapping: try MemoryMapping(count: size, reserve: true, mergeable: true),
                    pageSize: Self.basePageSize)
            } catch { throw shortage(error.description) }
        case .memfd: return try map(BackingFile(memory: self, hugePages: false), size)
        case .hugePages(nil): return try map(BackingFile(memory: self, hugePages: true), size)
        case .file(let path, let isShared): return try map(BackingFile(self, path, writing: isShared), size)
        case .hugePages(let path?):
            // Looked at first in its directory, so that no file is left behind where it cannot be.
            guard BackingFile.mayHoldHugePages(besides: path) else { throw fault(Self.noHugePages) }
            let file = try BackingFile(self, path, writing: true)
            guard file.system.isHugePages else { throw fault(Self.noHugePages) }
            return try map(file, size)
        }
    }

    private static let noHugePages =
        "it is not on a hugetlbfs; mount one (mount -t hugetlbfs none DIRECTORY) and name a file in it"

    private func map(_ file: consuming BackingFile, _ size: Int) throws(MemoryBackingError) -> BackedMemory {
        let pageSize = file.system.isHugePages ? file.system.blockSize : Self.basePageSize
        try checkMultiple(size, of: pageSize)
        try file.extend(to: size)
        do throws(SystemError) {
            return BackedMemory(
                mapping: try MemoryMapping(file: file.descriptor, count: size, shared: isShared), pageSize: pageSize)
        } catch {
            guard file.system.isHugePages, error.code == ENOMEM else { throw shortage(error.description) }
            throw shortage(HugePagePool(pageSize: pageSize).shortage(pages: size / pageSize))
        }
    }

    private func checkMultiple(_ size: Int, of pageSize: Int) throws(MemoryBackingError) {
        guard size <= 0 || size % pageSize != 0 else { return }
        let (next, overflow) = (max(size, 1) / pageSize + 1).multipliedReportingOverflow(by: pageSize)
        throw fault(
            "\(size) bytes of RAM are no multiple of the \(pageSize) bytes of a host page"
                + (overflow ? "" : "; the next one is \(next)"))
    }

    /// What stays wrong until somebody changes it.
    func fault(_ why: String) -> MemoryBackingError { MemoryBackingError(self, why, isLasting: true) }

    /// What the host lacks now.
    func shortage(_ why: String) -> MemoryBackingError { MemoryBackingError(self, why, isLasting: false) }
}
