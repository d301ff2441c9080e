import QAPI
import QMP

// Commands that a Xen tool stack uses.
extension ManagementTarget {
    func xenSaveDevicesState(filename: String, live: Bool?) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func xenLoadDevicesState(filename: String) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func xenSetReplication(enable: Bool, primary: Bool, failover: Bool?) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func queryXenReplicationStatus() async throws(CommandError) -> ReplicationStatus {
        throw .generic("This is not available")
    }

    func xenColoDoCheckpoint() async throws(CommandError) {
        throw .generic("This is not available")
    }
}
