import SystemCalls

/// Why a channel could not be opened or used. The texts are the ones that QMP clients know from `error-desc`.
public enum TransportError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The URI has no scheme of a migration protocol.
    case unknownScheme(uri: String)
    /// There is no RDMA here.
    case noRDMA
    /// No client has passed a descriptor of that name.
    case unknownDescriptor(name: String)
    /// The address cannot be read; the text says why.
    case badAddress(String)
    /// Looking up the name failed.
    case resolution(address: String, reason: String)
    /// A system call on the address or the channel failed.
    case failed(action: String, reason: String)
    /// The peer closed the channel.
    case closedByPeer
    /// Nothing moved for so long, or, with 0, the deadline passed while bytes still came.
    case stalled(action: String, milliseconds: UInt64)
    /// The command at the other end did not say that it has done its work; `how` tells how it ended.
    case commandFailed(command: String, how: String)
    /// There is no TLS on the channel.
    case tls(TLSFailure)
    /// The channel set has one in that role already.
    case roleTaken(String)
    /// This side ended the channel, or the wait for one.
    case cancelled

    /// One line, as `error-desc` shows it.
    public var description: String {
        switch self {
        case .unknownScheme: "Parameter 'uri' expects a valid migration protocol"
        case .noRDMA: "RDMA ERROR: could not create CM channel"
        case .unknownDescriptor(let name): "File descriptor named '\(name)' has not been found"
        case .badAddress(let text): text
        case .resolution(let address, let reason): "address resolution failed for \(address): \(reason)"
        case .failed(let action, let reason): "\(action): \(reason)"
        case .closedByPeer: "The peer closed the channel"
        case .stalled(let action, 0): "\(action): the deadline has passed"
        case .commandFailed(let command, let how): "The command '\(command)' \(how)"
        case .tls(let failure): failure.description
        case .roleTaken(let role): "The migration has its \(role) channel already"
        case .stalled(let action, let milliseconds): "\(action): no progress for \(milliseconds) ms"
        case .cancelled: "The channel was shut down"
        }
    }

    static func last(_ action: String) -> TransportError { .failed(action: action, reason: systemReason()) }
}
