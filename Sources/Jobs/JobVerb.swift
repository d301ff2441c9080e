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
