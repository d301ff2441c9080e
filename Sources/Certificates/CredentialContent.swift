import Glibc
import SystemCalls

/// A file of credentials: its name and what is in it.
public struct CredentialContent: Sendable {
    /// Its name in its folder.
    public let name: String
    /// Whether only its owner may read it.
    public let isSecret: Bool
    private let bytes: [UInt8]

    init(_ name: String, _ bytes: [UInt8], isSecret: Bool) {
        (self.name, self.bytes, self.isSecret) = (name, bytes, isSecret)
    }

    /// The content of a file of at most 64 KiB.
    static func read(_ path: String) throws(CertificateError) -> [UInt8] {
        let content: [UInt8]?
        do throws(SystemError) { content = try DurableFile(path: path).read() } catch { throw .file(error) }
        guard let content else { throw .file(SystemError(code: ENOENT, call: "open", subject: path)) }
        return content
    }

    /// Writes `files` into `folder`, which is made with the mode 0700 if it is not there; the folder above must be. Unless
    /// they are `replacing` others, nothing is written if one of the names is taken. Returns the paths.
    @discardableResult
    public static func write(
        _ files: [CredentialContent], to folder: String, replacing: Bool
    ) throws(CertificateError) -> [String] {
        let paths = files.map { "\(folder)/\($0.name)" }
        if !replacing {
            let present = paths.filter { (try? FileStatus(of: $0, followingLinks: false)) != nil }
            guard present.isEmpty else { throw .present(present) }
        }
        do throws(SystemError) {
            try Folder.make(folder, mode: 0o700)
            for (file, path) in zip(files, paths) { try file.write(to: path, replacing: replacing) }
        } catch {
            if !replacing, error.code == EEXIST { throw .present([error.subject]) }
            throw .file(error)
        }
        return paths
    }

    /// Whole under a name of its own, then in its place: whoever reads sees the old file or the new one.
    private func write(to path: String, replacing: Bool) throws(SystemError) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let neighbour = "\(path).new"
        Paths.remove(neighbour)
        let file = try Descriptor.open(
            neighbour, flags: O_WRONLY | O_CREAT | O_EXCL, mode: isSecret ? 0o600 : 0o644)
        // Gone already if it has taken its place.
        defer { Paths.remove(neighbour) }
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes {
                unsafe Glibc.write(file.number, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError(code: errno, call: "write", subject: neighbour) }
            written += count
        }
        guard fsync(file.number) == 0 else { throw SystemError(code: errno, call: "fsync", subject: neighbour) }
        if replacing {
            guard unsafe rename(neighbour, path) == 0 else {
                throw SystemError(code: errno, call: "rename", subject: path)
            }
        } else {
            // Unlike rename(2), it replaces nothing.
            guard unsafe link(neighbour, path) == 0 else { throw SystemError(code: errno, call: "link", subject: path) }
        }
    }
}
