/// x
public enum JobStatus: String, Sendable, Hashable, CaseIterable {
    case undefined, created, running, paused, ready, standby, waiting, pending, aborting, concluded, null
}
/// x
public enum JobVerb: String, Sendable, Hashable, CaseIterable {
    case cancel, pause, resume, setSpeed = "set-speed", complete, dismiss, finalize
}
/// x
public enum JobType: String, Sendable, Hashable, CaseIterable {
    case commit, stream, mirror, backup, create, amend, snapshotLoad = "snapshot-load", snapshotSave = "snapshot-save",
        snapshotDelete = "snapshot-delete"
}
