import Glibc
import SystemCalls

/// A disk kept in a plain file or block device, byte for byte.
public final class RawDisk: BlockBackend, Sendable {
    /// The path of the file.
    public let name: String
    /// Length in bytes.
    public let size: UInt64
    /// Whether writes are refused.
    public let isReadOnly: Bool
    /// What it was asked.
    public let statistics = DiskStatistics()
    private let file: Descriptor

    /// A disk's length is a multiple of this many bytes.
    public static let sectorSize: UInt64 = 512

    /// Opens `path`. Throws `.unusable` for what is no regular file or block device, for an empty one and for one whose
    /// length is no multiple of `sectorSize`; and `.system` when it cannot be opened.
    public init(path: String, readOnly: Bool) throws(BlockError) {
        name = path
        isReadOnly = readOnly
        do {
            // Not to wait for the other end if the path names a pipe; without meaning for files and block devices.
            file = try Descriptor.open(path, flags: (readOnly ? O_RDONLY : O_RDWR) | O_NONBLOCK)
        } catch {
            throw .system(disk: path, offset: 0, error)
        }
        size = try Self.measure(path, file.number)
        guard size > 0, size % Self.sectorSize == 0 else {
            throw .unusable(disk: path, why: "its length, \(size) bytes, is not a positive multiple of 512")
        }
    }

    private static func measure(_ path: String, _ number: Int32) throws(BlockError) -> UInt64 {
        let status: FileStatus
        do throws(SystemError) { status = try FileStatus(of: number) } catch {
            throw .system(disk: path, offset: 0, error)
        }
        switch status.kind {
        case .regular: return UInt64(status.size)
        case .blockDevice:
            let end = lseek(number, 0, SEEK_END)
            guard end >= 0 else { throw failure(path, 0, "lseek") }
            return UInt64(end)
        default: throw .unusable(disk: path, why: "is neither a regular file nor a block device")
        }
    }

    private static func failure(_ path: String, _ offset: UInt64, _ call: String) -> BlockError {
        .system(disk: path, offset: offset, SystemError(code: errno, call: call))
    }

    /// Fills `target` with the bytes from `offset` on: pread(2).
    public func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(BlockError) {
        // SAFETY: the caller's buffer, for the length of the call.
        try statistics.counting(.read, offset: offset, count: target.count) { () throws(BlockError) in
            try unsafe readAll(at: offset, into: target)
        }
    }

    private func readAll(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(BlockError) {
        try checkBounds(offset: offset, count: target.count)
        var done = 0
        while done < target.count {
            guard let base = target.baseAddress else { return }
            // SAFETY: `base + done` and the rest lie inside the caller's buffer; the offset inside the disk.
            let count = unsafe pread(file.number, base + done, target.count - done, off_t(offset) + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure(name, offset + UInt64(done), "pread")
            }
            if count == 0 { throw .endOfFile(disk: name, offset: offset + UInt64(done)) }
            done += count
        }
    }

    /// Writes all of `source` at `offset`: pwrite(2).
    public func write(at offset: UInt64, from source: UnsafeRawBufferPointer) throws(BlockError) {
        // SAFETY: the caller's buffer, for the length of the call.
        try statistics.counting(.write, offset: offset, count: source.count) { () throws(BlockError) in
            try unsafe writeAll(at: offset, from: source)
        }
    }

    private func writeAll(at offset: UInt64, from source: UnsafeRawBufferPointer) throws(BlockError) {
        guard !isReadOnly else { throw .readOnly(disk: name) }
        try checkBounds(offset: offset, count: source.count)
        var done = 0
        while done < source.count {
            guard let base = source.baseAddress else { return }
            // SAFETY: `base + done` and the rest lie inside the caller's buffer; the offset inside the disk.
            let count = unsafe pwrite(file.number, base + done, source.count - done, off_t(offset) + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure(name, offset + UInt64(done), "pwrite")
            }
            done += count
        }
    }

    /// Puts what was written on stable storage: fdatasync(2).
    public func flush() throws(BlockError) {
        guard !isReadOnly else { return }
        try statistics.counting(.flush) { () throws(BlockError) in
            guard fdatasync(file.number) == 0 else { throw Self.failure(name, 0, "fdatasync") }
        }
    }

    /// How much of the host's storage the file takes, in bytes: st_blocks of stat(2). 0 if it cannot be told.
    public var allocatedSize: UInt64 { (try? file.status()).map { UInt64($0.allocated) } ?? 0 }
}
