public import QAPI

/// One job. Steps return the states that it went through, in order.
public struct Job: Sendable, Hashable {
    /// What clients call it.
    public let name: String
    /// What it does.
    public let type: JobType
    /// Where it stands.
    public private(set) var status = JobStatus.created
    /// Why it failed, once it has.
    public private(set) var error: String?
    /// Whether it was told to give up.
    public private(set) var isCancelled = false
    /// How far it is, out of `totalProgress`.
    public private(set) var currentProgress: Int64 = 0
    /// What `currentProgress` is when all is done.
    public private(set) var totalProgress: Int64 = 0

    /// The text that a cancelled job ends with.
    static let cancellation = "Operation canceled"

    /// A job that is set up and does nothing yet.
    init(name: String, type: JobType) {
        self.name = name
        self.type = type
    }

    /// The work begins.
    mutating func begin() -> [JobStatus] {
        guard status == .created else { return [] }
        totalProgress = 1
        return go(.running)
    }

    /// The work has ended.
    mutating func finish(error failure: String?) -> [JobStatus] {
        guard [.running, .paused, .ready, .standby].contains(status) else { return [] }
        currentProgress = totalProgress
        guard failure == nil, !isCancelled else {
            error = failure ?? Self.cancellation
            return go(.aborting, .concluded)
        }
        return go(.waiting, .pending, .concluded)
    }

    /// The command `verb`. Throws if the job does not take it in this state.
    mutating func apply(_ verb: JobVerb) throws(JobError) -> [JobStatus] {
        if verb == .resume, status != .paused, status != .standby {
            throw .notPaused
        }
        guard Self.accepted[verb, default: []].contains(status) else {
            throw .refused(name: name, status: status, verb: verb)
        }
        switch verb {
        case .cancel:
            isCancelled = true
            if status == .created {
                error = Self.cancellation
                return go(.aborting, .concluded)
            }
            return []
        case .pause:
            if status == .paused || status == .standby { throw .alreadyPaused }
            return go(status == .ready ? .standby : .paused)
        case .resume: return go(status == .standby ? .ready : .running)
        case .dismiss: return go(.null)
        case .finalize: return go(.concluded)
        case .complete: return go(.waiting, .pending, .concluded)
        }
    }

    private mutating func go(_ states: JobStatus...) -> [JobStatus] {
        status = states.last ?? status
        return states
    }

    private static let atWork: Set<JobStatus> = [.created, .running, .paused, .ready, .standby]
    private static let accepted: [JobVerb: Set<JobStatus>] = [
        .cancel: atWork.union([.waiting, .pending]),
        .pause: atWork,
        .resume: atWork,
        .complete: [.ready],
        .finalize: [.pending],
        .dismiss: [.concluded],
    ]
}

/// What can be asked of a job; the words appear in error texts.
public enum JobVerb: String, Sendable, Hashable, CaseIterable {
    /// Give up: job-cancel.
    case cancel
    /// Stand still: job-pause.
    case pause
    /// Go on: job-resume.
    case resume
    /// Go from ready to the end: job-complete.
    case complete
    /// Go from pending to the end: job-finalize.
    case finalize
    /// Forget that there was one: job-dismiss.
    case dismiss
}
