import CLinux
import Glibc

/// A small file that is replaced as a whole and survives a crash at any moment: it holds either the old content or
/// the new one.
public struct DurableFile: Sendable {
    /// Where it lies.
    public let path: String
    /// The largest content accepted when reading, in bytes.
    public static let largestContent = 65_536

    /// The file at `path`, which need not exist yet; its folder must.
    public init(path: String) { self.path = path }

    /// The content; nil if there is no such file.
    public func read() throws(SystemError) -> [UInt8]? {
        let file: Descriptor
        do throws(SystemError) {
            file = try Descriptor.open(path, flags: O_RDONLY)
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            // SAFETY: reads at most the length of `chunk` into it.
            let count = unsafe Glibc.read(file.number, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .last("read", path)
            }
            if count == 0 { return content }
            content += chunk[..<count]
            if content.count > Self.largestContent { throw SystemError(code: EFBIG, call: "read", subject: path) }
        }
    }

    /// Replaces the content and returns when it is on stable storage: writes to a neighbour, fsync(2), has the two change
    /// places (renameat2(2)), and fsync of the folder. The neighbour stays, with room for the next content: once both files
    /// are there, a file system that has filled up meanwhile does not keep a replacement from being written.
    public func replace(with content: [UInt8]) throws(SystemError) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let neighbour = path + ".new"
        try Self.write(content, to: neighbour)
        if unsafe clinux_exchange(neighbour, path) != 0 {
            // The first content, or a file system that cannot exchange names.
            guard [ENOENT, EINVAL, ENOSYS].contains(errno) else { throw .last("renameat2", path) }
            guard unsafe rename(neighbour, path) == 0 else { throw .last("rename", path) }
            _ = try Self.open(neighbour)
        }
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = try Descriptor.open(folder, flags: O_RDONLY | O_DIRECTORY)
        guard fsync(directory.number) == 0 else { throw .last("fsync", folder) }
    }

    /// How many bytes are kept allocated.
    private static let room = 512

    /// Opens a neighbour that has room, whatever the file system has left.
    private static func open(_ neighbour: String) throws(SystemError) -> Descriptor {
        let file = try Descriptor.open(neighbour, flags: O_WRONLY | O_CREAT, mode: 0o600)
        let code = posix_fallocate(file.number, 0, off_t(room))
        // Some file systems cannot tell in advance.
        guard code == 0 || code == EOPNOTSUPP || code == EINVAL else {
            throw SystemError(code: code, call: "posix_fallocate", subject: neighbour)
        }
        return file
    }

    private static func write(_ content: [UInt8], to neighbour: String) throws(SystemError) {
        let file = try open(neighbour)
        var written = 0
        while written < content.count {
            // SAFETY: writes the rest of an array that is alive for the call.
            let count = unsafe content[written...].withUnsafeBytes {
                unsafe Glibc.write(file.number, $0.baseAddress, $0.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .last("write", neighbour)
            }
            written += count
        }
        guard ftruncate(file.number, off_t(content.count)) == 0 else { throw .last("ftruncate", neighbour) }
        guard fsync(file.number) == 0 else { throw .last("fsync", neighbour) }
    }
}
