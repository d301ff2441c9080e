/// What keeps the bytes of a RAM block.
public enum MemoryBacking: Sendable, Hashable, CustomStringConvertible {
    /// Memory of this process alone.
    case anonymous
    /// A file without a name that is only memory: memfd_create(2).
    case memfd
    /// The file at `path`. `isShared`: the guest writes to it, and others who map it share the guest's RAM; else the file
    /// is what RAM begins with, and stays as it is.
    case file(path: String, isShared: Bool)
    /// Huge pages of the host: the file at `path` on a hugetlbfs; without a path, a memfd of the default size.
    case hugePages(path: String?)

    /// Whether others can share the bytes: RAM that a migration with x-ignore-shared leaves out.
    public var isShared: Bool {
        switch self {
        case .anonymous: false
        case .memfd, .hugePages: true
        case .file(_, let isShared): isShared
        }
    }

    /// The text that the configuration takes.
    public var description: String {
        switch self {
        case .anonymous: "anonymous"
        case .memfd: "memfd"
        case .file(let path, let isShared): "file:\(path)\(isShared ? ",share=on" : "")"
        case .hugePages(let path): path.map { "hugetlb:\($0)" } ?? "hugetlb"
        }
    }
}

/// Why RAM cannot be kept where it should be.
public struct MemoryBackingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where that was.
    public let backing: MemoryBacking
    /// What is wrong, and what to do.
    public let why: String
    /// Whether it stays so until somebody changes the configuration or the file; else the host lacks something now.
    public let isLasting: Bool

    init(_ backing: MemoryBacking, _ why: String, isLasting: Bool) {
        self.backing = backing
        self.why = why
        self.isLasting = isLasting
    }

    /// One line.
    public var description: String { "memory-backing \(backing): \(why)" }
}
