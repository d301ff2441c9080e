import Glibc

/// What stat(2) tells of a file.
public struct FileStatus: Sendable, Equatable {
    /// What kind of file it is.
    public enum Kind: Sendable {
        case regular, folder, socket, pipe, blockDevice, characterDevice, other
    }

    /// What kind of file it is.
    public let kind: Kind
    /// Who may use it: the bits of chmod(2).
    public let permissions: UInt32
    /// The group that it belongs to.
    public let group: UInt32
    /// Its length in bytes.
    public let size: Int
    /// How many bytes it takes on its file system: fewer, if it has holes.
    public let allocated: Int
    /// The device that it is on; with `inode` it tells files apart.
    public let device: UInt
    /// Its number on that device.
    public let inode: UInt

    /// Of the file at `path`, or of the link there if links are not followed: stat(2), lstat(2).
    public init(of path: String, followingLinks: Bool = true) throws(SystemError) {
        // SAFETY: the call writes to a local, and keeps no pointer beyond its return.
        var status = stat()
        guard unsafe (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
            throw .last(followingLinks ? "stat" : "lstat", path)
        }
        self.init(status)
    }

    /// Of an open file: fstat(2).
    public init(of descriptor: Int32) throws(SystemError) {
        // SAFETY: the call writes to a local, and keeps no pointer beyond its return.
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last("fstat") }
        self.init(status)
    }

    private init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            case S_IFSOCK: .socket
            case S_IFIFO: .pipe
            case S_IFBLK: .blockDevice
            case S_IFCHR: .characterDevice
            default: .other
            }
        permissions = status.st_mode & 0o7777
        group = status.st_gid
        size = max(0, Int(status.st_size))
        allocated = max(0, Int(status.st_blocks)) * 512
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
    }

    /// Whether it is a regular file.
    public var isRegular: Bool { kind == .regular }

    /// Whether this is the same file as `other`, whatever either is called.
    public func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }
}

extension Descriptor {
    /// Kind, length and place of the file: fstat(2).
    public func status() throws(SystemError) -> FileStatus { try FileStatus(of: number) }
}
