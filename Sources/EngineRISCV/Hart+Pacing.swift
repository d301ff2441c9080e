import Environment
import Synchronization
import SystemCalls

// Running slower than it could: the throttle, and the limit of dirtied pages. While neither is ordered a hart looks at
// two atomic words a slice.
extension Hart {
    /// Until when this hart has to rest; nil if it may run.
    func restEnd() -> Nanoseconds? {
        pace.restEnd(throttle: paceOrders.throttle, dirtyLimit: paceOrders.dirtyLimit, now: SystemClock().now())
    }

    /// A slice whose length in time counts.
    func runPacedSlice() {
        let start = SystemClock().now()
        runSlice(HartLimits.sliceLength)
        pace.noteRun(throttle: paceOrders.throttle, from: start, to: SystemClock().now())
    }

    /// Counts a page that was clean until this hart's present store. With the limit reached the slice ends at the next
    /// jump, and the hart rests before its next one.
    @inline(never)
    func countDirtied() {
        // This hart alone writes the count.
        dirtiedPages.store(dirtiedPages.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        let limit = paceOrders.dirtyLimit
        if limit != 0, pace.noteDirtied(limit: limit, now: SystemClock().now()) { endSlice() }
    }

    /// Both ends of the slice move: what was retired stays the same.
    private func endSlice() {
        let s = state
        guard s.pointee.budget > 0 else { return }
        s.pointee.sliceStart -= s.pointee.budget
        s.pointee.budget = 0
    }
}
