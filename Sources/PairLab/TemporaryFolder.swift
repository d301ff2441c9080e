import Glibc
import SystemCalls

/// A folder of its own under $TMPDIR or /tmp; removed with everything in it when its owner goes away.
public final class TemporaryFolder: Sendable {
    /// Its absolute path.
    public let root: String

    /// Makes a folder whose name starts with `prefix`: mkdtemp(3).
    public init(prefix: String = "colod-lab") throws {
        // SAFETY: nothing in the program changes its environment, and what getenv(3) gives is copied at once.
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/\(prefix).XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw LabError("no folder can be made in \(parent)") }
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        Leftovers.shared.insert(folder: root)
    }

    deinit {
        Self.remove(root)
        Leftovers.shared.remove(folder: root)
    }

    /// The path of `name` in the folder.
    public func path(_ name: String) -> String { "\(root)/\(name)" }

    /// Writes a file, readable and writable by the owner alone (executable too, with `executable`).
    public func write(_ text: String, to name: String, executable: Bool = false) throws {
        try write(Array(text.utf8), to: name, executable: executable)
    }

    /// Writes a file of `bytes`.
    public func write(_ bytes: [UInt8], to name: String, executable: Bool = false) throws {
        try writeBytes(bytes, to: path(name), mode: executable ? 0o700 : 0o600)
    }

    /// The text of a file.
    public func read(_ name: String) throws -> String { try readText(path(name)) }

    /// Removes the tree at `path`; what cannot be removed stays.
    static func remove(_ path: String) {
        if let folder = unsafe opendir(path) {
            while let entry = unsafe readdir(folder) {
                // SAFETY: the entry is valid until the next call, and its name ends in a zero.
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
                }
                guard name != ".", name != ".." else { continue }
                if unsafe unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
            }
            unsafe closedir(folder)
        }
        unsafe rmdir(path)
    }
}

/// Makes a folder that only the owner may use.
func makeFolder(_ path: String) throws {
    // SAFETY: the path is lent for the call.
    guard unsafe mkdir(path, 0o700) == 0 else { throw LabError("\(path) cannot be made") }
}

/// Makes or replaces the file at `path`, which the owner alone may read.
func writeText(_ text: String, to path: String) throws { try writeBytes(Array(text.utf8), to: path, mode: 0o600) }

private func writeBytes(_ bytes: [UInt8], to path: String, mode: mode_t) throws {
    let file = try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    var offset = 0
    while offset < bytes.count {
        // SAFETY: the range lies in the array, which lives through the call.
        let written = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.write(file.number, $0.baseAddress.map { unsafe $0 + offset }, $0.count - offset)
        }
        guard written > 0 else { throw LabError("\(path) cannot be written") }
        offset += written
    }
}

/// The whole text of the file at `path`; bytes that are not UTF-8 are replaced.
public func readText(_ path: String) throws -> String { String(decoding: try readBytes(path), as: UTF8.self) }

/// All bytes of the file at `path`.
public func readBytes(_ path: String) throws -> [UInt8] {
    let file = try Descriptor.open(path, flags: O_RDONLY)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        // SAFETY: reads at most the buffer's length into it.
        let count = unsafe Glibc.read(file.number, &buffer, buffer.count)
        guard count >= 0 else { throw LabError("\(path) cannot be read") }
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}
