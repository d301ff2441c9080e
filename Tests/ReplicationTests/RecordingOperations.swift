import Environment
import Glibc
import ReplicationCore
import SystemCalls

@testable import Replication

/// Operations of a pair that do nothing but remember that they were asked for.
final class RecordingOperations: PairOperations {
    enum Call: Sendable, Equatable {
        case startGuest, takeOver
        case startReplication(UInt64)
        case continueSwitchover(UInt64)
        case stopReplication(UInt64)
        case listen(UInt64)
        case abandon(UInt64)
        case dropIncomingChannel
        case release(UInt64)
        case releaseAll, fence
        case recordFailed(String)
    }

    private let state = ThreadGate<[Call]>([])

    /// Everything that was asked for, in order.
    var calls: [Call] { state.withLock(notify: false) { $0 } }

    private func add(_ call: Call) { state.withLock { $0.append(call) } }

    /// Waits for a call that `choose` wants, and returns what it made of it.
    func first<Value>(_ choose: (Call) -> Value?) -> Value? {
        state.wait(until: SystemClock().now() + ColoMachine.patience) { calls in
            for call in calls { if let value = choose(call) { return value } }
            return nil
        }
    }

    /// Waits for `call`; false if it never comes.
    func awaits(_ call: Call) -> Bool { first { $0 == call ? true : nil } ?? false }

    func startGuest() { add(.startGuest) }
    func takeOver() { add(.takeOver) }
    func startReplication(run: UInt64) { add(.startReplication(run)) }
    func continueSwitchover(run: UInt64) { add(.continueSwitchover(run)) }
    func stopReplication(run: UInt64) { add(.stopReplication(run)) }
    func listenForReplication(run: UInt64) { add(.listen(run)) }
    func abandonCheckpoint(run: UInt64) { add(.abandon(run)) }
    func dropIncomingChannel() { add(.dropIncomingChannel) }
    func releaseOutput(throughCheckpoint checkpoint: UInt64, before deadline: Nanoseconds) -> Bool {
        add(.release(checkpoint))
        return true
    }
    func releaseAllOutput() { add(.releaseAll) }
    func fence() { add(.fence) }
    func recordFailed(_ why: String) { add(.recordFailed(why)) }
}

/// An arbiter that answers what it was told to, and remembers the questions.
final class RecordingArbiter: Arbiter {
    private let verdict: ArbitrationVerdict
    private let state = ThreadGate<[String]>([])

    init(_ verdict: ArbitrationVerdict) { self.verdict = verdict }

    var name: String { "recording" }

    func decide(_ request: ArbitrationRequest) -> ArbitrationVerdict {
        state.withLock { $0.append("\(request.purpose.rawValue) \(request.guest) \(request.term)") }
        return verdict
    }

    /// Waits for a question; false if it never comes.
    func awaits(_ question: String) -> Bool {
        state.wait(until: SystemClock().now() + ColoMachine.patience) { $0.contains(question) ? true : nil } ?? false
    }

    var questions: [String] { state.withLock(notify: false) { $0 } }
}
