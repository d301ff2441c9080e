import QAPI
import QMP

// Snapshots in disk images.
extension ManagementTarget {
    func snapshotSave(jobId: String, tag: String, vmstate: String, devices: [String]) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func snapshotLoad(jobId: String, tag: String, vmstate: String, devices: [String]) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func snapshotDelete(jobId: String, tag: String, devices: [String]) async throws(CommandError) {
        throw .generic("This is not available")
    }
}
