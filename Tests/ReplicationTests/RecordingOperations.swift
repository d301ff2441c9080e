import Environment
import Glibc
import ReplicationCore
import Synchronization
import SystemCalls

@testable import Replication

/// Operations of a pair that do nothing but remember that they were asked for, and report that it was done.
final class RecordingOperations: PairOperations {
    enum Call: Sendable, Equatable {
        case startGuest, takeOver
        case startReplication(UInt64)
        case continueSwitchover(UInt64)
        case stopReplication(UInt64)
        case listen(UInt64)
        case abandon(UInt64)
        case release(UInt64)
        case releaseAll, announceGuest, fence
        case left(Leaving)
    }

    private let state = ThreadGate<[Call]>([])
    private let report = Mutex<(@Sendable (PairController.Event) -> Void)?>(nil)
    private let health = Mutex(MachineCondition())

    /// Where what was done is reported.
    func connect(_ report: @escaping @Sendable (PairController.Event) -> Void) { self.report.withLock { $0 = report } }

    private func tell(_ event: PairController.Event) { report.withLock { $0 }?(event) }

    /// Everything that was asked for, in order.
    var calls: [Call] { state.withLock(notify: false) { $0 } }

    private func add(_ call: Call) { state.withLock { $0.append(call) } }

    /// Waits for a call that `choose` wants, and returns what it made of it.
    func first<Value>(_ choose: (Call) -> Value?) -> Value? {
        state.wait(until: SystemClock().now() + COLOMachine.patience) { calls in
            for call in calls { if let value = choose(call) { return value } }
            return nil
        }
    }

    /// Waits for `call`; false if it never comes.
    func awaits(_ call: Call) -> Bool { first { $0 == call ? true : nil } ?? false }

    func startGuest(before deadline: Nanoseconds) {
        add(.startGuest)
        tell(.guestRuns)
    }
    func runs(_ event: ReplicationRuns.Event) {
        switch event {
        case .takeOver:
            add(.takeOver)
            tell(.guestRuns)
        case .start(let run): add(.startReplication(run))
        case .continueSwitchover(let run): add(.continueSwitchover(run))
        case .stop(let run): add(.stopReplication(run))
        case .listen(let run):
            add(.listen(run))
            tell(.listening(run: run))
        case .abandon(let run): add(.abandon(run))
        default: break
        }
    }
    func releaseOutput(throughCheckpoint checkpoint: UInt64, before deadline: Nanoseconds) -> Bool {
        add(.release(checkpoint))
        return true
    }
    func releaseAllOutput(before deadline: Nanoseconds) -> Bool {
        add(.releaseAll)
        return true
    }
    func keepStopped(_ isStopped: Bool) {}
    func announceGuest() { add(.announceGuest) }
    func fence() { add(.fence) }
    func left(_ reason: Leaving) { add(.left(reason)) }
    var condition: MachineCondition {
        get { health.withLock { $0 } }
        set { health.withLock { $0 = newValue } }
    }
}

/// An arbiter that answers what it was told to, and remembers the questions.
final class RecordingArbiter: Arbiter {
    private let verdict: ArbitrationVerdict
    let timeout: Nanoseconds
    private let state = ThreadGate<[String]>([])

    init(_ verdict: ArbitrationVerdict, timeout: Nanoseconds = .zero) {
        self.verdict = verdict
        self.timeout = timeout
    }

    var name: String { "recording" }

    func decide(_ request: ArbitrationRequest, orUntil withdrawn: EventSignal?) -> ArbitrationVerdict {
        state.withLock { $0.append("\(request.purpose.rawValue) \(request.guest) \(request.term)") }
        return verdict
    }

    /// Waits for a question; false if it never comes.
    func awaits(_ question: String) -> Bool {
        state.wait(until: SystemClock().now() + COLOMachine.patience) { $0.contains(question) ? true : nil } ?? false
    }

    var questions: [String] { state.withLock(notify: false) { $0 } }
}
