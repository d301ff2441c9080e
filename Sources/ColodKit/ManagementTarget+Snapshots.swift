import Jobs
import ManagementServer
import QAPI
import QMP
import VirtualMachine

// A snapshot lies inside a disk image, and disks are raw: none can hold one. The jobs find that out and fail, as they do
// with QEMU for the same disks; the guest is left as it was.
extension ManagementTarget {
    func snapshotSave(
        jobId: String, tag: String, vmstate: String, devices: [String]
    ) async throws(CommandError) {
        try runSnapshotJob(jobId, .snapshotSave, devices)
    }

    func snapshotLoad(
        jobId: String, tag: String, vmstate: String, devices: [String]
    ) async throws(CommandError) {
        try runSnapshotJob(jobId, .snapshotLoad, devices)
    }

    func snapshotDelete(jobId: String, tag: String, devices: [String]) async throws(CommandError) {
        try runSnapshotJob(jobId, .snapshotDelete, devices)
    }

    private func runSnapshotJob(_ name: String, _ type: JobType, _ devices: [String]) throws(CommandError) {
        try answering { try state.jobs.create(name, type: type) }
        state.jobs.begin(name)
        let failure = refusal(ofSnapshotsOn: devices)
        AfterReply.run { [jobs = state.jobs] in jobs.finish(name, error: failure) }
    }

    private func refusal(ofSnapshotsOn devices: [String]) -> String {
        let disks = Set(machine.parts.disks.map(\.name))
        if let unknown = devices.first(where: { !disks.contains($0) }) { return "No block device node '\(unknown)'" }
        guard let first = devices.first else { return "At least one device is required for snapshot" }
        return "Device '\(first)' is writable but does not support snapshots"
    }
}
