/// The two hosts of a protected guest.
public struct PairConfiguration: Sendable, Equatable {
    /// The host whose configured role is primary.
    public var primary: PairHost
    /// The host whose configured role is secondary.
    public var secondary: PairHost
    /// The file with the pre-shared key of the heartbeat; read it with `loadKeys`.
    public var keyFile: String
    /// How replication channels are encrypted.
    public var encryption: PairEncryption

    /// The host of that configured role.
    public func host(_ role: ConfiguredRole) -> PairHost { role == .primary ? primary : secondary }
}

/// How the replication channels of a pair are encrypted; the same on both hosts.
public enum PairEncryption: String, Sendable, CaseIterable {
    /// By TLS, with a key for each channel that is made of the pair's.
    case tls
    /// Not at all: the peer is known at the beginning of each channel, and what follows is in the clear.
    case none
}

/// The addresses of one host of the pair.
public struct PairHost: Sendable, Equatable {
    /// Where it waits for a replication stream while it is the secondary.
    public var replication: SocketAddress
    /// Where it waits for heartbeat connections, one address for each network between the hosts. The first address of
    /// one host belongs to the same network as the first address of the other.
    public var heartbeat: [SocketAddress]
}

/// How the peer is watched.
public struct HeartbeatConfiguration: Sendable, Equatable {
    /// Milliseconds between two messages.
    public var intervalMilliseconds: Int
    /// Milliseconds without any message on any network until the peer counts as lost.
    public var timeoutMilliseconds: Int
    /// Milliseconds without a sign of life on the replication link, while the heartbeat goes on, until that link counts
    /// as cut; nil for three timeouts, and at least 1000.
    public var replicationTimeoutMilliseconds: Int?

    /// 50 ms and 500 ms.
    public static let standard = HeartbeatConfiguration(intervalMilliseconds: 50, timeoutMilliseconds: 500)
}

/// Who decides on a takeover.
///
/// `manual` is the default: without an arbiter an automatic takeover across a cut network is the one thing that lets
/// both hosts run the guest, so it has to be asked for.
public enum FailoverPolicy: String, Sendable, CaseIterable {
    /// The heartbeat monitor decides.
    case automatic
    /// The loss is only reported; `x-colo-lost-heartbeat` decides.
    case manual
}

/// Who is asked before one side goes on alone.
public enum ArbiterConfiguration: Sendable, Equatable {
    /// Nobody: every request is granted. Unsafe across a cut between the hosts.
    case none
    /// An executable: exit status 0 within the timeout means that the peer is fenced, anything else that it is not.
    case command(path: String, arguments: [String], timeoutMilliseconds: Int)
}
