// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// What a job does.
public enum JobType: String, SchemaValue, CaseIterable {
    /// Writes an overlay back into its backing image.
    case commit
    /// Copies a backing image into its overlay.
    case stream
    /// Copies a disk and keeps the copy up to date.
    case mirror
    /// Copies a disk as it was when the job began.
    case backup
    /// Creates an image.
    case create
    /// Changes options of an image.
    case amend
    /// What snapshot-load begins (since 6.0).
    case snapshotLoad = "snapshot-load"
    /// What snapshot-save begins (since 6.0).
    case snapshotSave = "snapshot-save"
    /// What snapshot-delete begins (since 6.0).
    case snapshotDelete = "snapshot-delete"
}

/// Where a job stands. A job that succeeds goes through created, running, waiting, pending and concluded; one that
/// fails or is cancelled goes from running through aborting to concluded.
public enum JobStatus: String, SchemaValue, CaseIterable {
    /// Not yet known to anybody.
    case undefined
    /// Set up, not yet started.
    case created
    /// At work.
    case running
    /// Held by job-pause.
    case paused
    /// The work is done but the job goes on until it is told to complete.
    case ready
    /// Ready, and held by job-pause.
    case standby
    /// Done, waiting for other jobs of its transaction.
    case waiting
    /// Done, waiting for job-finalize.
    case pending
    /// Failed or cancelled, and cleaning up.
    case aborting
    /// Ended; its result can be read until job-dismiss.
    case concluded
    /// Dismissed; seen in the event JOB_STATUS_CHANGE only.
    case null
}

/// A job, as query-jobs tells of it.
public struct JobInfo: SchemaObject, Hashable {
    /// The identifier given by whoever began it.
    public var id: String
    /// What it does.
    public var type: JobType
    /// Where it stands.
    public var status: JobStatus
    /// How much is done, in units of the job's own.
    public var currentProgress: Int64
    /// How much there is to do as far as known; it can grow.
    public var totalProgress: Int64
    /// Why it failed; absent if it did not.
    public var error: String?

    /// Put together from its members.
    public init(
        id: String,
        type: JobType,
        status: JobStatus,
        currentProgress: Int64,
        totalProgress: Int64,
        error: String? = nil
    ) {
        self.id = id
        self.type = type
        self.status = status
        self.currentProgress = currentProgress
        self.totalProgress = totalProgress
        self.error = error
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        id = try reader.required("id")
        type = try reader.required("type")
        status = try reader.required("status")
        currentProgress = try reader.required("current-progress")
        totalProgress = try reader.required("total-progress")
        error = try reader.optional("error")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("id", id)
        writer.add("type", type)
        writer.add("status", status)
        writer.add("current-progress", currentProgress)
        writer.add("total-progress", totalProgress)
        writer.add("error", error)
    }
}
