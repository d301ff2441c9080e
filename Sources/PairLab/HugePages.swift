import Glibc
import SystemCalls

/// Huge pages of 2 MiB that a test has the host set aside, and gives back.
public final class HugePages: Sendable {
    /// Bytes of one.
    public static let pageSize = 2 << 20
    /// Where the host is told how many there are to be.
    public static let pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
    private let before: Int

    /// Nil if the host does not give `count` pages more.
    public init?(_ count: Int) {
        before = Self.total
        guard Self.set(before + count) else {
            Self.set(before)
            return nil
        }
    }

    deinit { Self.set(before) }

    /// How many there are; -1 if the host has no such thing.
    public static var total: Int {
        guard let bytes = try? readBytes(pool) else { return -1 }
        return Int(String(decoding: bytes, as: UTF8.self).prefix { $0.isNumber }) ?? -1
    }

    @discardableResult
    private static func set(_ count: Int) -> Bool {
        guard let file = try? Descriptor.open(pool, flags: O_WRONLY) else { return false }
        let text = Array("\(count)\n".utf8)
        // SAFETY: the array outlives the call, which reads no more than it has.
        guard unsafe text.withUnsafeBytes({ unsafe write(file.number, $0.baseAddress, $0.count) }) == text.count else {
            return false
        }
        return total >= count
    }

    /// Whether there can be any, which takes root and memory in one piece.
    public static let canBeHad = HugePages(4) != nil
}
