import Environment
import MachineModel
import SystemCalls

/// Keeps the counting of dirtied pages on while somebody needs it, and rearms it once a second: what was dirtied in a
/// second is known at its end.
///
/// Threads: every method may be called from any thread. One thread of its own exists while counting is on.
final class DirtyCounting: Sendable {
    /// How often every page counts again.
    static let period = Nanoseconds.seconds(1)

    private struct State {
        var users = 0
        /// The number of this time of counting; its thread ends when the number changes.
        var run: UInt64 = 0
        var isEnded = false
        var periodStart = Nanoseconds.zero
        var periodEnd = Nanoseconds.never
        /// Periods that ended.
        var periods: UInt64 = 0
        /// When the last one ended, and the counts then.
        var endedAt = Nanoseconds.zero
        var counts: [UInt64] = []
        var rates: [Int64] = []
    }

    private let meter: any VCPUDirtyMeter
    private let clock = SystemClock()
    private let state = ThreadGate(State())

    init(meter: any VCPUDirtyMeter) { self.meter = meter }

    /// Switches counting on, or keeps it on for one more user.
    func begin() throws(SystemError) {
        try state.withLock { (state: inout State) throws(SystemError) in
            if state.users == 0, !state.isEnded {
                state.run += 1
                let run = state.run
                startPeriod(&state)
                state.rates = state.counts.map { _ in 0 }
                meter.startCounting()
                do throws(SystemError) {
                    _ = try Thread(name: "dirty counting") { [self] in work(run) }
                } catch {
                    meter.stopCounting()
                    throw error
                }
            }
            state.users += 1
        }
    }

    /// A user has gone; without any counting is switched off.
    func end() {
        state.withLock { state in
            state.users -= 1
            if state.users == 0 { stop(&state) }
        }
    }

    /// Switches counting off for good.
    func shutDown() {
        state.withLock { state in
            state.isEnded = true
            stop(&state)
        }
    }

    /// What each vCPU dirtied in the last full second, in MB/s.
    var rates: [Int64] { state.withLock(notify: false) { $0.rates } }

    /// Counts for `seconds` from now on. Nil if it was shut down meanwhile. Only between `begin` and `end`.
    func count(seconds: UInt64) -> (pages: [UInt64], duration: Nanoseconds)? {
        let (start, before, last) = state.withLock { state in
            // A period of its own, so that the last one ends with the measurement.
            startPeriod(&state)
            meter.rearm()
            return (state.periodStart, state.counts, state.periods + seconds)
        }
        // `work` ends every period in time, and shutting down ends the wait.
        return state.wait { state -> (pages: [UInt64], duration: Nanoseconds)?? in
            if state.isEnded { return .some(nil) }
            guard state.periods >= last else { return nil }
            return (zip(state.counts, before).map { $0 &- $1 }, state.endedAt - start)
        } ?? nil
    }

    // MARK: The thread

    private func work(_ run: UInt64) {
        while true {
            let end = state.withLock(notify: false) { $0.run == run ? $0.periodEnd : nil }
            guard let end else { return }
            let changed = state.wait(until: end) { $0.run != run || $0.periodEnd != end ? true : nil }
            if changed == nil { endPeriod(run, planned: end) }
        }
    }

    /// Ends the period whose end was `planned`; nothing happens if a measurement has begun one of its own meanwhile.
    func endPeriod(_ run: UInt64, planned: Nanoseconds) {
        state.withLock { state in
            guard state.run == run, state.periodEnd == planned else { return }
            let before = state.counts
            let start = state.periodStart
            state.endedAt = clock.now()
            startPeriod(&state)
            state.rates = zip(state.counts, before).map { count, before in
                MegabyteRate.of(pages: count &- before, in: state.endedAt - start)
            }
            // The next one ends in time even if this one did not.
            if planned + Self.period > state.periodStart { state.periodEnd = planned + Self.period }
            state.periods += 1
            meter.rearm()
        }
    }

    private func startPeriod(_ state: inout State) {
        state.periodStart = clock.now()
        state.periodEnd = state.periodStart + Self.period
        state.counts = meter.dirtiedPages
    }

    private func stop(_ state: inout State) {
        state.run += 1
        state.rates = []
        meter.stopCounting()
    }
}
