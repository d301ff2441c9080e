import Jobs
import QAPI
import QMP

// Background jobs.
extension ManagementTarget {
    func queryJobs() async throws(CommandError) -> [JobInfo] {
        state.jobs.all.map { job in
            JobInfo(
                id: job.name, type: job.type, status: job.status, currentProgress: job.currentProgress,
                totalProgress: job.totalProgress, error: job.error)
        }
    }

    func jobPause(id: String) async throws(CommandError) { try state.jobs.apply(.pause, to: id) }

    func jobResume(id: String) async throws(CommandError) { try state.jobs.apply(.resume, to: id) }

    func jobCancel(id: String) async throws(CommandError) { try state.jobs.apply(.cancel, to: id) }

    func jobComplete(id: String) async throws(CommandError) { try state.jobs.apply(.complete, to: id) }

    func jobFinalize(id: String) async throws(CommandError) { try state.jobs.apply(.finalize, to: id) }

    func jobDismiss(id: String) async throws(CommandError) { try state.jobs.apply(.dismiss, to: id) }
}
