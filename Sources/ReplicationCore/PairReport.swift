/// What a side says about itself in every heartbeat message.
///
/// Decisions are carried by state, not by messages: a side that wants to serve repeats its claim until the peer's
/// report shows the claimed term, so nothing depends on a single message that may get lost.
public struct PairReport: Sendable, Equatable {
    /// The term that this side serves in or acknowledges; always on stable storage before it is told.
    public var term: Term
    /// Where this side stands.
    public var state: PairState
    /// The guest runs here as the service VM (also while its output is held).
    public var isServing = false
    /// This side serves, and what `PairController.isProtected` names was verified a moment ago.
    public var isProtected = false
    /// This side listens for a replication channel and is in no COLO run.
    public var isReady = false
    /// This side holds a complete checkpoint of the guest served in `term` and could resume from it.
    public var hasCheckpoint = false
    /// Neither asks nor will ask an arbiter before the peer was silent for the heartbeat timeout; see OutputLease.
    public var promises = false
    /// A term of its own is being written or acted upon: this side grants nothing until that is settled.
    public var isEntering = false
    /// An operator has stopped the guest, which runs here or whose checkpoint this is: it stays stopped at a takeover.
    public var isStopped = false
    /// What keeps this side from doing its part, now.
    public var impairments = Impairments()
    /// Why this side ends on purpose.
    public var leaving = Leaving.stays
    /// What this side can do beyond the plain protocol; used only if both sides name it.
    public var extensions = PairExtensions()
    /// The mark of the key that this side accepts beside the one that it uses; 0 for none. Heartbeat connections fill it in.
    public var secondKeyMark: UInt32 = 0
    /// The replication run that this side sends or waits for; with the instance numbers of both processes it makes the
    /// proof of a replication channel unique (ReplicationProof).
    public var run: UInt64 = 0
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

/// What keeps a side from doing its part. A pair with any of them on either side is not protected.
public struct Impairments: OptionSet, Sendable, Hashable {
    /// One bit for each.
    public let rawValue: UInt16

    /// The set of these bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The record of terms cannot be written, or a write does not come back.
    public static let record = Impairments(rawValue: 1)
    /// A network back-end of the guest does not work.
    public static let network = Impairments(rawValue: 2)
    /// A disk of the guest does not answer.
    public static let disk = Impairments(rawValue: 4)
    /// The guest cannot be paused for a checkpoint.
    public static let guest = Impairments(rawValue: 8)
    /// The two sides differ in what has to be equal.
    public static let mismatch = Impairments(rawValue: 16)
    /// All that have a name.
    public static let all: Impairments = [.record, .network, .disk, .guest, .mismatch]

    /// What a person is told, one text for each.
    public var texts: [String] {
        let names: [(Impairments, String)] = [
            (.record, "the state directory cannot be written"), (.network, "a network of the guest is down"),
            (.disk, "a disk of the guest does not answer"), (.guest, "the guest cannot be paused"),
            (.mismatch, "the two sides differ"),
        ]
        return names.filter { contains($0.0) }.map(\.1)
    }
}

/// Why a side ends on purpose.
public enum Leaving: UInt8, Sendable, Hashable, CaseIterable {
    /// It does not.
    case stays = 0
    /// An operator or the service manager stops it.
    case stop = 1
    /// The guest has powered itself off: the service ends on both sides.
    case powerOff = 2
    /// It gave its guest up and begins anew as a waiting secondary, at once.
    case anew = 3
}

/// What goes beyond the plain protocol between two sides.
public struct PairExtensions: OptionSet, Sendable, Hashable {
    /// One bit for each.
    public let rawValue: UInt8

    /// The set of these bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A replication channel begins with a ReplicationProof.
    public static let proof = PairExtensions(rawValue: 1)
    /// All that this version has.
    public static let own: PairExtensions = [.proof]
}

/// What one side asks the other for. A claim is granted by persisting its term; the side that has done so has stopped its
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
    /// The serving side wants the peer to take over (a failover drill, a planned stop).
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
    /// The guest has powered itself off, and with it the service.
    case ended = 11
    /// Serves the guest with a secondary, but something keeps the pair from being protected at the moment.
    case degraded = 12

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
        case .ended: "ended"
        case .degraded: "degraded"
        }
    }
}
