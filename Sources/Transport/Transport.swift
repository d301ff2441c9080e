/// Channels of a migration: `tcp:`, `unix:`, `vsock:`, `exec:` and `fd:` addresses, listeners, reads and writes with
/// deadlines.
///
/// - `MigrationAddress`: what QMP's `uri` says; `connect` and `listen` are its two uses.
/// - `Channel`: a connected socket, the pipes of a command, or a passed descriptor, with one reader and one writer
///   thread. Writes are gathered: small pieces are copied into a buffer, large ones (pages of guest memory) are only
///   referred to, and both leave in their order with one system call. Nothing waits longer than the deadline that the
///   caller names; any thread may `shutDown` the channel, which ends all waits at once.
/// - `Listener`: accepts connections, or waits for the first bytes; a `Cancellation` ends the wait.
/// - `RateLimiter`: how long to wait so that a bandwidth is not exceeded; pure arithmetic.
public enum Transport {
    /// How long connecting may take.
    public static let connectDeadlineMilliseconds: UInt64 = 10_000
    /// How long a channel may make no progress in either direction before the peer is given up, unless the caller says
    /// otherwise. Also the kernel's limit for unacknowledged data (TCP_USER_TIMEOUT).
    public static let stallDeadlineMilliseconds: UInt64 = 30_000
    /// How long a command that has got everything may take to end.
    public static let commandEndMilliseconds: UInt64 = 10_000
    /// How many small bytes are collected before they are written.
    static let writeBufferSize = 64 << 10
    /// How many pieces one sendmsg(2) takes at most (Linux: 1024).
    static let gatherLimit = 1024
}
