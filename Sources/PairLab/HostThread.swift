import Environment
import SystemCalls

/// A thread that lives as long as its owner and runs one piece of work after the other.
///
/// A network namespace belongs to a thread, and so does the duty to end what it started: work that must happen in a
/// namespace, and the start of a process, is handed to that namespace's thread.
final class HostThread: Sendable {
    private struct State {
        var work: [@Sendable () -> Void] = []
        var isStopping = false
    }

    private let gate: ThreadGate<State>

    init(name: String) throws(SystemError) {
        let gate = ThreadGate(State())
        self.gate = gate
        _ = try Thread(name: name) {
            while let next = Self.next(gate) { next() }
        }
    }

    deinit { gate.withLock { $0.isStopping = true } }

    /// Runs `body` on the thread and waits for its result.
    func perform<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
        let answer = ThreadGate<Swift.Result<Result, any Error>?>(nil)
        gate.withLock { state in
            state.work.append {
                let result = Swift.Result { try body() }
                answer.withLock { $0 = result }
            }
        }
        guard let result = answer.wait(until: .never, { $0 }) else { throw LabError("a host's thread gave no answer") }
        return try result.get()
    }

    private static func next(_ gate: ThreadGate<State>) -> (@Sendable () -> Void)? {
        gate.wait { state -> Optional<(@Sendable () -> Void)?> in
            if !state.work.isEmpty { return .some(state.work.removeFirst()) }
            return state.isStopping ? .some(nil) : nil
        } ?? nil
    }
}
