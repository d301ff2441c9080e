import DirtyRate
import Environment
import Jobs
import ManagementServer
import Migration
import QAPI
import QMP
import Replication
import SystemCalls
import VirtualMachine

/// The QMP commands of one daemon: each calls the part that does the work and turns refusals into replies. What belongs
/// to one topic stands in `ManagementTarget+Topic.swift`.
struct ManagementTarget: QMPCommands {
    let machine: VirtualMachine
    let migration: MigrationController
    let replication: ReplicationService
    let dirtyRate: DirtyRateMonitor
    let pair: PairService?
    let state: ManagementState
    let status: StatusReporter
    let emit: @Sendable (Event) -> Void
    let end: @Sendable (DaemonEnd) -> Void
    /// Writes a line to the log that the operator should see.
    let warn: @Sendable (String) -> Void
    let clock = SystemClock()

    func queryVersion() async throws(CommandError) -> VersionInfo {
        let version = ColodKit.serverVersion
        return VersionInfo(
            qemu: VersionTriple(major: version.major, minor: version.minor, micro: version.micro),
            package: version.package)
    }

    func quit() async throws(CommandError) {
        emit(.shutdown(.hostQmpQuit))
        state.jobs.dismissAll()
        migration.endByCommand()
        replication.endByCommand()
        AfterReply.run { [end] in end(.quit) }
    }

    /// Runs `body`, which may wait, on a thread of its own.
    func onThread(_ body: @escaping @Sendable () throws -> Void) async throws(CommandError) {
        let refusal = await offload { () -> CommandError? in
            do {
                try body()
                return nil
            } catch {
                return CommandError(answering: error)
            }
        }
        if let refusal { throw refusal }
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
