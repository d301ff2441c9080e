import Environment
import Glibc
import PairLab
import SystemCalls

/// A file in memory that is a machine's RAM, with all its pages touched. It goes away with its owner.
@safe final class RAMFile {
    let path: String
    /// The file's bytes, mapped.
    let bytes: UnsafeMutableRawBufferPointer

    init(in folder: String, name: String, megabytes: Int) throws {
        // SAFETY: the mapping is as long as the file, and is unmapped by `deinit`.
        path = "\(folder)/colobench-\(getpid())-\(name)"
        let count = megabytes << 20
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
        // SAFETY: the mapping has `bytes.count` bytes, a multiple of the page size, and lives as long as this object.
        for page in unsafe 0..<bytes.count / 4096 {
            let isZero = filling == .zero || filling == .half && page & 1 == 1
            for word in 0..<512 {
                let number = isZero ? 0 : random.next()
                let value = filling == .text ? Self.vocabulary[Int(number % UInt64(Self.vocabulary.count))] : number
                unsafe bytes.storeBytes(of: value, toByteOffset: page * 4096 + word * 8, as: UInt64.self)
            }
        }
    }
}
