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

    func jobPause(id: String) async throws(CommandError) { try apply(.pause, to: id) }

    func jobResume(id: String) async throws(CommandError) { try apply(.resume, to: id) }

    func jobCancel(id: String) async throws(CommandError) { try apply(.cancel, to: id) }

    func jobComplete(id: String) async throws(CommandError) { try apply(.complete, to: id) }

    func jobFinalize(id: String) async throws(CommandError) { try apply(.finalize, to: id) }

    func jobDismiss(id: String) async throws(CommandError) { try apply(.dismiss, to: id) }

    private func apply(_ verb: JobVerb, to id: String) throws(CommandError) {
        try answering { try state.jobs.apply(verb, to: id) }
    }
}
