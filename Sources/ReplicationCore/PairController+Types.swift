import Environment

/// Whether a lost primary is replaced without being asked for.
public enum FailoverPolicy: String, Sendable, Equatable {
    /// The secondary takes over as soon as it has a grant.
    case automatic
    /// The secondary raises an event and waits for the operator's command.
    case manual
}

/// How the heartbeat lost the peer.
public enum PeerLoss: Sendable, Equatable {
    /// Every connection was closed by the peer and it accepts no new one: its process is gone.
    case refused
    /// Nothing was heard for the heartbeat timeout.
    case silent
}

/// What an arbiter says to a question.
public enum ArbiterVerdict: Sendable, Equatable {
    /// The peer does not serve any more and will not serve in a lower term: it is fenced.
    case yes
    /// The peer may be serving; the text says why, for the operator.
    case no(String)
    /// No answer in time, or a failure of the arbiter; the same as `no`.
    case timedOut
}

/// What the arbiter's yes will be used for.
public enum ArbiterPurpose: String, Sendable, Equatable {
    /// The secondary takes over from its checkpoint.
    case takeOver = "take-over"
    /// The primary releases its held output and serves on without protection.
    case continueAlone = "continue-alone"
    /// A restarted side boots the guest afresh.
    case start = "start"
}

/// What the edge sees of the machine, now and then.
public struct MachineCondition: Sendable, Equatable {
    /// What does not work: network, disk, guest.
    public var impairments: Impairments
    /// An operator has stopped the guest.
    public var isStopped: Bool

    /// A condition; by default all is well.
    public init(impairments: Impairments = [], isStopped: Bool = false) {
        self.impairments = impairments
        self.isStopped = isStopped
    }
}

extension PairController {
    /// Actions in the order in which they have to be carried out.
    struct Actions {
        var list: [Action] = []
        mutating func append(_ action: Action) { list.append(action) }
    }

    /// A question that the arbiter has not answered yet.
    struct Question: Sendable, Equatable {
        var term: Term
        var purpose: ArbiterPurpose
        var deadline: Nanoseconds
    }

    /// What this side does with the guest.
    enum Phase: Sendable, Equatable {
        /// Nothing; perhaps it holds a checkpoint.
        case standby(Standby)
        /// The guest runs here.
        case serving(Serving)
        /// It cannot run the guest.
        case failed(String)
    }

    /// A term of its own that this side enters: it is written, then the reasons for it are looked at once more, then the
    /// guest is resumed or its output released.
    struct Entry: Sendable, Equatable {
        enum Kind: Sendable, Equatable { case takeOver, start, continueAlone }
        /// Who agreed.
        enum Grant: Sendable, Equatable {
            /// The peer has persisted the term, or has left and fenced itself.
            case peer
            /// The arbiter has fenced the peer.
            case arbiter
            /// Nobody: the peer is lost, and nobody is there to be asked, or the operator vouches. Holds only as long
            /// as the peer stays lost.
            case loss
            /// A running guest that no peer can have a checkpoint of goes above a term that nobody serves in.
            case overtaking
        }
        enum Stage: Sendable, Equatable { case writing, acting }
        var term: Term
        var kind: Kind
        var grant: Grant
        var stage = Stage.writing
    }

    struct Standby: Sendable, Equatable {
        /// The incoming run: a number as long as a listener or a channel exists.
        var run: UInt64?
        /// The listener of the run is open.
        var isListening = false
        /// A proven channel was accepted in the run.
        var isReceiving = false
        /// The peer serves and says that it sends nothing since then, although a channel is open here.
        var strandedSince: Nanoseconds?
        /// The last complete checkpoint; it belongs to the guest served in `term`.
        var checkpoint: UInt64?
        /// The guest of the checkpoint was stopped by an operator.
        var isStopped = false
        /// What this side wants to do.
        var intent: Intent?
        /// The operator was told that a failover is needed.
        var failoverWasRaised = false
    }

    struct Intent: Sendable, Equatable {
        enum Kind: Sendable, Equatable { case takeOver, start }
        var kind: Kind
        var term: Term
        /// The operator wants it, so it is given up at this deadline instead of when the peer is well.
        var commandDeadline: Nanoseconds?
        /// The operator vouches for a peer that is not heard.
        var isVouched = false
    }

    struct Serving: Sendable, Equatable {
        enum Replication: Sendable, Equatable {
            /// No run; output flows.
            case none
            /// The initial synchronisation is sent; output flows.
            case synchronising(run: UInt64, since: Nanoseconds)
            /// The guest stands before the last part of the synchronisation, until it is on record that the peer may
            /// hold a complete checkpoint from now on.
            case switching(run: UInt64, since: Nanoseconds)
            /// The peer may hold a complete checkpoint; output is held.
            case exposed(run: UInt64)
            /// The run ended while exposed: output is held until there is a grant.
            case deciding(since: Nanoseconds)
        }
        var replication = Replication.none
        /// See `PairController.isProtected`.
        var isProtected = false
        var lastConfirmed: UInt64 = 0
        var lastConfirmedAt = Nanoseconds.zero
        /// Output that is safe on the peer but waits for the lease.
        var waitingRelease: UInt64?
        /// The lease was valid then.
        var leaseSeenAt = Nanoseconds.zero
        var nextAttemptAt = Nanoseconds.zero
        /// Attempts to protect the guest that failed one after the other.
        var failedAttempts: UInt64 = 0
        /// The peer is asked to take over until then.
        var handOverDeadline: Nanoseconds?
        /// The operator vouches for a peer that is not heard.
        var isVouched = false
        /// The guest cannot do its work here since then, and the peer could.
        var impairedSince: Nanoseconds?
    }
}
