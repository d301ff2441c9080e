public import Environment
public import ReplicationCore

/// How one member of a pair stands, at one moment.
public struct PairSnapshot: Sendable {
    /// Where this side stands.
    public let state: PairState
    /// What it tells the peer.
    public let report: PairReport
    /// Its term.
    public let term: Term
    /// The last report of the peer; nil before the first.
    public let peerReport: PairReport?
    /// The peer's process; nil before its first report.
    public let peerInstance: UInt64?
    /// Whether the heartbeat considers the peer alive.
    public let peerIsAlive: Bool
    /// When the peer was last heard.
    public let lastHeardAt: Nanoseconds?
    /// Connections that could not authenticate.
    public let ignoredPeers: UInt64
    /// The peer's addresses, by index, whose networks carry messages now.
    public let upNetworks: Set<Int>
    /// The last thing that went wrong, and when.
    public let lastFailure: String?
    /// When that was.
    public let lastFailureAt: Nanoseconds?
    /// The term that superseded this side, until it holds a checkpoint or the guest again.
    public let supersededBy: Term?
    /// This side served last, so it boots the guest as soon as it may; unless the peer may have taken over.
    public let isDueToServe: Bool
    /// What keeps the pair from being protected now, one text each.
    public let impairments: [String]
    /// For each command why it would be refused.
    let refusals: [PairController.Command: String?]
    /// See `PairController.arbiterRefusal`.
    public let arbiterRefusal: String?

    init(driver: PairDriver, now: Nanoseconds) {
        let (controller, monitor) = (driver.controller, driver.monitor)
        state = controller.state
        report = controller.report(now)
        term = controller.term
        peerReport = controller.peer?.report
        peerInstance = monitor.peerInstance
        peerIsAlive = controller.peerIsAlive
        lastHeardAt = monitor.lastHeardAt
        ignoredPeers = monitor.ignoredPeers
        upNetworks = monitor.upAddresses
        lastFailure = controller.lastFailure?.text
        lastFailureAt = controller.lastFailure?.at
        arbiterRefusal = controller.arbiterRefusal
        supersededBy = controller.supersededBy
        isDueToServe =
            (controller.term.owner ?? .first) == controller.configuration.member && !controller.peerMayHaveTakenOver
        impairments = Self.impairments(controller, report)
        refusals = [
            .failover: controller.refusal(of: .failover), .drill: controller.refusal(of: .drill),
            .start: controller.refusal(of: .start),
        ]
    }

    private static func impairments(_ controller: PairController, _ report: PairReport) -> [String] {
        var texts = report.impairments.subtracting([.mismatch, .record]).texts.map { "here \($0)" }
        if report.impairments.contains(.record) {
            let reason = controller.recordFailure.map { ": \($0)" } ?? ": a write does not come back"
            texts.append("here the state directory cannot be written" + reason)
        }
        texts += controller.differences.map { "the two sides differ, \($0)" }
        if controller.peerIsAlive, let peer = controller.peer?.report {
            texts += peer.impairments.subtracting(.mismatch).texts.map { "on the peer \($0)" }
        }
        return texts
    }

    /// Heartbeat networks that carry messages now.
    public var heartbeatNetworks: Int { upNetworks.count }

    /// Whether the guest is protected, as far as both sides agree: this side serves and has verified that the peer could
    /// take over, or the other way round.
    public var isProtected: Bool {
        guard peerIsAlive, let peerReport else { return false }
        if report.isProtected { return peerReport.hasCheckpoint }
        return report.hasCheckpoint && report.impairments.isEmpty && peerReport.isProtected
            && peerReport.term == report.term
    }

    /// Whether an operator has stopped the guest, which runs here or whose checkpoint this is.
    public var isStopped: Bool { report.isStopped }

    /// Whether nothing changed that an operator is told of.
    func looksLike(_ other: PairSnapshot) -> Bool {
        state == other.state && term == other.term && peerIsAlive == other.peerIsAlive
            && isProtected == other.isProtected && upNetworks == other.upNetworks
            && supersededBy == other.supersededBy && impairments == other.impairments
            && isStopped == other.isStopped && report.request == other.report.request
            && peerReport?.isServing == other.peerReport?.isServing && isDueToServe == other.isDueToServe
    }
}
