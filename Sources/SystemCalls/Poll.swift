public import Glibc

/// Waits for descriptors: poll(2). A negative descriptor is none; a negative time is without end.
public enum Poll {
    /// Returns how many of `entries` have something; 0 once the time has passed, -1 with `errno` on an error.
    public static func wait(for entries: inout [pollfd], milliseconds: Int32) -> Int32 {
        // SAFETY: the call changes the entries of an array that lives until it returns, and no more of them.
        let count = nfds_t(entries.count)
        return unsafe poll(&entries, count, milliseconds)
    }

    /// The same for one descriptor; what it has is in the entry.
    public static func wait(for entry: inout pollfd, milliseconds: Int32) -> Int32 {
        // SAFETY: the call changes one entry, which lives until it returns.
        unsafe poll(&entry, 1, milliseconds)
    }
}

/// Options of sockets.
public enum SocketOption {
    /// Sets an option that is a number: setsockopt(2). Returns false, with `errno`, if it cannot be set.
    @discardableResult
    public static func set(_ socket: Int32, _ level: Int32, _ name: Int32, to value: Int32) -> Bool {
        // SAFETY: the call reads a local of the size that is given.
        var value = value
        return unsafe setsockopt(socket, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }
}
