import Environment
import ManagementServer
import Migration
import QAPI
import QMP
import Replication
import ReplicationCore
import SystemCalls
import VirtualMachine

/// The QMP commands of one daemon: each calls the part that does the work and turns refusals into replies.
struct ManagementTarget: ManagementCommands {
    /// How long a failover command or drill may take until it is answered with an error.
    static let failoverDeadline = Nanoseconds.seconds(20)

    let machine: VirtualMachine
    let migration: MigrationController
    let replication: ReplicationService
    let pair: PairService?
    let status: StatusReporter
    let emit: @Sendable (Event) -> Void
    let end: @Sendable (DaemonEnd) -> Void
    let clock = SystemClock()

    func queryStatus() async throws(CommandError) -> StatusInfo {
        StatusInfo(machine.runState)
    }

    func stop() async throws(CommandError) {
        try await onThread { () throws(RunStateError) in try machine.stopByCommand() }
    }

    func cont() async throws(CommandError) {
        if replication.coloStatus.mode == .secondary {
            // The guest of a secondary stands by whatever the state says; only a takeover runs it.
            return try await onThread { () throws(RunStateError) in try machine.runAsStandby() }
        }
        if let pair, !pair.snapshot.report.isServing, machine.runState != .inmigrate {
            throw .generic("This side does not serve the guest; x-colo-lost-heartbeat makes it take over")
        }
        try await onThread { () throws(RunStateError) in try machine.continueByCommand() }
    }

    func quit() async throws(CommandError) {
        emit(.shutdown(.hostQuit))
        end(.quit)
    }

    func queryName() async throws(CommandError) -> String? {
        machine.parts.name.isEmpty ? nil : machine.parts.name
    }

    func queryUUID() async throws(CommandError) -> String {
        let digits = (machine.parts.uuid ?? [UInt8](repeating: 0, count: 16)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
    }

    func migrate(_ arguments: MigrateArguments) async throws(CommandError) {
        if pair != nil { throw .generic("The pair replicates this guest by itself") }
        let pending = try migration.migrate(
            uri: arguments.uri, block: arguments.block ?? false, incremental: arguments.incremental ?? false,
            resume: arguments.resume ?? false)
        pending.start()
    }

    func migrateIncoming(uri: String) async throws(CommandError) {
        if pair != nil { throw .generic("The pair replicates this guest by itself") }
        try migration.migrateIncoming(uri: uri)
    }

    func migrateCancel() async throws(CommandError) { migration.migrateCancel() }

    func queryMigrate() async throws(CommandError) -> MigrationInfo { migration.queryMigrate() }

    func migrateSetCapabilities(_ changes: [CapabilityChange]) async throws(CommandError) {
        try migration.setCapabilities(changes)
    }

    func queryMigrateCapabilities() async throws(CommandError) -> MigrationCapabilities {
        migration.settings.capabilities
    }

    func migrateSetParameters(_ arguments: JSONObject) async throws(CommandError) {
        let before = migration.settings.parameters.checkpointDelay
        try migration.setParameters(arguments)
        if migration.settings.parameters.checkpointDelay != before { replication.checkpointDelayChanged() }
    }

    func queryMigrateParameters() async throws(CommandError) -> MigrationParameters { migration.settings.parameters }

    func coloLostHeartbeat() async throws(CommandError) {
        guard replication.coloStatus.mode != .none else { throw .coloNotEnabled }
        guard let pair else {
            let left = await offload { replication.leaveByCommand() }
            if !left { throw .coloNotEnabled }
            return
        }
        try await failOver(pair, .failoverVouched)
    }

    func queryColoStatus() async throws(CommandError) -> ColoStatus { replication.coloStatus }

    func colodStatus() async throws(CommandError) -> ColodStatus { status.current }

    func colodFailover() async throws(CommandError) {
        guard let pair else { throw .generic("This guest has no pair") }
        try await failOver(pair, .failoverCommanded)
    }

    func colodStart() async throws(CommandError) {
        guard let pair else { throw .generic("This guest has no pair") }
        if let why = pair.refusal(of: .start) { throw .generic("The start is refused: \(why)") }
        let known = pair.failedCommands
        pair.post(.startCommanded)
        try await outcome(pair, known) { $0.report.isServing }
    }

    func colodDrill() async throws(CommandError) -> Double {
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
        return (clock.now() - start).inMilliseconds
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
        case .timedOut: throw .generic("The failover is not complete yet; see x-colod-status")
        }
    }

    private func onThread(_ body: @escaping @Sendable () throws(RunStateError) -> Void) async throws(CommandError) {
        let refusal = await offload { () -> RunStateError? in
            do throws(RunStateError) {
                try body()
                return nil
            } catch {
                return error
            }
        }
        if let refusal { throw .generic(refusal.description) }
    }
}

/// Runs `body` on a thread of its own, so that a command that waits stalls no other one.
func offload<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        do {
            _ = try Thread(name: "command") { continuation.resume(returning: body()) }
        } catch {
            // Without a thread the work is done here: late is better than never.
            continuation.resume(returning: body())
        }
    }
}
