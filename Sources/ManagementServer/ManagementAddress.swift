import Glibc
import SystemCalls

/// Where a management socket listens.
public enum ManagementAddress: Sendable, Hashable, CustomStringConvertible {
    /// A path in the file system.
    case unix(path: String)
    /// A host and port. A client that reaches it controls the guest: there is no login.
    case tcp(host: String, port: UInt16)

    /// Reads "unix:PATH" or "tcp:HOST:PORT" (an IPv6 address in brackets); nil if it is neither.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            // Options of the form ",server=on,wait=off" are what QEMU's users are used to; they change nothing here.
            let path = text.dropFirst(5).prefix { $0 != "," }
            guard !path.isEmpty else { return nil }
            self = .unix(path: String(path))
        } else if text.hasPrefix("tcp:") {
            let rest = text.dropFirst(4).prefix { $0 != "," }
            guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]) else {
                return nil
            }
            var host = rest[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
            self = .tcp(host: host.isEmpty ? "127.0.0.1" : String(host), port: port)
        } else {
            return nil
        }
    }

    /// The form that `init` reads.
    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
        }
    }
}

/// A socket's file, remembered so that only it is removed and not one that another process put in its place.
struct SocketFile: Sendable {
    private let path: String
    private let status: FileStatus

    /// The file now at `path`; nil if there is none.
    init?(_ path: String) {
        guard let status = Self.status(path) else { return nil }
        self.path = path
        self.status = status
    }

    func removeIfUnchanged() {
        guard let now = Self.status(path), now.isSameFile(as: status) else { return }
        Paths.remove(path)
    }

    private static func status(_ path: String) -> FileStatus? { try? FileStatus(of: path, followingLinks: false) }
}
