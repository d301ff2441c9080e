import Environment
public import QAPI
import SystemCalls

/// What became of a pair whose primary was killed under load.
public struct FailoverResult: Sendable {
    /// The primary's status just before.
    public let before: ColodStatus
    /// From the kill to the first answer of the survivor, in milliseconds.
    public let firstAnswer: Double
    /// The ledger of the clients.
    public let load: LoadReport
    /// Acknowledged writes that the survivor does not hold.
    public let lost: [AcknowledgedWrite]

    /// Whether no acknowledged write was lost and every connection lived on.
    public var isClean: Bool { lost.isEmpty && load.failures.isEmpty }
}

extension ProtectedPair {
    /// How long after a failover each connection may take to get its next answer: a client's TCP doubles its
    /// retransmission time from about 0.2 s on.
    public static let recoveryDeadline: Duration = .seconds(30)

    /// Kills the primary, on host `side`, `delay` after the clients of `load` got going, and waits until every connection
    /// has been answered by the survivor. Then asks the survivor for every acknowledged write.
    ///
    /// `onKill` is called as soon as the process is gone.
    public func killPrimaryUnderLoad(
        _ load: LoadGenerator, on side: Side = .a, after delay: Duration, onKill: () -> Void = {}
    ) throws -> FailoverResult {
        try load.waitForWrites(20, within: Self.recoveryDeadline)
        pause(delay)
        let before = try qmp(side).status()
        let time = try kill(side)
        onKill()
        let answer = try network == nil ? firstNewAnswer(from: side.other, after: time) : nil
        if network != nil { try waitForEveryConnection(load) }
        let report = load.stop()
        let lost = try report.lostWrites(askedOf: redis(at: side.other))
        guard let answer = answer ?? report.firstAnswer(after: time) else {
            throw LabError("the survivor never answered")
        }
        return FailoverResult(before: before, firstAnswer: answer.inMilliseconds, load: report, lost: lost)
    }

    private func waitForEveryConnection(_ load: LoadGenerator) throws {
        do {
            try load.waitForEveryConnection(after: SystemClock().now(), within: Self.recoveryDeadline)
        } catch {
            throw LabError("after the primary's death: \(error)\n\(log(.a))\n\(log(.b))")
        }
    }

    /// Without hosts of their own, the clients' old connections died with the primary: a new one is answered.
    private func firstNewAnswer(from side: Side, after time: Nanoseconds) throws -> Nanoseconds {
        try waitForService(at: side, within: Self.recoveryDeadline)
        return SystemClock().now() - time
    }
}
