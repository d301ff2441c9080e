public import Environment

/// What operators and logs are told.
public enum PairEvent: Sendable, Equatable {
    /// The peer is lost.
    case peerLost(PeerLoss)
    /// The peer has gone as it said it would.
    case peerLeft(Leaving)
    /// The peer is heard again.
    case peerReturned
    /// The two sides differ in what has to be equal; one text for each property. Nothing is copied.
    case peerDiffers([String])
    /// A heartbeat network, by the index of the peer's address, does not carry messages any more.
    case networkDown(Int)
    /// It carries them again.
    case networkUp(Int)
    /// A heartbeat connection from this address was refused.
    case connectionIgnored(address: String?, HeartbeatFault)
    /// Failover policy is manual, and this secondary could take over.
    case failoverNeeded
    /// This side resumes the guest in the term.
    case takingOver(Term)
    /// This side boots the guest in the term.
    case starting(Term)
    /// This side serves on without protection in the term.
    case continuingAlone(Term)
    /// A term was written but not entered: what it was written for is no longer true.
    case entryWithdrawn(Term)
    /// This side holds its output until it may go on.
    case holding(String)
    /// Checkpoints are completed on the peer, and everything that protection needs was verified.
    case protected
    /// The guest runs on, but it is not protected any more.
    case notProtected(String)
    /// Replication ended before the guest was protected.
    case replicationFailed(String)
    /// The guest cannot do its work here: the peer is asked to take it over.
    case handingOver(String)
    /// A higher term stopped this side or kept it from starting.
    case superseded(by: Term)
    /// This side handed the guest over in the term.
    case handedOver(Term)
    /// The arbiter did not say yes.
    case arbiterRefused(Term, ArbiterPurpose, ArbiterVerdict)
    /// A commanded failover or drill was not carried out.
    case commandFailed(CommandFailure)
    /// The record of terms cannot be written. What is held stays held; the write is tried again.
    case recordUnwritable(String)
    /// The record is written again.
    case recordWritten
    /// The guest has powered itself off; the service ends on both sides.
    case guestPoweredOff
    /// The guest cannot run here.
    case guestFailed(String)
}

/// Why a commanded failover, drill or start was not carried out.
public enum CommandFailure: Sendable, Equatable, CustomStringConvertible {
    /// As things stand it cannot be done.
    case refused(String)
    /// The peer did not take the guest over in that time.
    case notTakenOver(within: Nanoseconds)
    /// Nobody agreed in time; what the arbiter said, if it said no to this.
    case notAgreed(arbiter: String?)

    /// The reason, for an operator.
    public var description: String {
        switch self {
        case .refused(let why): why
        case .notTakenOver(let limit): "the peer did not take over within \(limit)"
        case .notAgreed(let answer):
            "neither the peer nor the arbiter agreed in time" + (answer.map { ": \($0)" } ?? "")
        }
    }
}
