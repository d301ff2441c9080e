import Environment
import Glibc
import PairLab
import SystemCalls

/// A file in memory that is a machine's RAM, with all its pages touched. It goes away with its owner.
@safe final class RAMFile {
    let path: String
    let byteCount: Int
    /// The file's bytes, mapped.
    let bytes: UnsafeMutableRawBufferPointer

    init(in folder: String, name: String, megabytes: Int) throws {
        // SAFETY: the mapping is as long as the file, and is unmapped by `deinit`.
        path = "\(folder)/colobench-\(getpid())-\(name)"
        let count = megabytes << 20
        byteCount = count
        let file = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        guard ftruncate(file.number, count) == 0,
            let base = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0),
            unsafe base != MAP_FAILED
        else {
            unsafe unlink(path)
            throw LabError("\(folder) has no room for \(megabytes) MiB")
        }
        unsafe bytes = unsafe UnsafeMutableRawBufferPointer(start: base, count: count)
    }

    deinit {
        // SAFETY: the mapping is owned.
        unsafe munmap(bytes.baseAddress, bytes.count)
        unsafe unlink(path)
    }

    /// Maps the file once more, for the length of `body`; no page of that mapping is known to the processor yet.
    func withNewMapping<Result>(_ body: (UnsafeMutableRawBufferPointer) throws -> Result) throws -> Result {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let file = try Descriptor.open(path, flags: O_RDWR)
        guard let base = unsafe mmap(nil, bytes.count, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0),
            unsafe base != MAP_FAILED
        else { throw SystemError(code: errno, call: "mmap") }
        defer { unsafe munmap(base, bytes.count) }
        return try unsafe body(UnsafeMutableRawBufferPointer(start: base, count: bytes.count))
    }

    var pageCount: Int { byteCount / Self.pageSize }

    private static let pageSize = 4096

    /// The smallest power of two that is no less than `count`, which is more than 0.
    static func powerOfTwo(atLeast count: Int) -> Int { 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount) }

    /// Changes all bytes of `words` words of each page, spread over it and in each page elsewhere. Also after some runs, no page
    /// is all zero then.
    func change(words: Int) {
        let inPage = Self.pageSize / 8
        // SAFETY: the words lie in a page of the mapping, which lives as long as this object.
        for page in 0..<pageCount {
            for index in 0..<words {
                let word = (index * inPage / words + page * 7) % inPage
                let place = unsafe bytes.baseAddress.map { unsafe $0 + page * Self.pageSize + word * 8 }
                let old = unsafe place?.load(as: UInt64.self) ?? 0
                unsafe place?.storeBytes(of: old &+ 0x0101_0101_0101_0101, as: UInt64.self)
            }
        }
    }

    /// The first page that is not the same in both; nil if they are equal.
    func firstDifference(from other: RAMFile) -> Int? {
        // SAFETY: both mappings have all pages up to the smaller count, and live as long as their objects.
        (0..<min(pageCount, other.pageCount)).first { page in
            let (left, right) = unsafe (bytes.baseAddress, other.bytes.baseAddress)
            guard let left = unsafe left, let right = unsafe right else { return true }
            let offset = page * Self.pageSize
            return unsafe memcmp(left + offset, right + offset, Self.pageSize) != 0
        }
    }

    /// Words of eight letters.
    private static let vocabulary: [UInt64] = {
        var random = SeededGenerator(seed: 2)
        return (0..<64).map { _ in
            (0..<8).reduce(0) { word, _ in word << 8 | UInt64.random(in: 0x61...0x7a, using: &random) }
        }
    }()

    /// Writes every page.
    func fill(_ filling: PageFilling) {
        var random = SeededGenerator(seed: 1)
        // SAFETY: the mapping has `pageCount` pages, and lives as long as this object.
        for page in 0..<pageCount {
            let isZero = filling == .zero || filling == .half && page & 1 == 1
            for word in 0..<512 {
                let number = isZero ? 0 : random.next()
                let value = filling == .text ? Self.vocabulary[Int(number % UInt64(Self.vocabulary.count))] : number
                unsafe bytes.storeBytes(of: value, toByteOffset: page * Self.pageSize + word * 8, as: UInt64.self)
            }
        }
    }
}
