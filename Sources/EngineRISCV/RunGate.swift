import Environment
import Synchronization
import SystemCalls

/// Lets the harts of a machine run and stand together.
///
/// A hart's thread waits here until it is to run, executes until `isStopping`, and comes back. All harts count as
/// running from `resume` on, so that a `pause` that follows at once still meets each of them. A pause that one hart keeps
/// from happening is withdrawn: those that stand already run again, and the one that comes back late runs on.
///
/// A hart that waits for an interrupt *rests*: its thread sleeps, and takes no step of the hart before it has been here
/// again. Who only looks at harts for a moment need not wake it, which takes longer than the look.
final class RunGate: Sendable {
    private struct State {
        /// Which harts run.
        var running: [Bool]
        /// Which of them rest.
        var resting: [Bool]
        var isEnded = false

        init(hartCount: Int) {
            running = [Bool](repeating: false, count: hartCount)
            resting = running
        }

        /// The harts that take steps, or with `strictly` may take one without having been here.
        func busy(strictly: Bool) -> [Int] { running.indices.filter { running[$0] && (strictly || !resting[$0]) } }

        func allStand(strictly: Bool) -> Bool {
            running.indices.allSatisfy { !running[$0] || !strictly && resting[$0] }
        }
    }

    private let state: ThreadGate<State>
    /// Set at any time, cleared only with `state` held.
    private let stopFlag = Atomic<Bool>(true)

    init(hartCount: Int) { state = ThreadGate(State(hartCount: hartCount)) }

    /// Whether the harts are to come back as soon as they can; polled between slices of instructions.
    var isStopping: Bool { stopFlag.load(ordering: .acquiring) }

    /// Lets all harts run. Nothing happens if they do already, or were stopped for good.
    func resume() { state.withLock { if $0.allStand(strictly: false) { letRun(&$0) } } }

    /// Stops all harts. Returns once they stand, with nothing; or at `deadline`, with the numbers of those that did not
    /// stand then: in that case all harts run on, unless they were stopped for good. `wake` ends a hart's wait for an
    /// interrupt. With `lettingRest`, harts that rest count as standing; nothing of a
    /// hart's state may be changed then. What is forgotten of its tables it sees, because it comes here first.
    func pause(until deadline: Nanoseconds, lettingRest: Bool = false, wake: (Int) -> Void) -> [Int] {
        stopFlag.store(true, ordering: .sequentiallyConsistent)
        for hart in state.withLock(notify: false, { $0.busy(strictly: !lettingRest) }) { wake(hart) }
        if waitUntilStanding(deadline: deadline, strictly: !lettingRest) { return [] }
        return state.withLock { state in
            let busy = state.busy(strictly: !lettingRest)
            if !busy.isEmpty { letRun(&state) }
            return busy
        }
    }

    /// Hart `hart` waits for an interrupt from now on.
    func beginRest(of hart: Int) { state.withLock { $0.resting[hart] = true } }

    /// It does no more. If the harts are to stand it stands already, and has to wait for its next run.
    func endRest(of hart: Int) {
        state.withLock { state in
            state.resting[hart] = false
            if isStopping { state.running[hart] = false }
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
    func waitUntilStanding(deadline: Nanoseconds, strictly: Bool = true) -> Bool {
        state.wait(until: deadline) { $0.allStand(strictly: strictly) ? true : nil } ?? false
    }

    /// Waits until hart `hart` is to run; false once it never will again.
    func waitForRun(of hart: Int) -> Bool {
        state.wait { $0.running[hart] ? true : $0.isEnded ? false : nil } ?? false
    }

    /// Says that the calling hart stands, unless it is to run on after all.
    func stand(_ hart: Int) { state.withLock { if isStopping { $0.running[hart] = false } } }
}
