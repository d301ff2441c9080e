import Migration
import QAPI
import QMP
import Replication
import ReplicationCore
import VirtualMachine

// Whether the guest runs.
extension ManagementTarget {
    func queryStatus() async throws(CommandError) -> StatusInfo { StatusInfo(machine.runState) }

    func stop() async throws(CommandError) {
        try await onThread { try machine.stopByCommand() }
    }

    func cont() async throws(CommandError) {
        if replication.coloStatus.mode == .secondary {
            // The guest of a secondary stands by whatever the state says; only a takeover runs it.
            return try await onThread { try machine.runAsStandby() }
        }
        if let pair, !pair.snapshot.report.isServing, machine.runState != .inmigrate {
            throw .generic("This side does not serve the guest; x-colo-lost-heartbeat makes it take over")
        }
        try await onThread {
            try migration.takeGuestBack()
            try machine.continueByCommand()
        }
    }
}
