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
    /// The peer may be serving.
    case no
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

/// What operators and logs are told.
public enum PairEvent: Sendable, Equatable {
    /// The peer is lost.
    case peerLost(PeerLoss)
    /// The peer is heard again.
    case peerReturned
    /// Failover policy is manual, and this secondary could take over.
    case failoverNeeded
    /// This side resumes the guest in the term.
    case takingOver(Term)
    /// This side boots the guest in the term.
    case starting(Term)
    /// This side serves on without protection in the term.
    case continuingAlone(Term)
    /// This side holds its output until it may go on.
    case holding(String)
    /// Checkpoints are completed on the peer.
    case protected
    /// A higher term stopped this side or kept it from starting.
    case superseded(by: Term)
    /// This side handed the guest over in the term.
    case handedOver(Term)
    /// The arbiter did not say yes.
    case arbiterRefused(Term, ArbiterPurpose, ArbiterVerdict)
    /// A commanded failover or drill was not carried out.
    case commandFailed(String)
    /// The guest cannot run here.
    case guestFailed(String)
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
        /// It resumes or boots the guest in `term`.
        case takingOver
        /// The guest runs here.
        case serving(Serving)
        /// It cannot run the guest.
        case failed(String)
    }

    struct Standby: Sendable, Equatable {
        /// The incoming run: a number as long as a listener or a channel exists.
        var run: UInt64?
        /// A channel was accepted in the run.
        var isReceiving = false
        /// The last complete checkpoint; it belongs to the guest served in `term`.
        var checkpoint: UInt64?
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
            case synchronising(run: UInt64)
            /// The peer may hold a complete checkpoint; output is held.
            case exposed(run: UInt64)
            /// The run ended while exposed: output is held until there is a grant.
            case deciding(since: Nanoseconds)
        }
        var replication = Replication.none
        /// At least one checkpoint after the initial synchronisation is complete on the peer.
        var isProtected = false
        var lastConfirmed: UInt64 = 0
        /// Output that is safe on the peer but waits for the lease.
        var waitingRelease: UInt64?
        /// The lease was valid then.
        var leaseSeenAt = Nanoseconds.zero
        var nextAttemptAt = Nanoseconds.zero
        /// A drill asks the peer to take over until then.
        var handOverDeadline: Nanoseconds?
        /// The operator vouches for a peer that is not heard.
        var isVouched = false
    }
}
