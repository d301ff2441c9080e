// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: job.
public protocol JobCommands: Sendable {
    /// `job-pause`: Hold a job at its next opportunity, until job-resume.
    ///
    /// - Parameters:
    ///   - id: the job
    func jobPause(id: String) async throws(CommandError)

    /// `job-resume`: Let a job that is held go on.
    ///
    /// - Parameters:
    ///   - id: the job
    func jobResume(id: String) async throws(CommandError)

    /// `job-cancel`: Tell a job to give up at its next opportunity. It ends as concluded, with an error.
    ///
    /// - Parameters:
    ///   - id: the job
    func jobCancel(id: String) async throws(CommandError)

    /// `job-complete`: Tell a job that is ready to come to its end.
    ///
    /// - Parameters:
    ///   - id: the job
    func jobComplete(id: String) async throws(CommandError)

    /// `job-dismiss`: Forget a concluded job. Until then its result stays readable in query-jobs and its identifier
    /// cannot be used again.
    ///
    /// - Parameters:
    ///   - id: the job
    func jobDismiss(id: String) async throws(CommandError)

    /// `job-finalize`: Let a job that is pending take effect.
    ///
    /// - Parameters:
    ///   - id: the job
    func jobFinalize(id: String) async throws(CommandError)

    /// `query-jobs`: List the jobs that are not yet dismissed.
    ///
    /// - Returns: the jobs, oldest last
    func queryJobs() async throws(CommandError) -> [JobInfo]
}
