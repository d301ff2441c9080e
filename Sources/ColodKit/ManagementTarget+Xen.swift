import Migration
import QAPI
import QMP

// Commands that a Xen tool stack uses.
extension ManagementTarget {
    /// `live` is about images that another host takes over; those here are read as they are written.
    func xenSaveDevicesState(filename: String, live: Bool?) async throws(CommandError) {
        try await onThread { try migration.saveDevices(to: filename) }
    }

    func xenLoadDevicesState(filename: String) async throws(CommandError) {
        if pair != nil { throw .generic("The pair replicates this guest by itself") }
        try await onThread { try migration.loadDevices(from: filename) }
    }

    /// No disk is replicated, so there is nothing to start or stop.
    func xenSetReplication(enable: Bool, primary: Bool, failover: Bool?) async throws(CommandError) {
        if enable, failover == true { throw .generic("Parameter 'failover' is only for stopping replication") }
    }

    /// What is not replicated has no error.
    func queryXenReplicationStatus() async throws(CommandError) -> ReplicationStatus {
        ReplicationStatus(error: false)
    }

    /// A checkpoint of all replicated disks, of which there are none.
    func xenColoDoCheckpoint() async throws(CommandError) {}
}
