public import Environment
public import ReplicationCore
public import SystemCalls

/// What an arbiter is asked.
public struct ArbitrationRequest: Sendable {
    /// What for.
    public let purpose: ArbiterPurpose
    /// Name of the guest.
    public let guest: String
    /// The term that would begin if the answer is yes.
    public let term: UInt64

    /// A request to go on alone with `guest` in `term`.
    public init(purpose: ArbiterPurpose, guest: String, term: UInt64) {
        self.purpose = purpose
        self.guest = guest
        self.term = term
    }
}

/// An arbiter's answer.
public enum ArbitrationVerdict: Sendable, Equatable {
    /// The peer is fenced: it cannot serve any more.
    case granted
    /// No; the text says why, for the operator.
    case refused(String)
}

/// Decides whether a side that lost its peer may go on alone. Two nodes and a heartbeat cannot tell a dead peer from
/// a cut cable, so somebody else has to.
///
/// Implementations answer within a deadline of their own, and answer `refused` when it passes.
public protocol Arbiter: Sendable {
    /// Short name for status ("none", "command").
    var name: String { get }
    /// How long an answer takes at most.
    var timeout: Nanoseconds { get }
    /// Decides; may block the calling thread until the arbiter's own deadline. When `withdrawn` is raised nobody wants the
    /// answer any more, and the peer must not be fenced for it.
    func decide(_ request: ArbitrationRequest, orUntil withdrawn: EventSignal?) -> ArbitrationVerdict
}

extension Arbiter {
    /// Decides about a question that is not withdrawn.
    public func decide(_ request: ArbitrationRequest) -> ArbitrationVerdict { decide(request, orUntil: nil) }
}

/// Says yes to everybody. Safe against the death of a host, unsafe across a cut of all networks between the hosts:
/// then both sides are told that they may go on (docs/OPERATING.md).
public struct NoArbiter: Arbiter {
    /// The arbiter that always grants.
    public init() {}
    /// "none".
    public var name: String { "none" }
    /// The answer takes no time.
    public var timeout: Nanoseconds { .zero }
    /// Yes.
    public func decide(_ request: ArbitrationRequest, orUntil withdrawn: EventSignal?) -> ArbitrationVerdict {
        .granted
    }
}
