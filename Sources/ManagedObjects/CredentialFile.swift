import Glibc
import SystemCalls

/// A file of a credentials directory: the names are those that QEMU uses.
struct CredentialFile {
    /// Longer files are no credentials.
    static let maximumSize = 1 << 20

    let path: String

    /// `name` in `directory` if it is there. Throws if it is not and is `required`, or if it cannot be examined.
    static func find(_ name: String, in directory: String, required: Bool) throws(CredentialsError) -> CredentialFile? {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        let path = "\(directory)/\(name)"
        var status = stat()
        guard unsafe stat(path, &status) != 0 else { return CredentialFile(path: path) }
        let code = errno
        if !required && code == ENOENT { return nil }
        throw .inaccessible(path: path, SystemError(code: code, call: "stat", subject: path))
    }

    /// `name` in `directory`, which must be there.
    static func require(_ name: String, in directory: String) throws(CredentialsError) -> CredentialFile {
        guard let file = try find(name, in: directory, required: true) else {
            let path = "\(directory)/\(name)"
            throw .inaccessible(path: path, SystemError(code: ENOENT, call: "stat", subject: path))
        }
        return file
    }

    /// Hands the file's bytes to `body` and wipes them afterwards, because they may be a key. Throws the text for why
    /// it cannot be read; never waits for the other end of a pipe.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) throws(CredentialFileError) -> Result {
        let size: Int
        let descriptor: Descriptor
        do throws(SystemError) {
            descriptor = try Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK)
        } catch { throw CredentialFileError(code: error.code, call: .open) }
        var status = stat()
        guard unsafe fstat(descriptor.number, &status) == 0 else { throw CredentialFileError(code: errno, call: .read) }
        if status.st_mode & S_IFMT == S_IFDIR { throw CredentialFileError(code: EISDIR, call: .read) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw CredentialFileError(code: EINVAL, call: .read) }
        guard status.st_size <= Self.maximumSize else { throw CredentialFileError(code: EFBIG, call: .read) }
        size = Int(status.st_size)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 1, alignment: 1)
        defer {
            // SAFETY: the buffer is this call's own; explicit_bzero(3) is not optimised away.
            if let base = buffer.baseAddress { unsafe explicit_bzero(base, buffer.count) }
            unsafe buffer.deallocate()
        }
        var count = 0
        while count < size, let base = buffer.baseAddress {
            // SAFETY: `base + count` and the rest lie inside the buffer.
            let step = unsafe Glibc.read(descriptor.number, base + count, size - count)
            if step < 0 {
                if errno == EINTR { continue }
                throw CredentialFileError(code: errno, call: .read)
            }
            if step == 0 { break }
            count += step
        }
        return unsafe body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
}

/// Why a credentials file could not be read.
public struct CredentialFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was tried.
    public enum Call: Equatable, Sendable {
        /// To open it.
        case open
        /// To read it.
        case read
    }

    /// The error number.
    public let code: Int32
    /// What was tried.
    public let call: Call

    /// The text of the error number.
    public var description: String {
        // SAFETY: strerror(3) gives a terminated string, which is copied at once.
        unsafe String(cString: strerror(code))
    }
}
