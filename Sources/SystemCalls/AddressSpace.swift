import CLinux
import Glibc

/// What the kernel knows of the memory of this process.
public enum AddressSpace {
    /// The parts of a range, as offsets from `base`, that have never been written, or were given back: nothing stands
    /// behind them, in memory or swapped out, and they read as zero. Looking takes no memory, which reading would.
    /// proc_pid_pagemap(5). Of memory that is shared, or that a file stands behind, none is known to be like that; nor
    /// of any memory if the kernel does not tell.
    public static func untouchedParts(of base: UnsafeRawPointer, count: Int) -> [Range<Int>] {
        let start = UInt(bitPattern: base)
        let size = Int(sysconf(Int32(_SC_PAGESIZE)))
        guard count > 0, size > 0, start % UInt(size) == 0, isPrivateAndAnonymous(start..<start + UInt(count)),
            let map = try? Descriptor.open("/proc/self/pagemap", flags: O_RDONLY)
        else { return [] }
        var parts: [Range<Int>] = []
        var entries = [UInt64](repeating: 0, count: 8192)
        var page = 0
        let pages = count / size
        while page < pages {
            let wanted = min(entries.count, pages - page)
            // SAFETY: reads at most as many entries of eight bytes as the array has.
            let read = unsafe entries.withUnsafeMutableBytes { raw in
                unsafe pread(map.number, raw.baseAddress, wanted * 8, off_t(start / UInt(size)) * 8 + off_t(page) * 8)
            }
            guard read >= 8 else { return parts }
            for index in 0..<read / 8 where entries[index] & (presentBit | swappedBit) == 0 {
                let offset = (page + index) * size
                if let last = parts.last, last.upperBound == offset {
                    parts[parts.count - 1] = last.lowerBound..<offset + size
                } else {
                    parts.append(offset..<offset + size)
                }
            }
            page += read / 8
        }
        return parts
    }

    /// Makes a range present, whatever it holds and whoever writes there meanwhile: madvise(2) MADV_POPULATE_WRITE, Linux
    /// 5.14. False if the kernel does not do that, or has no memory left.
    ///
    /// `shared`: the range belongs to a mapping with MAP_SHARED. There nothing is copied by the first write, so
    /// MADV_POPULATE_READ does as much, and of what the file holds already it maps several pages at a time, where the
    /// other finds each by itself: 0.09 s a GiB instead of 0.22 s.
    public static func makePresent(_ base: UnsafeMutableRawPointer, count: Int, shared: Bool = false) -> Bool {
        // SAFETY: the range belongs to the caller, and the call only makes it present.
        while unsafe madvise(base, count, shared ? clinux_populate_read : clinux_populate_write) != 0 {
            guard errno == EINTR || errno == EAGAIN else { return false }
        }
        return true
    }

    private static let presentBit = UInt64(1) << 63
    private static let swappedBit = UInt64(1) << 62

    /// Whether all of a range is mapped with MAP_PRIVATE and MAP_ANONYMOUS: proc_pid_maps(5).
    static func isPrivateAndAnonymous(_ range: Range<UInt>) -> Bool {
        guard let file = unsafe fopen("/proc/self/maps", "re") else { return false }
        defer { unsafe fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(line) }
        var covered = range.lowerBound
        while unsafe getline(&line, &capacity, file) > 0 {
            // SAFETY: getline has left a string that ends in a null at `line`.
            guard let text = unsafe line.map({ unsafe String(cString: $0) }), let mapping = Mapping(text) else {
                continue
            }
            guard mapping.range.upperBound > covered else { continue }
            guard mapping.range.lowerBound <= covered, mapping.isPrivateAndAnonymous else { return false }
            covered = mapping.range.upperBound
            if covered >= range.upperBound { return true }
        }
        return false
    }

    /// A line of the list: `start-end permissions offset device inode [path]`.
    private struct Mapping {
        let range: Range<UInt>
        let isPrivateAndAnonymous: Bool

        init?(_ line: String) {
            let fields = line.split(maxSplits: 5, whereSeparator: { $0 == " " || $0 == "\n" })
            let ends = fields.first.map { $0.split(separator: "-") } ?? []
            guard fields.count >= 5, ends.count == 2, let start = UInt(ends[0], radix: 16),
                let end = UInt(ends[1], radix: 16), start <= end
            else { return nil }
            range = start..<end
            isPrivateAndAnonymous = fields[1].hasSuffix("p") && fields[4] == "0"
        }
    }
}
