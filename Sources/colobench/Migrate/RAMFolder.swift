import Glibc
import PairLab
import SystemCalls

/// Where the files are that machines have as RAM: a file system of huge pages of its own, if this process may make
/// one, so that finding pages for a mapping costs little; else /dev/shm. What it took it gives back.
final class RAMFolder {
    /// The directory.
    let path: String
    /// Whether it gives out huge pages.
    let isHuge: Bool
    private let folder: TemporaryFolder?
    /// How many huge pages the machine had before.
    private let pagesBefore: Int

    private static let setting = "/proc/sys/vm/nr_hugepages"
    private static let pageSize = 2 << 20

    /// A folder with room for `megabytes`.
    init(megabytes: Int) throws {
        pagesBefore = (try? readText(Self.setting)).flatMap { Int($0.split(separator: "\n").first ?? "") } ?? 0
        let wanted = pagesBefore + (megabytes << 20) / Self.pageSize
        let place = try TemporaryFolder(prefix: "colod-ram")
        // SAFETY: the call uses the texts until it returns, and no longer.
        if Self.set(wanted), unsafe mount("none", place.path("."), "hugetlbfs", 0, "pagesize=2M") == 0 {
            (path, folder, isHuge) = (place.path("."), place, true)
        } else {
            _ = Self.set(pagesBefore)
            (path, folder, isHuge) = ("/dev/shm", nil, false)
        }
    }

    deinit {
        guard isHuge else { return }
        // SAFETY: the call uses the text until it returns, and no longer.
        unsafe umount2(path, Int32(MNT_DETACH))
        _ = Self.set(pagesBefore)
    }

    /// Has the machine that many huge pages; false if it has not so much memory to spare in one piece, or may not.
    private static func set(_ pages: Int) -> Bool {
        guard let file = try? Descriptor.open(setting, flags: O_WRONLY) else { return false }
        let text = "\(pages)\n"
        // SAFETY: writes the text's own bytes.
        guard unsafe write(file.number, text, text.utf8.count) == text.utf8.count else { return false }
        return (try? readText(setting)).flatMap { Int($0.split(separator: "\n").first ?? "") } ?? 0 >= pages
    }
}
