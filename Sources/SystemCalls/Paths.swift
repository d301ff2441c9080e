import Glibc

/// What is done to a file by its path alone.
public enum Paths {
    /// Why this process may not use the file in the way that `mode` says (R_OK, W_OK, X_OK; 0: whether it is there); nil if it may:
    /// access(2).
    public static func obstacle(_ path: String, _ mode: Int32 = 0) -> SystemError? {
        // SAFETY: the call reads a string that lives until it returns.
        unsafe access(path, mode) == 0 ? nil : .last("access", path)
    }

    /// Whether this process may use the file in that way.
    public static func isUsable(_ path: String, _ mode: Int32 = 0) -> Bool { obstacle(path, mode) == nil }

    /// Removes the file, if there is one: unlink(2). Returns whether it is gone because of this.
    @discardableResult
    public static func remove(_ path: String) -> Bool {
        // SAFETY: the call reads a string that lives until it returns.
        unsafe unlink(path) == 0
    }

    /// What the symbolic link leads to: readlink(2). Nil if there is none, or if it is longer than PATH_MAX.
    public static func target(ofLink path: String) -> String? {
        // SAFETY: the call fills at most as many bytes as the array has, and tells how many.
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = unsafe readlink(path, &buffer, buffer.count)
        guard length > 0, length < buffer.count else { return nil }
        return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
