import Logging
import Replication
import ReplicationCore

/// What the text of a pair's event needs to know of its surroundings.
struct PairEventContext: Sendable {
    /// The guest's name.
    var guest: String
    /// Where the peer's heartbeat listens, network by network.
    var peerAddresses: [String]
    /// Milliseconds of silence after which the peer counts as lost.
    var heartbeatTimeoutMilliseconds: Int
    /// Whether the heartbeat hears the peer: then a takeover is agreed, as in a drill.
    var peerIsAlive: Bool
    /// The arbiter's command; nil for nobody.
    var arbiter: String?
    /// What the arbiter said when it last said no.
    var arbiterAnswer: String?

    /// The peer in a sentence.
    var peer: String { "the peer (\(peerAddresses.joined(separator: ", ")))" }
}

extension PairEvent {
    /// What the event means to the service, not to the code.
    func logLevel(_ context: PairEventContext) -> Logger.Level {
        switch self {
        case .peerReturned, .protected, .handedOver, .starting: .notice
        // Of a living peer it is a drill or an operator's wish; of a lost one it means that a host has died.
        case .takingOver: context.peerIsAlive ? .notice : .warning
        case .continuingAlone, .peerLost, .arbiterRefused, .holding, .commandFailed: .warning
        case .failoverNeeded, .superseded: .error
        case .guestFailed: .critical
        }
    }

    /// What happened, to whom, and what comes next.
    func logMessage(_ context: PairEventContext) -> String {
        let guest = context.guest
        switch self {
        case .peerLost(let loss): return Self.text(of: loss, context)
        case .peerReturned: return "\(context.peer) is heard again"
        case .failoverNeeded:
            return "guest \(guest) is not served: \(context.peer) is lost, and failover is manual; make sure that the "
                + "other host does not run it, then run 'coloctl failover --name \(guest)' here"
        case .takingOver(let term):
            let why = context.peerIsAlive ? "the peer hands it over" : "the peer is lost"
            return "takeover: guest \(guest) resumes here from its last checkpoint, term \(term), because \(why)"
        case .starting(let term): return "guest \(guest) boots here, term \(term)"
        case .continuingAlone(let term):
            return
                "guest \(guest) goes on here without protection, term \(term); it is protected again once the peer is "
                + "back and holds a copy"
        case .holding(let why):
            return "output of guest \(guest) is held and its clients wait: \(why); it is released once the peer or the "
                + "arbiter lets this side go on"
        case .protected: return "guest \(guest) is protected: \(context.peer) completes its checkpoints"
        case .superseded(let term):
            return "superseded: the peer has guest \(guest) in the higher term \(term); what ran or was held here is "
                + "discarded, and this side waits to become the secondary"
        case .handedOver(let term): return "guest \(guest) was handed over to \(context.peer), term \(term)"
        case .arbiterRefused(let term, let purpose, let verdict):
            return Self.text(ofRefusal: term, purpose, verdict, context)
        case .commandFailed(let why):
            return
                "a command for guest \(guest) was not carried out: \(why); 'coloctl status --name \(guest)' tells what "
                + "this side can do"
        case .guestFailed(let why):
            return "guest \(guest) cannot run here: \(why); mend that, then restart the service"
        }
    }

    /// Events with the same key say the same thing again; nil for those that are news every time.
    var repetitionKey: String? {
        switch self {
        case .arbiterRefused(_, let purpose, let verdict): "arbiter \(purpose.rawValue) \(verdict.word)"
        case .peerLost, .peerReturned, .failoverNeeded, .takingOver, .starting, .continuingAlone, .holding, .protected,
            .superseded, .handedOver, .commandFailed, .guestFailed:
            nil
        }
    }

    /// Whether something went wrong that the status tells as the last failure.
    var isFailure: Bool {
        switch self {
        case .peerLost, .failoverNeeded, .holding, .superseded, .arbiterRefused, .commandFailed, .guestFailed: true
        case .peerReturned, .takingOver, .starting, .continuingAlone, .protected, .handedOver: false
        }
    }

    private static func text(of loss: PeerLoss, _ context: PairEventContext) -> String {
        switch loss {
        case .refused:
            "\(context.peer) is lost: its colod is gone, all connections were closed and no new one is accepted; look "
                + "there: systemctl status colod@\(context.guest)"
        case .silent:
            "\(context.peer) is lost: nothing was heard on any network for \(context.heartbeatTimeoutMilliseconds) ms; "
                + "its host is dead or frozen, or every cable between the hosts is cut"
        }
    }

    private static func text(
        ofRefusal term: Term, _ purpose: ArbiterPurpose, _ verdict: ArbiterVerdict, _ context: PairEventContext
    ) -> String {
        let wish =
            switch purpose {
            case .takeOver: "take guest \(context.guest) over"
            case .continueAlone: "serve guest \(context.guest) alone"
            case .start: "boot guest \(context.guest)"
            }
        let answer = verdict == .no ? context.arbiterAnswer : context.arbiter
        let detail = answer.map { " (\($0))" } ?? ""
        return
            "the arbiter \(verdict.word)\(detail): this side may not \(wish) in term \(term); it is asked again. If the "
            + "other host is dead, make the arbiter say yes, or vouch for it: coloctl qmp --name \(context.guest) "
            + "x-colo-lost-heartbeat"
    }
}

extension ArbiterVerdict {
    /// The answer as a verb.
    var word: String {
        switch self {
        case .yes: "agreed"
        case .no: "refused"
        case .timedOut: "did not answer in time"
        }
    }
}
