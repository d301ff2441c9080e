public import QAPI

/// Why a job was not set up, or did not take a command.
public enum JobError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It is no name for a job.
    case invalidName(String)
    /// Another job has the name.
    case nameInUse(String)
    /// There are as many jobs as there may be.
    case tooMany(limit: Int)
    /// No job has the name.
    case notFound
    /// A job that runs cannot be resumed.
    case notPaused
    /// A job that stands cannot be paused.
    case alreadyPaused
    /// The job does not take the command in its state.
    case refused(name: String, status: JobStatus, verb: JobVerb)

    /// What is wrong.
    public var description: String {
        switch self {
        case .invalidName(let name): "Invalid job ID '\(name)'"
        case .nameInUse(let name): "Job ID '\(name)' already in use"
        case .tooMany(let limit): "There are \(limit) jobs already; job-dismiss forgets those that have ended"
        case .notFound: "Job not found"
        case .notPaused: "Can't resume a job that was not paused"
        case .alreadyPaused: "Job is already paused"
        case .refused(let name, let status, let verb):
            "Job '\(name)' in state '\(status.rawValue)' cannot accept command verb '\(verb.rawValue)'"
        }
    }
}
