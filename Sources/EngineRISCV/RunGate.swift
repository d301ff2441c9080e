import Synchronization
import SystemCalls

/// Lets the harts of a machine run and stand together.
///
/// A hart's thread waits here for each run, executes until `isStopping`, and comes back. All harts count as running
/// from `resume` on, so that a `pause` that follows at once still meets each of them.
final class RunGate: Sendable {
    private struct State {
        var run: UInt64 = 0
        var running = 0
        var isEnded = false
    }

    private let state = ThreadGate(State())
    private let stopFlag = Atomic<Bool>(true)
    private let hartCount: Int

    init(hartCount: Int) { self.hartCount = hartCount }

    /// Whether the harts are to come back as soon as they can; polled between slices of instructions.
    var isStopping: Bool { stopFlag.load(ordering: .acquiring) }

    /// Lets all harts run. Nothing happens if they do already.
    func resume() {
        state.withLock { state in
            guard state.running == 0, !state.isEnded else { return }
            stopFlag.store(false, ordering: .releasing)
            state.run &+= 1
            state.running = hartCount
        }
    }

    /// Stops all harts and returns when they stand. `wake` ends their waits for an interrupt.
    func pause(wake: () -> Void) {
        stopFlag.store(true, ordering: .sequentiallyConsistent)
        wake()
        _ = state.wait { $0.running == 0 ? true : nil }
    }

    /// Stops all harts for good.
    func end(wake: () -> Void) {
        state.withLock { $0.isEnded = true }
        pause(wake: wake)
    }

    /// Waits for the run after `last`; nil once there will be none.
    func waitForRun(after last: UInt64) -> UInt64? {
        state.wait { state -> UInt64?? in
            if state.run != last { return .some(state.run) }
            return state.isEnded ? .some(nil) : nil
        } ?? nil
    }

    /// Says that the calling hart stands.
    func stand() { state.withLock { $0.running -= 1 } }
}
