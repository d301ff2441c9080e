import Glibc

/// What fstat(2) tells of an open file that memory is to be mapped from.
public struct FileShape: Sendable {
    /// Whether it is a regular file.
    public let isRegular: Bool
    /// Its length in bytes.
    public let size: Int
    /// How many bytes it takes on its file system: fewer, if it has holes.
    public let allocated: Int
}

extension Descriptor {
    /// Type and length of the file: fstat(2).
    public func shape() throws(SystemError) -> FileShape {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { throw .last("fstat") }
        let type = status.st_mode & S_IFMT
        return FileShape(
            isRegular: type == S_IFREG, size: Int(status.st_size),
            allocated: Int(status.st_blocks) * 512)
    }
}
