/// What a side says about itself in every heartbeat message.
///
/// Decisions are carried by state, not by messages: a side that wants to serve repeats its claim until the peer's
/// report shows the claimed term, so nothing depends on a single message that may get lost.
public struct PairReport: Sendable, Equatable {
    /// The highest term this side has persisted.
    public var term: Term
    /// Where this side stands.
    public var state: PairState
    /// The guest runs here as the service VM (also while its output is held).
    public var isServing = false
    /// This side serves, and checkpoints are completed on the peer.
    public var isProtected = false
    /// This side listens for a replication channel and is in no COLO run.
    public var isReady = false
    /// This side holds a complete checkpoint of the guest served in `term` and could resume from it.
    public var hasCheckpoint = false
    /// Neither asks nor will ask an arbiter before the peer was silent for the heartbeat timeout; see OutputLease.
    public var promises = false
    /// The last complete checkpoint, for status.
    public var checkpoint: UInt64 = 0
    /// What this side wants of the peer.
    public var request = PairRequest.none

    /// A report with every flag off.
    public init(term: Term, state: PairState) {
        self.term = term
        self.state = state
    }
}

/// What one side asks the other for. A claim is granted by persisting its term; whoever has done that has stopped its
/// guest for good and forgotten its checkpoint.
public enum PairRequest: Sendable, Equatable {
    /// Nothing.
    case none
    /// The serving side wants to release what it holds and to go on without the peer's checkpoint.
    case continueAlone(Term)
    /// The side with a complete checkpoint wants to take over.
    case takeOver(Term)
    /// A side wants to boot the guest afresh, because neither serves it or holds a checkpoint of it.
    case start(Term)
    /// The serving side wants the peer to take over (a failover drill).
    case handOver

    /// The term that is claimed.
    public var term: Term? {
        switch self {
        case .continueAlone(let term), .takeOver(let term), .start(let term): term
        case .none, .handOver: nil
        }
    }
}

/// Where one side of a pair stands, as status shows it.
public enum PairState: UInt8, Sendable, Hashable, CaseIterable {
    /// Just started: who serves is not known yet.
    case starting = 1
    /// Serves nothing and waits as secondary.
    case waiting = 2
    /// Receives the initial synchronisation.
    case receiving = 3
    /// Secondary with a complete checkpoint.
    case secondary = 4
    /// Resumes the guest from its checkpoint.
    case takingOver = 5
    /// Serves the guest without protection.
    case unprotected = 6
    /// Serves the guest and sends the initial synchronisation.
    case synchronising = 7
    /// Serves the guest; checkpoints are completed on the peer.
    case protected = 8
    /// Runs the guest with its output held until the peer or the arbiter lets it go on alone.
    case holding = 9
    /// Cannot serve and cannot help; the reason is in the status.
    case failed = 10

    /// The name in status and logs.
    public var name: String {
        switch self {
        case .starting: "starting"
        case .waiting: "waiting"
        case .receiving: "receiving"
        case .secondary: "secondary"
        case .takingOver: "taking-over"
        case .unprotected: "unprotected"
        case .synchronising: "synchronising"
        case .protected: "protected"
        case .holding: "holding"
        case .failed: "failed"
        }
    }
}
