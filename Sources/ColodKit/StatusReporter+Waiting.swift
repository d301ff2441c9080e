import Configuration
import Logging
import Replication
import ReplicationCore
import Synchronization

// What a member of a pair waits for. A state in which nothing happens is still a state, and people are told of it.
extension StatusReporter {
    /// What this side waits for before the guest is protected here; nil if for nothing.
    var waitsFor: String? {
        guard let snapshot = pair?.snapshot, let peer else { return nil }
        return Self.waitsFor(
            snapshot.state, peer: peer, peerIsAlive: snapshot.peerIsAlive,
            peerServes: snapshot.peerReport?.isServing ?? false, isDueToServe: snapshot.isDueToServe,
            hasServed: snapshot.term.owner != nil, hasArbiter: configuration.arbiter != .none)
    }

    /// The peer's addresses.
    private var peer: String? {
        configuration.pair?.host(configuration.role.other).heartbeat.map { address in
            if case .tcp = address { String(address.description.dropFirst("tcp:".count)) } else { "\(address)" }
        }.joined(separator: ", ")
    }

    /// The same as a function of what it depends on. `hasServed` if the pair has had a term before.
    static func waitsFor(
        _ state: PairState, peer: String, peerIsAlive: Bool, peerServes: Bool, isDueToServe: Bool, hasServed: Bool,
        hasArbiter: Bool
    ) -> String? {
        switch state {
        case .starting, .waiting:
            guard !peerIsAlive else {
                if peerServes { return "waits for the peer to send a copy of the guest" }
                return isDueToServe ? nil : "waits for the peer to run the guest"
            }
            guard isDueToServe else {
                return "waits for the peer at \(peer)\(hasServed ? ", which may have the guest" : "")"
            }
            let condition =
                hasServed && hasArbiter ? "if it does not answer and the arbiter agrees" : "if it does not answer"
            return "waits for the peer at \(peer); boots the guest here \(condition)"
        case .unprotected where !peerIsAlive: return "waits for the peer at \(peer) to protect the guest again"
        case .holding: return "holds the guest's output and waits for a yes of the peer or the arbiter"
        case .secondary where !peerIsAlive: return "holds a checkpoint and no longer hears the peer at \(peer)"
        default: return nil
        }
    }
}

/// Logs what is waited for, once each time it changes.
final class WaitingLog: Sendable {
    private let last = Mutex<String?>(nil)

    /// Something else may be waited for now.
    func tell(_ what: String?, _ log: Logger) {
        let isNews = last.withLock { last in
            defer { last = what }
            return last != what
        }
        if isNews, let what { log.notice("\(what)") }
    }
}
