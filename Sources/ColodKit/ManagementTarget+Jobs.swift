import QAPI
import QMP

// Background jobs.
extension ManagementTarget {
    func jobPause(id: String) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func jobResume(id: String) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func jobCancel(id: String) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func jobComplete(id: String) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func jobDismiss(id: String) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func jobFinalize(id: String) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func queryJobs() async throws(CommandError) -> [JobInfo] {
        throw .generic("This is not available")
    }
}
