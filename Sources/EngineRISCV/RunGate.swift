import Environment
import Synchronization
import SystemCalls

/// Lets the harts of a machine run and stand together.
///
/// A hart's thread waits here until it is to run, executes until `isStopping`, and comes back. All harts count as
/// running from `resume` on, so that a `pause` that follows at once still meets each of them. A pause that one hart keeps
/// from happening is withdrawn: those that stand already run again, and the one that comes back late runs on.
final class RunGate: Sendable {
    private struct State {
        /// Which harts run.
        var running: [Bool]
        var isEnded = false

        var allStand: Bool { !running.contains(true) }
    }

    private let state: ThreadGate<State>
    /// Set at any time, cleared only with `state` held.
    private let stopFlag = Atomic<Bool>(true)

    init(hartCount: Int) { state = ThreadGate(State(running: [Bool](repeating: false, count: hartCount))) }

    /// Whether the harts are to come back as soon as they can; polled between slices of instructions.
    var isStopping: Bool { stopFlag.load(ordering: .acquiring) }

    /// Lets all harts run. Nothing happens if they do already, or were stopped for good.
    func resume() { state.withLock { if $0.allStand { letRun(&$0) } } }

    /// Stops all harts. Returns once they stand, with nothing; or at `deadline`, with the numbers of those that did not
    /// stand then: in that case all harts run on, unless they were stopped for good. `wake` ends their waits for an
    /// interrupt.
    func pause(until deadline: Nanoseconds, wake: () -> Void) -> [Int] {
        stopFlag.store(true, ordering: .sequentiallyConsistent)
        wake()
        if waitUntilStanding(deadline: deadline) { return [] }
        return state.withLock { state in
            let busy = state.running.indices.filter { state.running[$0] }
            if !busy.isEmpty { letRun(&state) }
            return busy
        }
    }

    private func letRun(_ state: inout State) {
        guard !state.isEnded else { return }
        stopFlag.store(false, ordering: .sequentiallyConsistent)
        for hart in state.running.indices { state.running[hart] = true }
    }

    /// Stops all harts for good, without waiting for them.
    func end(wake: () -> Void) {
        state.withLock { state in
            state.isEnded = true
            stopFlag.store(true, ordering: .sequentiallyConsistent)
        }
        wake()
    }

    /// Waits for all harts to stand; false if one of them still runs at `deadline`.
    func waitUntilStanding(deadline: Nanoseconds) -> Bool {
        state.wait(until: deadline) { $0.allStand ? true : nil } ?? false
    }

    /// Waits until hart `hart` is to run; false once it never will again.
    func waitForRun(of hart: Int) -> Bool {
        state.wait { $0.running[hart] ? true : $0.isEnded ? false : nil } ?? false
    }

    /// Says that the calling hart stands, unless it is to run on after all.
    func stand(_ hart: Int) { state.withLock { if isStopping { $0.running[hart] = false } } }
}
