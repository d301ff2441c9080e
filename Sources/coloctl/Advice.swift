import QAPI

/// What an operator has to do, by state, role, peer and policy. Every sentence is true of the side that is asked.
struct Advice {
    let status: ColodStatus

    /// The next step; nil if there is none.
    var next: String? {
        if status.state == .failed {
            return "read the last failure above and the log (journalctl -u 'colod@*' -p warning), mend the cause, then "
                + "restart the service"
        }
        if let difference = status.impairments?.first(where: { $0.hasPrefix("the two sides differ") }) {
            return "nothing is copied, because \(difference): make the two configuration files agree, then restart the "
                + "side that was wrong"
        }
        return status.isPaired ? ofPair : ofGuestAlone
    }

    private var ofPair: String? {
        switch status.state {
        case .protected: whileProtected
        case .starting, .connecting: status.serving ? whileServingAlone : whileWaiting
        case .synchronising: whileSynchronising
        case .unprotected: whileUnprotected
        case .superseded: status.serving ? whileServingAlone : whileSuperseded
        case .takingOver: "wait; a takeover ends within its deadlines or fails with a reason"
        case .ended: "start colod on both hosts to boot the guest again"
        case .failed: nil
        }
    }

    /// Without a pair there is no other host.
    private var ofGuestAlone: String? {
        switch status.role {
        case .waiting: "migrate the guest to this side; 'coloctl qmp query-migrate' tells how far that is"
        case .secondary:
            "nothing, as long as the client that began COLO watches both sides; "
                + "'coloctl qmp x-colo-lost-heartbeat' resumes the guest here"
        case .primary, .alone: status.serving ? nil : Self.letItRun
        }
    }

    private var whileProtected: String? {
        if status.stopped == true { return Self.letItRun }
        return status.peer.downNetworks.map { "mend it: \($0); one more cut, and the hosts do not hear each other" }
    }

    private var whileWaiting: String {
        guard !status.peer.connected else {
            return status.peer.serving == true
                ? "wait; the peer has the guest and copies it here by itself"
                : "wait; if this stays, 'coloctl status' on the other host tells what it waits for"
        }
        if status.peer.ignored > 0 {
            return "compare the key file, the guest's name and the role on both hosts: heartbeat connections were "
                + "refused, and the log names their address; \(Self.lastResort)"
        }
        return "start colod on the other host, or mend the network between the hosts; \(Self.lastResort)"
    }

    private var whileSynchronising: String {
        if status.peer.connected { return "wait; 'coloctl events' shows the change to protected" }
        let hasTheGuest = status.serving || status.role == .primary || status.role == .alone
        return hasTheGuest ? whileServingAlone : whileWaiting
    }

    private var whileUnprotected: String {
        switch status.role {
        case .secondary: withTheOnlyCheckpoint
        case .waiting: status.serving ? whileServingAlone : whileWaiting
        case .primary where !status.serving && status.stopped != true: whileHolding
        case .primary where status.serving: whileImpaired
        case .primary, .alone: status.stopped == true ? Self.letItRun : whileServingAlone
        }
    }

    /// The guest has a secondary, and something keeps the pair from being protected.
    private var whileImpaired: String {
        guard status.peer.connected else { return whileServingAlone }
        return "mend what keeps the guest from being protected (see above); the pair is protected again by itself then"
    }

    private var whileServingAlone: String {
        status.peer.connected
            ? "wait; the copy to the peer begins by itself; if it does not, the last failure above and the log of both "
                + "hosts tell why"
            : "bring the other host's colod back; it becomes the secondary by itself"
    }

    /// The guest runs here, and none of its output leaves.
    private var whileHolding: String {
        if status.peer.connected { return "wait; the peer lets this side go on by itself" }
        guard status.hasArbiter else { return "wait; this side goes on alone by itself" }
        return "clients wait until the arbiter says yes; \(Self.aboutArbiter)"
    }

    /// A secondary that holds a complete checkpoint, while no primary says that it sends more.
    private var withTheOnlyCheckpoint: String {
        if status.peer.connected {
            switch status.peer.serving {
            case true?: return "wait; the peer runs the guest and begins to replicate again by itself"
            case false?:
                return "run 'coloctl failover' here: the guest runs on neither host, and its last checkpoint is here"
            case nil:
                return "look at 'coloctl status' on the other host; if the guest does not run there, run "
                    + "'coloctl failover' here: its last checkpoint is here"
            }
        }
        if status.failover == .manual {
            let arbiter = status.hasArbiter ? ", if the arbiter agrees" : ""
            return "make sure that the other host does not run the guest, then run 'coloctl failover' here: it resumes "
                + "the guest from the checkpoint held here\(arbiter)"
        }
        guard status.hasArbiter else {
            return "wait a moment for the takeover; if it does not come, run 'coloctl failover' here, which says why"
        }
        return "this side takes over as soon as the arbiter says yes ('coloctl failover' here waits for that); "
            + Self.aboutArbiter
    }

    private var whileSuperseded: String {
        guard status.peer.connected else {
            return "look at the other host, which took the guest over in a higher term: bring its colod or the network "
                + "back; \(Self.lastResort)"
        }
        return status.peer.serving == false
            ? "wait; if this stays, 'coloctl status' on the other host tells what it waits for"
            : "nothing here; the peer has the guest in a higher term, and this side becomes its secondary by itself"
    }

    private static let letItRun = "'coloctl qmp cont' lets the guest run again"
    private static let lastResort =
        "only if the other host is gone for good: 'coloctl start' boots the guest afresh here"
    private static let aboutArbiter =
        "it is asked again every two seconds, and the last failure above is its answer. If you know that the other host "
        + "is dead, make the arbiter say yes, or vouch for it: 'coloctl qmp x-colo-lost-heartbeat'"
}

extension ColodStatus {
    /// Whether the guest has a pair: only then there are heartbeat networks.
    var isPaired: Bool { peer.networks > 0 }

    /// Whether somebody is asked before a side goes on alone.
    var hasArbiter: Bool { arbiter != "none" }
}

extension ColodPeer {
    /// Which heartbeat networks are down while the peer is heard over others; nil if none.
    var downNetworks: String? {
        guard connected, networksUp < networks else { return nil }
        let known = (heartbeat ?? []).filter { $0.up == false }.map(\.address)
        if !known.isEmpty { return "heartbeat network \(known.joined(separator: ", ")) is down" }
        let all = (heartbeat ?? []).map(\.address).joined(separator: ", ")
        return "\(networks - networksUp) of \(networks) heartbeat networks is down"
            + (all.isEmpty ? "" : " (of \(all))")
    }
}
