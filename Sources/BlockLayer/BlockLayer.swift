public import SystemCalls

/// Disks of the guest, as bytes at offsets.
///
/// A virtio-blk device talks to a `BlockBackend`; `RawDisk` keeps the guest's bytes in a plain file or block device at
/// the same offsets. A request that fails changes nothing that the guest was told is written, and its error names
/// file and offset.
public protocol BlockBackend: AnyObject, Sendable {
    /// What the disk is kept in, for messages.
    var name: String { get }
    /// Length in bytes.
    var size: UInt64 { get }
    /// Whether writes are refused.
    var isReadOnly: Bool { get }
    // SAFETY: both buffers belong to the caller and live as long as the call; a guest may change the bytes meanwhile,
    // but nothing here interprets them.
    /// Fills `target` with the bytes from `offset` on.
    func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) throws(BlockError)
    /// Writes all of `source` at `offset`.
    func write(at offset: UInt64, from source: UnsafeRawBufferPointer) throws(BlockError)
    /// Returns once everything written before is on stable storage.
    func flush() throws(BlockError)
}

/// Why a disk could not do what was asked.
public enum BlockError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The range does not lie inside the disk.
    case outOfBounds(disk: String, offset: UInt64, count: Int, size: UInt64)
    /// A write to a disk that is opened for reading only.
    case readOnly(disk: String)
    /// The file ends inside the disk: it was cut while in use.
    case endOfFile(disk: String, offset: UInt64)
    /// The file is neither a regular file nor a block device, or its size does not suit.
    case unusable(disk: String, why: String)
    /// The host failed.
    case system(disk: String, offset: UInt64, SystemError)

    /// One line that names the disk.
    public var description: String {
        switch self {
        case .outOfBounds(let disk, let offset, let count, let size):
            "\(disk): \(count) bytes at offset \(offset) do not lie inside its \(size) bytes"
        case .readOnly(let disk): "\(disk): write to a read-only disk"
        case .endOfFile(let disk, let offset): "\(disk): the file ends before offset \(offset)"
        case .unusable(let disk, let why): "\(disk): \(why)"
        case .system(let disk, let offset, let error): "\(disk): at offset \(offset): \(error)"
        }
    }
}

extension BlockBackend {
    /// Throws `.outOfBounds` unless `count` bytes from `offset` on lie inside the disk.
    public func checkBounds(offset: UInt64, count: Int) throws(BlockError) {
        guard count >= 0, offset <= size, UInt64(count) <= size - offset else {
            throw .outOfBounds(disk: name, offset: offset, count: count, size: size)
        }
    }
}
