import Glibc
import SystemCalls

/// Why a file could not be used; the text says what to change.
public struct KeyFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong with it.
    public let message: String
    /// The key itself is right: only others may use the file.
    var isOnlyTooOpen = false

    /// As an operator reads it.
    public var description: String { "\(path): \(message)" }
}

/// Reads the pre-shared keys of a pair: the lines of the file. The first is used; a second one is accepted beside it, while
/// keys are exchanged.
///
/// Refuses a file that others than owner and group may read or write, a key outside `ConfigurationLimits.keyLength`,
/// and more than two.
public func loadKeys(_ path: String) throws(KeyFileError) -> [[UInt8]] {
    let limits = ConfigurationLimits.keyLength
    let file = try readSmallFile(path, limit: 2 * (limits.upperBound + 2))
    guard file.mode & 0o007 == 0 else {
        throw KeyFileError(
            path: path, message: "may be used by everyone on this host; run: chmod 640 \(path)",
            isOnlyTooOpen: true)
    }
    let lines = lines(of: file.bytes)
    guard lines.count <= 2 else {
        throw KeyFileError(
            path: path,
            message: "holds \(lines.count) lines; expected the key, and while keys are exchanged a second one that is "
                + "accepted")
    }
    for key in lines where !limits.contains(key.count) {
        throw KeyFileError(
            path: path,
            message: "holds a key of \(key.count) bytes; expected \(limits.lowerBound) to \(limits.upperBound)")
    }
    return lines
}

/// The lines without their ends, and without empty ones at the end of the file; one at least.
private func lines(of bytes: [UInt8]) -> [[UInt8]] {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
        var line = Array(line)
        while line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
    }
    while lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
    return lines
}

/// All bytes and the permission bits of a regular file of at most `limit` bytes.
func readSmallFile(_ path: String, limit: Int) throws(KeyFileError) -> (bytes: [UInt8], mode: UInt32) {
    let file = try openForReading(path)
    guard let status = try? file.status(), status.isRegular else {
        throw KeyFileError(path: path, message: "is no regular file")
    }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count < bytes.count {
        let got = unsafe bytes.withUnsafeMutableBytes { buffer in
            // SAFETY: reads into the rest of the buffer, no further.
            unsafe read(file.number, buffer.baseAddress.map { unsafe $0 + count }, buffer.count - count)
        }
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else {
            throw KeyFileError(path: path, message: "cannot be read: \(SystemError.text(of: errno))")
        }
        if got == 0 { break }
        count += got
    }
    guard count <= limit else { throw KeyFileError(path: path, message: "is larger than \(limit) bytes") }
    return (Array(bytes[..<count]), status.permissions)
}

private func openForReading(_ path: String) throws(KeyFileError) -> Descriptor {
    do {
        // Not waiting: opening a pipe by that name must not hang.
        return try Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK)
    } catch {
        throw KeyFileError(path: path, message: "cannot be opened: \(error.reason)")
    }
}
