import Environment
import Replication
import ReplicationCore
import SystemCalls

/// Lets a command wait for what becomes of a pair.
final class PairWatch: Sendable {
    private struct State {
        var snapshot: PairSnapshot?
        var failures: [String] = []
    }
    private let state = ThreadGate(State())

    /// What the pair reports.
    func update(_ snapshot: PairSnapshot, event: PairEvent?) {
        state.withLock { state in
            state.snapshot = snapshot
            if case .commandFailed(let why) = event { state.failures.append(why) }
        }
    }

    /// How many commands have failed so far.
    var failureCount: Int { state.withLock(notify: false) { $0.failures.count } }

    /// How a wait ended.
    enum Outcome: Sendable {
        case reached
        case failed(String)
        case timedOut
    }

    /// Waits until `goal` holds, a command fails (of those after the first `known`), or `deadline` comes.
    func wait(until deadline: Nanoseconds, known: Int, goal: (PairSnapshot) -> Bool) -> Outcome {
        let outcome = state.wait(until: deadline) { state -> Outcome? in
            if let snapshot = state.snapshot, goal(snapshot) { return .reached }
            return state.failures.count > known ? .failed(state.failures[known]) : nil
        }
        return outcome ?? .timedOut
    }
}
