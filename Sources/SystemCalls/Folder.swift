import Glibc

/// Folders that a service keeps its files in.
public enum Folder {
    /// Makes the folder at `path`, with the permissions `mode` whatever the umask: mkdir(2). False if there is something
    /// at `path` already, which stays as it is. The folder above must exist.
    @discardableResult
    public static func make(_ path: String, mode: UInt32) throws(SystemError) -> Bool {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        // Narrow first: it is widened by the one that knows that it made it.
        if unsafe mkdir(path, 0o700) != 0 {
            guard errno == EEXIST else { throw .last("mkdir", path) }
            return false
        }
        guard unsafe chmod(path, mode) == 0 else { throw .last("chmod", path) }
        return true
    }
}
