import Configuration
import Environment
import QAPI
import Replication
import ReplicationCore
import VirtualMachine

// Why the guest is not protected, and what this side waits for: a state in which nothing happens has its reason.
extension StatusReporter {
    /// Where the peer's heartbeat listens, and which of that is up as far as it is known.
    func networks(_ snapshot: PairSnapshot?) -> [ColodNetwork]? {
        guard let addresses = configuration.pair?.host(configuration.role.other).heartbeat else { return nil }
        return addresses.enumerated().map { index, address in
            ColodNetwork(address: address.description, up: snapshot?.upNetworks.contains(index) ?? false)
        }
    }

    /// Whether an operator stopped the guest that runs here, or whose checkpoint this is; nil without either.
    func isStopped(_ snapshot: PairSnapshot?) -> Bool? {
        if let snapshot, snapshot.report.hasCheckpoint { return snapshot.isStopped }
        let isHere = snapshot?.report.isServing ?? (replication.coloStatus.mode != .secondary)
        guard isHere else { return nil }
        switch machine.runState {
        case .paused, .prelaunch: return true
        case .running: return false
        default: return nil
        }
    }

    /// Why the guest is not protected; empty if it is.
    func impairments(_ snapshot: PairSnapshot) -> [String] {
        guard !snapshot.isProtected else { return [] }
        var reasons: [String] = []
        if !snapshot.peerIsAlive { reasons.append("the peer at \(peerAddresses) is not heard") }
        switch snapshot.state {
        case .starting, .waiting: reasons.append("this side has no copy of the guest")
        case .receiving, .synchronising: reasons.append("the first copy of the guest is not complete")
        case .secondary:
            if snapshot.peerIsAlive { reasons.append("the peer does not say that it sends checkpoints") }
        case .takingOver: reasons.append("the guest is being resumed here")
        case .unprotected: if snapshot.peerIsAlive { reasons.append("the peer has no copy of the guest") }
        case .protected:
            if snapshot.peerIsAlive { reasons.append("the peer does not confirm that it holds a checkpoint") }
        case .holding: reasons.append("the guest's output is held, and clients wait")
        case .degraded:
            if snapshot.peerIsAlive, snapshot.impairments.isEmpty { reasons.append("checkpoints are late") }
        case .failed: reasons.append("this side cannot run the guest")
        case .ended: reasons.append("the guest has powered itself off")
        }
        return reasons + snapshot.impairments
    }

    /// What this side waits for before it does more; nil if it waits for nothing.
    func waitsFor(_ snapshot: PairSnapshot?) -> String? {
        guard let snapshot else {
            return machine.runState == .inmigrate ? "a source that migrates the guest here" : nil
        }
        let peer = "the peer at \(peerAddresses)"
        switch snapshot.state {
        case .starting, .waiting:
            guard snapshot.peerIsAlive else { return peer }
            return snapshot.peerReport?.isServing == true ? "the peer's copy of the guest" : "the peer to begin"
        case .receiving: return "the rest of the first copy"
        case .synchronising: return "the peer to hold the first copy"
        case .unprotected: return snapshot.peerIsAlive ? "the peer to be ready for a copy" : peer
        case .holding: return snapshot.peerIsAlive ? "the peer's consent to go on alone" : agreement(snapshot)
        case .secondary where !snapshot.isProtected:
            if snapshot.peerIsAlive, snapshot.peerReport?.isServing == true { return "the peer's next checkpoint" }
            // Where the peer hands its guest over, no operator has to decide.
            let isAgreed = snapshot.report.request != .none || snapshot.peerReport?.request == .handOver
            if snapshot.peerIsAlive, isAgreed || configuration.failover == .automatic {
                return "the peer's consent to take over"
            }
            if configuration.failover == .manual, !snapshot.report.isEntering, snapshot.report.request == .none {
                return Self.operatorText
            }
            return agreement(snapshot)
        case .ended: return "the peer to hear that the guest is over"
        case .secondary, .protected, .degraded, .takingOver, .failed: return nil
        }
    }

    private var peerAddresses: String {
        (networks(nil) ?? []).map(\.address).joined(separator: ", ")
    }

    /// What a side that does not hear its peer needs before it goes on alone.
    private func agreement(_ snapshot: PairSnapshot) -> String {
        if snapshot.report.isEntering || snapshot.report.impairments.contains(.record) {
            return "its record of terms to be written"
        }
        return arbiterWait ?? "the loss of the peer to be certain"
    }

    /// What a side waits for that has asked the arbiter; nil if there is none.
    var arbiterWait: String? {
        guard case .command(let path, _, _) = configuration.arbiter else { return nil }
        return "the yes of the arbiter \(path)"
    }

    private static let operatorText = "an operator: 'coloctl failover' resumes the guest here"
}

extension PairSnapshot {
    /// Whether the peer is heard, or has left on purpose without a guest: it has agreed to whatever this side enters.
    var peerAgrees: Bool { peerIsAlive || peerReport.map { $0.leaving != .stays && !$0.isServing } ?? false }

    /// How long ago the last failure happened; nil if there was none, or if it is from before this process began.
    func lastFailureAge(_ now: Nanoseconds) -> Nanoseconds? { lastFailureAt.map { now - $0 } }
}
