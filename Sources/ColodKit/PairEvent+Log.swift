import Logging
import Replication
import ReplicationCore

/// What the text of a pair's event needs to know of its resources.
struct PairEventContext: Sendable {
    /// The guest's name.
    var guest: String
    /// Where the peer's heartbeat listens, network by network.
    var peerAddresses: [String]
    /// Milliseconds of silence after which the peer counts as lost.
    var heartbeatTimeoutMilliseconds: Int
    /// Whether the peer is heard, or has left on purpose: then a takeover is agreed, as in a drill.
    var peerAgrees: Bool
    /// The arbiter's command; nil for nobody.
    var arbiter: String?

    /// The address of a heartbeat network of the peer.
    func network(_ index: Int) -> String {
        peerAddresses.indices.contains(index) ? peerAddresses[index] : "number \(index)"
    }

    /// The peer in a sentence.
    var peer: String { "the peer (\(peerAddresses.joined(separator: ", ")))" }
}

extension PairEvent {
    /// What the event means to the service, not to the code.
    func logLevel(_ context: PairEventContext) -> Logger.Level {
        switch self {
        case .peerReturned, .protected, .handedOver, .starting, .peerLeft, .entryWithdrawn, .recordWritten,
            .guestPoweredOff:
            .notice
        // Of a peer that agrees it is a drill or an operator's wish; of a lost one it means that a host has died.
        case .takingOver: context.peerAgrees ? .notice : .warning
        case .continuingAlone: context.peerAgrees ? .notice : .warning
        case .peerLost, .arbiterRefused, .holding, .commandFailed, .connectionIgnored, .notProtected,
            .replicationFailed, .handingOver:
            .warning
        case .failoverNeeded, .superseded, .recordUnwritable, .peerDiffers: .error
        // HeartbeatNetwork tells of networks, once a change has lasted; these are for the flight recorder.
        case .networkDown, .networkUp: .debug
        case .guestFailed: .critical
        }
    }

    /// What happened, to whom, and what comes next.
    func logMessage(_ context: PairEventContext) -> String {
        let guest = context.guest
        switch self {
        case .peerLost(let loss): return Self.text(of: loss, context)
        case .peerReturned: return "\(context.peer) is heard again"
        case .peerLeft(.powerOff): return "\(context.peer) has ended, because guest \(guest) powered itself off"
        case .peerLeft(.anew): return "\(context.peer) gave its guest up and begins anew as a waiting secondary"
        case .peerLeft: return "\(context.peer) has ended in order; nobody was fenced"
        case .peerDiffers(let differences):
            return
                "guest \(guest) is not copied, because the two sides differ: \(differences.joined(separator: "; ")); "
                + "make the two configuration files agree, then restart the side that was wrong"
        case .connectionIgnored(let address, let fault): return fault.logMessage(address: address)
        case .networkDown(let index):
            return "heartbeat network \(context.network(index)) is down: nothing is heard from the peer there. Look at "
                + "that cable, switch and interface (ip -s link) on both hosts"
        case .networkUp(let index):
            return "heartbeat network \(context.network(index)) is up: the peer is heard there"
        case .entryWithdrawn(let term):
            return "term \(term) was not entered: the peer is heard again, so it is asked instead"
        case .notProtected(let why):
            return
                "guest \(guest) runs here but is not protected: \(why); it is protected again by itself once that is "
                + "mended"
        case .replicationFailed(let why):
            return "guest \(guest) could not be protected: \(why); it is tried again, ever more seldom"
        case .handingOver(let why):
            return "guest \(guest) cannot do its work here (\(why)): the peer is asked to take it over"
        case .recordUnwritable(let why):
            return
                "the record of terms cannot be written: \(why); what is held here stays held, this side does not begin "
                + "to serve, and the write is tried again every second. Make room in, or mend, the state directory"
        case .recordWritten: return "the record of terms is written again"
        case .guestPoweredOff:
            return "guest \(guest) has powered itself off: the service ends on both hosts; 'systemctl start "
                + "colod@\(guest)' on both boots it again"
        case .failoverNeeded:
            return "guest \(guest) is not served: \(context.peer) is lost, and failover is manual; make sure that the "
                + "other host does not run it, then run 'coloctl failover --name \(guest)' here"
        case .takingOver(let term):
            let why = context.peerAgrees ? "the peer hands it over" : "the peer is lost"
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
        case .connectionIgnored(_, let fault): "ignored \(fault.kind)"
        case .networkDown(let index): "network \(index) down"
        case .networkUp(let index): "network \(index) up"
        case .replicationFailed(let why): "replication \(why)"
        case .entryWithdrawn: "withdrawn"
        case .peerLeft, .peerDiffers, .notProtected, .handingOver, .recordUnwritable, .recordWritten, .guestPoweredOff:
            nil
        case .peerLost, .peerReturned, .failoverNeeded, .takingOver, .starting, .continuingAlone, .holding, .protected,
            .superseded, .handedOver, .commandFailed, .guestFailed:
            nil
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
        let answer = if case .no(let why) = verdict { why } else { context.arbiter ?? "" }
        let detail = answer.isEmpty ? "" : " (\(answer))"
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
