import QMP

/// The reply of `x-colod-status`: how the pair is, from this side. What is not known is left out.
public struct ColodStatus: Sendable, Hashable {
    /// What this side is.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// Runs the guest and sends checkpoints.
        case primary
        /// Holds the last complete checkpoint.
        case secondary
        /// Runs the guest without a peer.
        case alone
        /// Neither runs the guest nor holds a checkpoint.
        case waiting
    }

    /// Where this side stands.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// The process has only begun.
        case starting
        /// No connection to the peer yet.
        case connecting
        /// The first full copy is on its way.
        case synchronising
        /// Checkpoints flow, and both sides have confirmed their roles.
        case protected
        /// The guest runs, but the death of this host would lose it.
        case unprotected
        /// The peer has taken over; this side will not run the guest.
        case superseded
        /// A takeover is under way.
        case takingOver = "taking-over"
        /// Something failed that an operator has to look at.
        case failed
    }

    /// What is known of the peer.
    public struct Peer: Sendable, Hashable {
        /// Whether there is a connection.
        public var connected: Bool
        /// Milliseconds since it was last heard.
        public var lastHeardMilliseconds: UInt64?
        /// Heartbeat connections that could not prove to know the pair's key, or broke its protocol.
        public var ignored: UInt64 = 0
        /// How many heartbeat networks are configured.
        public var networks: UInt64 = 0
        /// How many of them carry messages now.
        public var networksUp: UInt64 = 0

        /// A peer.
        public init(connected: Bool, lastHeardMilliseconds: UInt64? = nil) {
            self.connected = connected
            self.lastHeardMilliseconds = lastHeardMilliseconds
        }
    }

    /// How long the guest was stopped for checkpoints, in milliseconds.
    public struct Pause: Sendable, Hashable {
        /// Half of them were shorter.
        public var median: Double
        /// 99 of 100 were shorter.
        public var p99: Double
        /// The longest.
        public var max: Double

        /// Pauses.
        public init(median: Double, p99: Double, max: Double) {
            self.median = median
            self.p99 = p99
            self.max = max
        }
    }

    /// Whether a takeover needs an operator.
    public enum FailoverMode: String, Sendable, Hashable, CaseIterable {
        /// The heartbeat monitor decides.
        case automatic
        /// The operator decides.
        case manual
    }

    /// What this side is.
    public var role: Role
    /// Where it stands.
    public var state: State
    /// Whether the death of this host would lose nothing: verified, not hoped.
    public var protected: Bool
    /// Whether the guest runs here and its output is released.
    public var serving: Bool
    /// Grows with every takeover.
    public var term: UInt64
    /// The peer.
    public var peer: Peer
    /// Complete checkpoints so far.
    public var checkpoints: UInt64 = 0
    /// Pauses, once there were any.
    public var pause: Pause?
    /// Bytes of a checkpoint, on average.
    public var bytesPerCheckpoint: UInt64?
    /// Milliseconds since the last complete checkpoint.
    public var lastCheckpointAgeMilliseconds: UInt64?
    /// Packets held back until their checkpoint is complete.
    public var heldPackets: UInt64 = 0
    /// Their bytes.
    public var heldBytes: UInt64 = 0
    /// What went wrong last, also after it was overcome.
    public var lastFailure: String?
    /// Who decides a takeover.
    public var failoverMode: FailoverMode
    /// Which arbiter is asked first: "none", "command".
    public var arbiter: String
    /// Instructions the guest has executed, where the engine counts them.
    public var retiredInstructions: UInt64?

    /// A status with what is always known.
    public init(
        role: Role, state: State, protected: Bool, serving: Bool, term: UInt64, peer: Peer,
        failoverMode: FailoverMode, arbiter: String
    ) {
        self.role = role
        self.state = state
        self.protected = protected
        self.serving = serving
        self.term = term
        self.peer = peer
        self.failoverMode = failoverMode
        self.arbiter = arbiter
    }
}
