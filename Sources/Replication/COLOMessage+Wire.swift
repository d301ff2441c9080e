import MigrationFormat
import ReplicationCore

// The core's messages and those of the stream's format are the same seven; the core does not import the format.

extension COLOMessage {
    /// The message that was read from a channel.
    init(_ message: COLOWireMessage) {
        self =
            switch message {
            case .checkpointReady: .checkpointReady
            case .checkpointRequest: .checkpointRequest
            case .checkpointReply: .checkpointReply
            case .vmstateSend: .vmstateSend
            case .vmstateSize(let size): .vmstateSize(size)
            case .vmstateReceived: .vmstateReceived
            case .vmstateLoaded: .vmstateLoaded
            }
    }

    /// The message as a channel carries it.
    var onTheWire: COLOWireMessage {
        switch self {
        case .checkpointReady: .checkpointReady
        case .checkpointRequest: .checkpointRequest
        case .checkpointReply: .checkpointReply
        case .vmstateSend: .vmstateSend
        case .vmstateSize(let size): .vmstateSize(size)
        case .vmstateReceived: .vmstateReceived
        case .vmstateLoaded: .vmstateLoaded
        }
    }
}
