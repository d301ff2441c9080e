// Jobs: work that goes on after its command was answered, and that clients watch and steer by name.
//
// `Job` is the state machine of one job: what may follow what, and which command is accepted when. `JobRegistry` holds
// the jobs of the process and tells everybody of each step, in order. The worker calls `begin` and `finish`
// and looks at `isCancelled`. A job that has ended stays, so that its outcome can be read, until it is dismissed; there
// can be `JobRegistry.maximumCount` of them.
public import QAPI
import QMP
import Synchronization

/// The jobs of this process.
public final class JobRegistry: Sendable {
    /// How many jobs there can be, concluded ones included.
    public static let maximumCount = 256
    /// The longest name in bytes.
    public static let maximumNameLength = 1023

    private let jobs = Mutex<[Job]>([])
    private let emit: @Sendable (String, JobStatus) -> Void

    /// A registry without jobs. `emit` is told each step of a job under the registry's lock: it must be quick and must
    /// not call the registry.
    public init(emit: @escaping @Sendable (_ name: String, _ status: JobStatus) -> Void) { self.emit = emit }

    /// Sets up the job `name`. Throws if it is no name for a job, or is taken.
    public func create(_ name: String, type: JobType) throws(JobError) {
        guard name.isIdentifier, name.utf8.count <= Self.maximumNameLength else {
            throw .invalidName(name)
        }
        try jobs.withLock { jobs throws(JobError) in
            guard !jobs.contains(where: { $0.name == name }) else {
                throw .nameInUse(name)
            }
            guard jobs.count < Self.maximumCount else {
                throw .tooMany(limit: Self.maximumCount)
            }
            jobs.insert(Job(name: name, type: type), at: 0)
            emit(name, .created)
        }
    }

    /// The work of job `name` begins.
    public func begin(_ name: String) { step(name) { $0.begin() } }

    /// The work of job `name` has ended: with success if `error` is nil and nobody cancelled it.
    public func finish(_ name: String, error: String?) { step(name) { $0.finish(error: error) } }

    /// Whether job `name` was told to give up.
    public func isCancelled(_ name: String) -> Bool {
        jobs.withLock { jobs in jobs.first { $0.name == name }?.isCancelled ?? true }
    }

    /// The command `verb` for job `name`.
    public func apply(_ verb: JobVerb, to name: String) throws(JobError) {
        try jobs.withLock { jobs throws(JobError) in
            guard let index = jobs.firstIndex(where: { $0.name == name }) else { throw .notFound }
            for status in try jobs[index].apply(verb) { emit(name, status) }
            if jobs[index].status == .null { jobs.remove(at: index) }
        }
    }

    /// All jobs, the newest first.
    public var all: [Job] { jobs.withLock { $0 } }

    /// The process ends: those that have ended are forgotten, with their last event, the newest first.
    public func dismissAll() {
        jobs.withLock { jobs in
            for job in jobs where job.status == .concluded { emit(job.name, .null) }
            jobs.removeAll { $0.status == .concluded }
        }
    }

    private func step(_ name: String, _ body: (inout Job) -> [JobStatus]) {
        jobs.withLock { jobs in
            guard let index = jobs.firstIndex(where: { $0.name == name }) else { return }
            for status in body(&jobs[index]) { emit(name, status) }
        }
    }
}
