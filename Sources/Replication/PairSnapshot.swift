import Environment
import ReplicationCore

/// How one member of a pair stands, at one moment.
public struct PairSnapshot: Sendable {
    /// Where this side stands.
    public let state: PairState
    /// What it tells the peer.
    public let report: PairReport
    /// Its highest term.
    public let term: Term
    /// The last report of the peer; nil before the first.
    public let peerReport: PairReport?
    /// Whether the heartbeat considers the peer alive.
    public let peerIsAlive: Bool
    /// When the peer was last heard.
    public let lastHeardAt: Nanoseconds?
    /// Connections that could not authenticate.
    public let ignoredPeers: UInt64
    /// Heartbeat networks that carry messages now.
    public let heartbeatNetworks: Int
    /// The last thing that went wrong.
    public let lastFailure: String?
    /// The term that superseded this side, until it holds a checkpoint again.
    public let supersededBy: Term?
    /// This side served last, so it boots the guest as soon as it may; unless the peer may have taken over.
    public let isDueToServe: Bool
    /// For each command why it would be refused.
    let refusals: [PairController.Command: String?]
    /// What the arbiter said when it last said no.
    public internal(set) var arbiterRefusal: String?

    init(controller: PairController, monitor: HeartbeatMonitor, record: PairRecord, before: PairSnapshot? = nil) {
        state = controller.state
        report = controller.report
        term = controller.term
        peerReport = controller.peer?.report
        peerIsAlive = controller.peerIsAlive
        lastHeardAt = monitor.lastHeardAt
        ignoredPeers = monitor.ignoredPeers
        heartbeatNetworks = monitor.connectedAddresses
        lastFailure = controller.lastFailure
        supersededBy = record.supersededBy
        isDueToServe =
            (controller.term.owner ?? .first) == controller.configuration.member && !controller.peerMayHaveTakenOver
        refusals = [
            .failover: controller.refusal(of: .failover), .drill: controller.refusal(of: .drill),
            .start: controller.refusal(of: .start),
        ]
        arbiterRefusal = before?.arbiterRefusal
    }

    /// Whether the guest is protected, as far as both sides agree: this side serves and the peer holds its checkpoints,
    /// or the other way round.
    public var isProtected: Bool {
        guard peerIsAlive, let peerReport else { return false }
        if report.isProtected { return peerReport.hasCheckpoint || peerReport.checkpoint > 0 }
        return report.hasCheckpoint && peerReport.isProtected && peerReport.term == report.term
    }

    /// Whether nothing changed that an operator is told of.
    func looksLike(_ other: PairSnapshot) -> Bool {
        state == other.state && term == other.term && peerIsAlive == other.peerIsAlive
            && isProtected == other.isProtected && heartbeatNetworks == other.heartbeatNetworks
            && supersededBy == other.supersededBy
    }
}
