import Environment
import ReplicationCore
import SystemCalls

/// Carries `ReplicationRuns` out. Events come from the pair's loop and from the threads of runs; what follows is done in
/// the order in which it was decided. Two kinds of actions are done at once, before anybody else decides anything: the
/// output is held, and the pair is told. The rest is done by a thread of its own, because it takes locks that the
/// thread that reports an event may have.
final class RunDriver: Sendable {
    /// Who does what was decided.
    struct Edge: Sendable {
        /// Holds the guest's output from now on. Must not wait, and not call back.
        var hold: @Sendable () -> Void
        /// Tells the pair's controller. Must not wait, and not call back.
        var report: @Sendable (PairController.Event) -> Void
        /// Does the rest.
        var perform: @Sendable (ReplicationRuns.Action) -> Void
    }

    private struct State {
        var runs = ReplicationRuns()
        var edge: Edge?
        var worker: WorkerThread?
        /// The guest may be resumed from what was loaded.
        var mayResume = false
    }

    private let state = ThreadGate(State())
    private let clock = SystemClock()

    /// Begins to carry out what is decided. Before the first event.
    func begin(_ edge: Edge) throws(SystemError) {
        let thread = try WorkerThread(name: "replication-runs")
        state.withLock { state in
            state.edge = edge
            state.worker = thread
        }
    }

    /// Ends the thread once everything that was decided is done.
    func shutDown() { state.withLock { $0.worker }?.shutDown() }

    /// Hands in an event, from any thread.
    func tell(_ event: ReplicationRuns.Event) {
        let now = clock.now()
        state.withLock { state in
            for action in state.runs.handle(event, now: now) {
                switch action {
                case .hold: state.edge?.hold()
                case .report(let event): state.edge?.report(event)
                default:
                    guard let perform = state.edge?.perform else { continue }
                    state.worker?.perform { perform(action) }
                }
            }
        }
    }

    /// What was decided so far.
    var runs: ReplicationRuns { state.withLock(notify: false) { $0.runs } }

    /// The RAM was put back to power-on.
    func memoryWasReset() { state.withLock { $0.runs.memoryWasReset() } }

    /// Waits for the answer to `switchoverReached`; after a yes the output is held.
    func awaitSwitchover(until deadline: Nanoseconds) -> Bool {
        state.wait(until: deadline) { $0.runs.mayGoOn } ?? false
    }

    /// Waits until it is decided who may serve after a run: true if the output was let out.
    func awaitRelease() -> Bool { state.wait { $0.runs.wasReleased } ?? false }

    /// The guest may run from what was loaded.
    func allowResume() { state.withLock { $0.mayResume = true } }

    /// Waits for `allowResume`; false if the guest must not run here any more.
    func awaitResume() -> Bool {
        state.wait { state -> Bool? in
            if state.runs.isFenced || state.runs.isEnding || state.runs.incomingRun == 0 { return false }
            guard state.mayResume else { return nil }
            state.mayResume = false
            return true
        } ?? false
    }
}
