import CLinux
public import Environment
import Glibc

/// Stream sockets with a path: unix(7).
public enum UnixSocket {
    /// The longest path that fits the address, in bytes.
    public static let longestPath = 107

    /// A socket bound to `path` with the permissions `mode`, whatever the umask, and the group of this process; not yet
    /// listening.
    ///
    /// A socket file that nobody listens on is replaced; anything else at `path` is an error, EADDRINUSE.
    public static func bind(_ path: String, mode: UInt32 = 0o660) throws(SystemError) -> Descriptor {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let socket = try make()
        // The kernel gives the file the mode of the socket less the umask, so there is no moment with wider permissions.
        guard fchmod(socket.number, mode) == 0 else { throw .last("fchmod", path) }
        if try unsafe !attempt(socket, path, Glibc.bind) {
            guard errno == EADDRINUSE else { throw .last("bind", path) }
            guard try isStale(path) else { throw SystemError(code: EADDRINUSE, call: "bind", subject: path) }
            Paths.remove(path)
            guard try unsafe attempt(socket, path, Glibc.bind) else { throw .last("bind", path) }
        }
        try setAccess(of: path, mode: mode)
        return socket
    }

    /// What the umask took away is given back, and the group is that of the process also in a folder that gives its own.
    /// Goes by a descriptor of the file itself, O_PATH of open(2), so that nothing else is meant whatever `path` becomes.
    private static func setAccess(of path: String, mode: UInt32) throws(SystemError) {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let file = try Descriptor.open(path, flags: O_PATH | O_NOFOLLOW)
        let status = try file.status()
        guard status.kind == .socket else { throw SystemError(code: EEXIST, call: "bind", subject: path) }
        let link = "/proc/self/fd/\(file.number)"
        if status.group != getegid(), unsafe chown(link, uid_t.max, getegid()) != 0 { throw .last("chown", path) }
        if status.permissions != mode, unsafe chmod(link, mode) != 0 { throw .last("chmod", path) }
    }

    /// A connected socket that does not block. The listener may have no room for more connections, for as long as it
    /// does not accept any: EAGAIN once `patience` has passed.
    public static func connect(
        _ path: String, within patience: Nanoseconds = .seconds(10)
    ) throws(SystemError) -> Descriptor {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        let socket = try make()
        let deadline = SystemClock().now() + patience
        repeat {
            // The limit of a send is that of connect(2), see socket(7); 0 would mean none.
            let now = SystemClock().now()
            let rest = max(1, (deadline > now ? deadline - now : .zero).count / 1000)
            var limit = timeval(tv_sec: Int(rest / 1_000_000), tv_usec: Int(rest % 1_000_000))
            let size = socklen_t(MemoryLayout<timeval>.size)
            guard unsafe setsockopt(socket.number, SOL_SOCKET, SO_SNDTIMEO, &limit, size) == 0 else {
                throw .last("setsockopt", path)
            }
            if try unsafe attempt(socket, path, Glibc.connect) {
                try socket.setNonBlocking(true)
                return socket
            }
        } while errno == EINTR
        throw .last("connect", path)
    }

    /// Whether `path` is a socket that nobody listens on.
    private static func isStale(_ path: String) throws(SystemError) -> Bool {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        guard (try? FileStatus(of: path, followingLinks: false))?.kind == .socket else { return false }
        let probe = try make()
        // Without blocking a full queue of connections reads as EAGAIN: somebody is there.
        try probe.setNonBlocking(true)
        return try unsafe !attempt(probe, path, Glibc.connect) && errno == ECONNREFUSED
    }

    private static func make() throws(SystemError) -> Descriptor {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw .last("socket") }
        return Descriptor(owning: number)
    }

    /// Calls bind or connect with the address of `path`; false if it failed, with `errno` set.
    private static func attempt(
        _ socket: borrowing Descriptor, _ path: String,
        _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemError) -> Bool {
        guard !path.isEmpty, path.utf8.count <= longestPath, !path.utf8.contains(0) else {
            throw SystemError(code: ENAMETOOLONG, call: "socket path of 1 to \(longestPath) bytes", subject: path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let number = socket.number
        // SAFETY: the path fits sun_path with its final zero (checked above), and the structure outlives the call.
        return unsafe withUnsafeMutableBytes(of: &address) { bytes in
            let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
            unsafe bytes[offset...].copyBytes(from: path.utf8)
            guard let base = bytes.baseAddress else { return false }
            return unsafe call(number, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0
        }
    }
}
