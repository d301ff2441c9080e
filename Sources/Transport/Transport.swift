import CLinux
import Glibc
import SystemCalls

/// Channels of a migration: `tcp:`, `unix:`, `vsock:`, `exec:` and `fd:` addresses, listeners, reads and writes with
/// deadlines.
///
/// - `MigrationAddress`: what QMP's `uri` says; `connect` and `listen` are its two uses. Names are looked up on threads of
///   their own (`NameLookup`), within the deadline.
/// - `Wire`: a socket, pipes (of a command, or passed), a file, or TLS over one of these. It makes the system calls, waits
///   until they can go on, and ends such waits. Another kind of wire is another case of it.
/// - `TLSEnd`: what one side of a TLS connection proves itself with and wants of its peer; `Channel.secured` and
///   `ChannelSet.secure` make a channel with TLS of one without.
/// - `Channel`: a wire with buffers, counters and deadlines, for one reader and one writer thread. Writes are gathered:
///   small pieces are copied into a buffer, large ones (pages of guest memory) are only referred to, and both leave in
///   their order with one system call. Reads are scattered: the places that the next bytes go to are listed, and one call
///   fills them. Nothing waits longer than the deadline that the caller names, nor goes on beyond it while bytes still
///   come; any thread may `shutDown` the channel, which ends all waits at once.
/// - `ChannelSet`: all channels of one migration, by role; connects and accepts them, ends or breaks all of them, and adds
///   up what they carried.
/// - `Listener`: accepts connections, or waits for the first bytes; a `Cancellation` ends the wait.
public enum Transport {
    /// How long connecting may take, and looking up a name to listen on.
    public static let connectDeadlineMilliseconds: UInt64 = 10_000
    /// How long a channel may make no progress in either direction before the peer is given up, unless the caller says
    /// otherwise. Also the kernel's limit for unacknowledged data (TCP_USER_TIMEOUT).
    public static let stallDeadlineMilliseconds: UInt64 = 30_000
    /// How long a command that has got everything may take to end.
    public static let commandEndMilliseconds: UInt64 = 10_000
    /// How long the handshake of TLS may take on the side that connects: a listener may be busy with others before.
    public static let clientHandshakeMilliseconds: UInt64 = 15_000
    /// How long it may take on the side that listens.
    public static let serverHandshakeMilliseconds: UInt64 = 4_000
    /// The most bytes that a record of TLS holds.
    static let tlsRecordSize = 16 << 10
    /// How long a peer may take to let the end of a TLS session be told.
    static let tlsEndMilliseconds: UInt64 = 500
    /// How many places one readv(2) takes at most (Linux: 1024).
    public static let scatterLimit = 256
    /// How many small bytes are collected before they are written.
    static let writeBufferSize = 64 << 10
    /// How many bytes may be on their way to a peer on this host: a batch of pages, so that sender and receiver wake each
    /// other once in a while instead of all the time. The kernel gives less if net.core.wmem_max says so. Between hosts TCP
    /// chooses by itself, as the way's delay asks for.
    static let localSendBuffer: Int32 = 1 << 20
    /// The same for TCP from this host to itself (the kernel takes twice as much). There is no delay to fill there, and
    /// bytes that lie in a socket for long have left the processor's cache when they are received.
    static let loopbackSendBuffer: Int32 = 128 << 10
    /// How many pieces one sendmsg(2) takes at most (Linux: 1024).
    static let gatherLimit = 1024

    /// Whether the kernel sends over TCP from where the bytes lie (MSG_ZEROCOPY).
    public static var hostHasZeroCopy: Bool {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return false }
        let descriptor = Descriptor(owning: number)
        return clinux_enable_zero_copy(descriptor.number) == 0
    }
}
