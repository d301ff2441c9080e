import Glibc
import SystemCalls

/// The huge pages of one size that a host has set aside: /sys/kernel/mm/hugepages (Linux, hugetlbpage.rst).
public struct HugePagePool: Sendable {
    /// The size of a page in bytes.
    public let pageSize: Int

    /// How many pages there are.
    public struct Counts: Sendable, Equatable {
        /// How many are set aside.
        public let total: Int
        /// How many of them nobody has, and nobody was promised.
        public let free: Int
    }

    init(pageSize: Int) { self.pageSize = pageSize }

    /// One for each size that the host has, the smallest first.
    public static var all: [HugePagePool] {
        // The sizes of all architectures lie in between.
        (16...34).map { HugePagePool(pageSize: 1 << $0) }.filter { Paths.isUsable($0.folder) }
    }

    /// The one whose pages RAM in `backing` takes; nil if it takes none.
    public static func used(by backing: MemoryBacking) -> HugePagePool? {
        guard case .hugePages(let path) = backing else { return nil }
        do throws(SystemError) {
            guard let path else {
                return HugePagePool(
                    pageSize: try Descriptor.memory(name: "size", hugePages: true).fileSystem().blockSize)
            }
            let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "./"
            let system = try Descriptor.open(String(folder), flags: O_RDONLY | O_DIRECTORY).fileSystem()
            return system.isHugePages ? HugePagePool(pageSize: system.blockSize) : nil
        } catch { return nil }
    }

    /// How many there are now; nil if the host does not tell.
    public var counts: Counts? {
        guard let total = read("nr_hugepages"), let free = read("free_hugepages"), let promised = read("resv_hugepages")
        else { return nil }
        return Counts(total: total, free: max(0, free - promised))
    }

    /// Whether `pages` could be had now; true if the host does not tell.
    public func hasRoom(for pages: Int) -> Bool { counts.map { $0.free >= pages } ?? true }

    /// What to do so that `pages` more than now are free.
    public func command(adding pages: Int) -> String {
        "echo \((counts?.total ?? 0) + pages) > \(folder)/nr_hugepages"
    }

    private var folder: String { "/sys/kernel/mm/hugepages/hugepages-\(pageSize >> 10)kB" }

    /// What to do for `pages` that could not be had.
    public func shortage(pages: Int) -> String {
        guard let counts else { return "the host has no \(pages) free huge pages of \(pageSize) bytes" }
        guard counts.free < pages else {
            return "no \(pages) huge pages of \(pageSize) bytes are given, though \(counts.free) are free; "
                + "see the limits of the mount (size=) and of the control group"
        }
        return "RAM needs \(pages) huge pages of \(pageSize) bytes and the host has \(counts.free) free; reserve more: "
            + command(adding: pages - counts.free)
    }

    private func read(_ name: String) -> Int? {
        guard let file = try? Descriptor.open("\(folder)/\(name)", flags: O_RDONLY) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        // SAFETY: the kernel writes at most as many bytes as the array has.
        let count = unsafe Glibc.read(file.number, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes.prefix(count).prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
    }
}
