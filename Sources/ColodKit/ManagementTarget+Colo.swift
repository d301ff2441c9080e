import Configuration
import Diagnostics
import Environment
import ManagementServer
import QAPI
import QMP
import Replication
import ReplicationCore
import SystemCalls

// Replication of the guest: what QEMU knows of it, and the pair's own commands.
extension ManagementTarget {
    /// How long a failover command or drill may take until it is answered with an error.
    private static let failoverDeadline = Nanoseconds.seconds(20)

    func xColoLostHeartbeat() async throws(CommandError) {
        guard replication.coloStatus.mode != .none else { throw CommandError(answering: FailoverError.notInCOLO) }
        if let pair { return try await failOver(pair, .failoverVouched) }
        try await onThread { try replication.failOverByCommand() }
        // As clients know it: the guest goes on after they were told.
        AfterReply.run { replication.commandWasAnswered() }
    }

    func queryColoStatus() async throws(CommandError) -> COLOStatus { replication.coloStatus }

    func xColodStatus() async throws(CommandError) -> ColodStatus {
        var answer = status.current
        let warnings = certificateWarnings
        answer.warnings = warnings.isEmpty ? nil : warnings
        return answer
    }

    func xColodPauses() async throws(CommandError) -> [ColodPauseCount] {
        replication.statistics.pauses.counts.map { ColodPauseCount(microseconds: $0.microseconds, count: $0.count) }
    }

    func xColodFailover() async throws(CommandError) {
        guard let pair else { throw .generic("This guest has no pair") }
        try await failOver(pair, .failoverCommanded)
    }

    func xColodStart() async throws(CommandError) {
        guard let pair else { throw .generic("This guest has no pair") }
        if let why = pair.refusal(of: .start) { throw .generic("The start is refused: \(why)") }
        let known = pair.failedCommands
        pair.post(.startCommanded)
        try await outcome(pair, known) { $0.report.isServing }
    }

    func xColodReloadKeys() async throws(CommandError) -> ColodKeys {
        guard let pair, let path = status.configuration.pair?.keyFile else {
            throw .generic("This guest has no pair")
        }
        let refusal = await offload { () -> String? in
            do {
                try pair.exchangeKeys(for: try loadKeys(path))
                return nil
            } catch {
                return "\(error)"
            }
        }
        if let refusal { throw .generic("The keys stay as they were: \(refusal)") }
        return ColodKeys(keys: pair.keyMarks, peer: pair.peerKeyMarks)
    }

    func xColodDrill() async throws(CommandError) -> ColodDrill {
        guard let pair else { throw .generic("This guest has no pair") }
        if let why = pair.refusal(of: .drill) { throw .generic("The drill is refused: \(why)") }
        let before = pair.snapshot
        let known = pair.failedCommands
        let start = clock.now()
        pair.post(.drillCommanded)
        try await outcome(pair, known) { after in
            let servesThere = after.peerReport.map { $0.isServing && $0.term > before.term } ?? false
            let servesHere = after.report.isServing && after.term > before.term
            return before.report.isServing ? servesThere : servesHere
        }
        return ColodDrill(from: start, to: clock.now(), firstFrameAt: replication.gate.firstFrameAt)
    }

    private func failOver(_ pair: PairService, _ command: PairController.Event) async throws(CommandError) {
        if let why = pair.refusal(of: .failover) { throw .generic("The failover is refused: \(why)") }
        let known = pair.failedCommands
        let served = pair.snapshot.report.isServing
        pair.post(command)
        try await outcome(pair, known) { after in
            served ? after.state == .unprotected || !after.report.isServing : after.report.isServing
        }
    }

    private func outcome(
        _ pair: PairService, _ known: Int, _ goal: @escaping @Sendable (PairSnapshot) -> Bool
    ) async throws(CommandError) {
        let outcome = await offload { [clock] in
            pair.wait(until: clock.now() + Self.failoverDeadline, known: known, goal: goal)
        }
        switch outcome {
        case .reached: return
        case .failed(let why): throw .generic("The failover was not carried out: \(why)")
        case .timedOut:
            let snapshot = pair.snapshot
            guard let what = status.waitsFor(snapshot) else {
                throw .generic("The failover is not complete yet; see x-colod-status")
            }
            let refusal = what == status.arbiterWait ? snapshot.arbiterRefusal : nil
            let answer = refusal.map { ", which said no: \($0)" } ?? ""
            throw .generic("The failover is not complete yet: this side still waits for \(what)\(answer)")
        }
    }
}

extension ColodDrill {
    /// A drill that was commanded at `start` and done at `end`. The first frame that this side let go after a takeover
    /// counts if it left in this drill.
    init(from start: Nanoseconds, to end: Nanoseconds, firstFrameAt: Nanoseconds?) {
        // To the microsecond: more digits tell nothing.
        func milliseconds(_ time: Nanoseconds) -> Double { ((time - start).inMilliseconds * 1000).rounded() / 1000 }
        self.init(
            milliseconds: milliseconds(end),
            takeoverMs: firstFrameAt.flatMap { $0 >= start ? milliseconds($0) : nil })
    }
}
