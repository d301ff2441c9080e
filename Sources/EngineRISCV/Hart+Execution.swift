import Environment
import MachineModel
import Synchronization
import SystemCalls

// The loop around the interpreter: slices, interrupts, waiting, and standing still.
extension Hart {
    /// What the hart's thread does: one turn for each run of the machine, until there will be none.
    func threadBody(_ gate: RunGate) {
        while gate.waitForRun(of: identifier) {
            execute(until: gate)
            gate.stand(identifier)
        }
    }

    private func execute(until gate: RunGate) {
        isExecuting.store(true, ordering: .sequentiallyConsistent)
        if state.pointee.needsPage { noteBlocked(true) }
        while !gate.isStopping {
            // Taken before looking for a reason to run on: whatever comes later ends the wait.
            let seen = inputs.wakeCount
            answerFences()
            if !management.isStarted, !beginIfAsked() {
                rest(after: seen, until: .never, unless: gate)
                continue
            }
            if paceOrders.areGiven, let end = restEnd() {
                sleep(after: seen, until: end, unless: gate)
                continue
            }
            if state.pointee.isWaiting, !endWaiting() {
                rest(after: seen, until: nextTimer(), unless: gate)
                continue
            }
            if state.pointee.needsPage, !endPageWait() {
                sleep(after: seen, until: pageWaitEnd, unless: gate)
                continue
            }
            if paceOrders.areGiven { runPacedSlice() } else { runSlice(HartLimits.sliceLength) }
        }
        // A hart that stands waits for nothing but the machine.
        if state.pointee.needsPage { noteBlocked(false) }
        isExecuting.store(false, ordering: .sequentiallyConsistent)
    }

    /// Sleeps as a hart that has nothing to do.
    private func rest(after seen: UInt64, until deadline: Nanoseconds, unless gate: RunGate) {
        gate.beginRest(of: identifier)
        environment.restWatch.begin()
        sleep(after: seen, until: deadline, unless: gate)
        environment.restWatch.end()
        gate.endRest(of: identifier)
    }

    /// Sleeps, unless the machine is to stand or another hart waits for an answer.
    private func sleep(after seen: UInt64, until deadline: Nanoseconds, unless gate: RunGate) {
        isExecuting.store(false, ordering: .sequentiallyConsistent)
        if !gate.isStopping, remoteFences.load(ordering: .sequentiallyConsistent) == 0 {
            inputs.wait(after: seen, until: deadline)
        }
        isExecuting.store(true, ordering: .sequentiallyConsistent)
    }

    /// Ends a wfi if an interrupt is pending that is enabled in mie, whether or not it will be taken.
    private func endWaiting() -> Bool {
        guard pendingInterrupts() & state.pointee.mie != 0 else { return false }
        state.pointee.isWaiting = false
        state.pointee.mustCheckInterrupts = true
        return true
    }

    /// The host's time at which the next timer interrupt among `interrupts` becomes pending.
    func nextTimer(of interrupts: UInt64 = InterruptBits.all) -> Nanoseconds {
        let s = state
        let enabled = s.pointee.mie & interrupts
        var ticks = UInt64.max
        if enabled & InterruptBits.mtip != 0 { ticks = inputs.timerCompare }
        let hasTimer = s.pointee.menvcfg & EnvironmentBits.supervisorTimer != 0
        if hasTimer, enabled & InterruptBits.stip != 0 { ticks = min(ticks, s.pointee.stimecmp) }
        return ticks == .max ? .never : environment.clock.hostTime(ofTicks: ticks)
    }

    /// Turns of the shortest slice: enough for one instruction that misses every table and crosses a page.
    private static let fewestTurns = 16

    /// Executes until about `length` instructions are retired, or the hart waits or is stopped.
    ///
    /// Traps count too, or a handler that itself faults would keep the hart here for ever.
    func runSlice(_ length: Int) {
        let s = state
        s.pointee.budget = length
        s.pointee.sliceStart = length
        s.pointee.mustCheckInterrupts = true
        s.pointee.beginsInScratch = false
        var turns = max(length, Self.fewestTurns)
        slice: while s.pointee.budget > 0, turns > 0, !s.pointee.needsPage {
            turns -= 1
            if s.pointee.mustCheckInterrupts { takeInterrupt() }
            switch interpret() {
            case .budget: break slice
            case .fetch: if !fillCode(s.pointee.pc) { takeException() }
            case .trap: takeException()
            case .crossing: if !prepareCrossing() { takeException() }
            case .system:
                if !executeSystem() {
                    s.pointee.budget += 1
                    takeException()
                }
                if s.pointee.isWaiting || !management.isStarted { break slice }
            }
        }
        s.pointee.retired &+= UInt64(truncatingIfNeeded: s.pointee.sliceStart - s.pointee.budget)
        s.pointee.sliceStart = s.pointee.budget
        publishedRetired.store(s.pointee.retired, ordering: .relaxed)
    }

    /// Runs on the calling thread, see `RISCVEngine.run`.
    func run(atMost limit: UInt64) -> UInt64 {
        let start = state.pointee.retired
        let slice = UInt64(HartLimits.sliceLength)
        // Slices that retire nothing count too.
        var slices = limit / slice + 1
        while slices > 0 {
            let seen = inputs.wakeCount
            answerFences()
            let done = state.pointee.retired &- start
            if done >= limit || !management.isStarted && !beginIfAsked() { break }
            if state.pointee.isWaiting, !endWaiting() {
                let timer = nextTimer()
                if timer == .never { break }
                inputs.wait(after: seen, until: timer)
                continue
            }
            if state.pointee.needsPage, !endPageWait() { break }
            slices -= 1
            runSlice(Int(min(slice, limit - done)))
        }
        return state.pointee.retired &- start
    }
}
