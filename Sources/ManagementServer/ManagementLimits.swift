import NIOCore
import QMP

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
    /// How long `shutdown` waits for commands to end and answers to be taken.
    public var drainTime = TimeAmount.seconds(2)
    /// What one JSON value may take.
    public var json = JSONLimits.standard

    /// The limits that colod runs with.
    public static let standard = ManagementLimits()

    /// The standard limits, to be changed.
    public init() {}
}
