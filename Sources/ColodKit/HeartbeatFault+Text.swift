public import ReplicationCore

// Why a heartbeat connection was refused, and what an operator compares.
extension HeartbeatFault: CustomStringConvertible {
    /// What was wrong with what came.
    public var description: String {
        switch self {
        case .frameLength(let length): "a frame of \(length) bytes, which is not 1 to \(HeartbeatCoding.maximumFrame)"
        case .unexpectedFrame(let type): "a frame of type \(type) out of place"
        case .notOurProtocol: "it does not speak the heartbeat protocol"
        case .version(let theirs):
            "it speaks version \(theirs) of the heartbeat protocol, and this side version \(HeartbeatCoding.version)"
        case .otherPair(let name): "it belongs to the pair of another guest, \(name.debugDescription)"
        case .sameRole: "it has the same role as this side"
        case .ownGreeting: "it sends back what this side said"
        case .notAuthentic: "its messages do not carry the code of this pair's key"
        case .replayed(let sequence): "message \(sequence) came a second time"
        case .malformed(let what): "it cannot be read: \(what)"
        }
    }

    /// What to compare or to look for, so that this does not happen again.
    var nextStep: String {
        switch self {
        case .notAuthentic: "compare pair.key-file on both hosts (sha256sum)"
        case .otherPair: "compare guest.name on both hosts"
        case .sameRole: "compare role on both hosts: one is primary, the other secondary"
        case .ownGreeting: "compare pair on both hosts: the peer's address leads back here"
        case .version: "install the same version of colod on both hosts (colod --version)"
        case .notOurProtocol: "find out what connects here"
        case .frameLength, .unexpectedFrame, .replayed, .malformed:
            "if this is the peer's address, compare colod --version on both hosts; else find out what connects here"
        }
    }

    /// A log line's text about a connection from `address`.
    func logMessage(address: String?) -> String {
        "the heartbeat connection from \(address ?? "an address that is gone") was refused: \(description); \(nextStep)"
    }

    /// The kind alone: faults of one kind from one address are one message.
    var kind: String {
        switch self {
        case .frameLength, .unexpectedFrame, .malformed: "malformed"
        case .notOurProtocol: "protocol"
        case .version: "version"
        case .otherPair: "pair"
        case .sameRole: "role"
        case .ownGreeting: "own greeting"
        case .notAuthentic: "key"
        case .replayed: "replayed"
        }
    }
}
