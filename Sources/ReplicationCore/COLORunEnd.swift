public import Environment
public import MigrationFormat

/// Why one side left a COLO run.
public enum COLORunEnd: Error, Equatable, Sendable, CustomStringConvertible {
    /// It was asked to: a failover command or the failover decision of this side.
    case requested
    /// The replication channel failed or was closed.
    case channelLost(String)
    /// The peer did not do in time what the named wait was for.
    case deadline(wait: String, limit: Nanoseconds)
    /// The peer sent a message that has no place in this phase.
    case unexpectedMessage(COLOMessage, phase: String)
    /// What the peer sent could not be read or is no valid state.
    case malformed(String)
    /// The machine of this side could not be captured or the checkpoint not be made current.
    case machineFailed(String)

    /// One line for logs and status.
    public var description: String {
        switch self {
        case .requested: "failover requested"
        case .channelLost(let why): "replication channel lost: \(why)"
        case .deadline(let wait, let limit): "peer exceeded \(wait) (\(limit))"
        case .unexpectedMessage(let message, let phase): "unexpected message \(message) while \(phase)"
        case .malformed(let what): "malformed checkpoint: \(what)"
        case .machineFailed(let what): "machine failed: \(what)"
        }
    }
}
