public import Environment
public import QMP

/// What clients may cost.
public struct ManagementLimits: Sendable {
    /// Connections at once; further ones are closed.
    public var connections = 64
    /// Connections that the kernel keeps until they are accepted.
    public var backlog: Int32 = 16
    /// Bytes that a client may leave unread before it is closed.
    public var unsentBytes = 8 << 20
    /// Unread bytes from which on nothing more is read from the client.
    public var readPauseBytes = 256 << 10
    /// In-band requests of a client that wait while one runs, where out-of-band execution was negotiated; without it
    /// there are none.
    public var queuedRequests = 8
    /// Requests of one client after which the others have their turn.
    public var requestsPerTurn = 32
    /// Bytes taken from a client at once.
    public var readBytes = 16 << 10
    /// Descriptors that the clients of one address may have named.
    public var namedDescriptors = 64
    /// How long no connection is accepted after the process ran out of descriptors.
    public var acceptPause = Nanoseconds.milliseconds(100)
    /// How long `shutdown` waits for commands to end and answers to be taken.
    public var drainTime = Nanoseconds.seconds(2)
    /// What one JSON value may take.
    public var json = JSONLimits.standard

    /// The limits that colod runs with.
    public static let standard = ManagementLimits()

    /// The standard limits, to be changed.
    public init() {}
}
