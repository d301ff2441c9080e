public import Environment

/// A control message between the two sides of a COLO run; the codec belongs to the migration stream's format.
public enum COLOMessage: Equatable, Hashable, Sendable {
    /// Secondary to primary: the initial synchronisation is loaded.
    case checkpointReady
    /// Primary to secondary: a checkpoint begins.
    case checkpointRequest
    /// Secondary to primary: ready to receive it.
    case checkpointReply
    /// Primary to secondary: the RAM records of the checkpoint follow.
    case vmstateSend
    /// Primary to secondary: this many bytes of device state follow.
    case vmstateSize(UInt64)
    /// Secondary to primary: everything was received.
    case vmstateReceived
    /// Secondary to primary: the checkpoint is complete; the secondary can resume the guest from it.
    case vmstateLoaded
}

extension COLOMessage: CustomStringConvertible {
    /// The name in QEMU's protocol.
    public var description: String {
        switch self {
        case .checkpointReady: "CHECKPOINT_READY"
        case .checkpointRequest: "CHECKPOINT_REQUEST"
        case .checkpointReply: "CHECKPOINT_REPLY"
        case .vmstateSend: "VMSTATE_SEND"
        case .vmstateSize(let bytes): "VMSTATE_SIZE of \(bytes) bytes"
        case .vmstateReceived: "VMSTATE_RECEIVED"
        case .vmstateLoaded: "VMSTATE_LOADED"
        }
    }
}

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
