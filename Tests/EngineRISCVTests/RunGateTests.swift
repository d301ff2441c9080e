import Environment
import Synchronization
import SystemCalls
import Testing

@testable import EngineRISCV

/// How harts run, stand and rest together, without harts.
struct RunGateTests {
    private let soon = Nanoseconds.milliseconds(50)

    private func deadline() -> Nanoseconds { SystemClock().now() + soon }

    /// A gate whose harts run.
    private func runningGate(_ count: Int) -> RunGate {
        let gate = RunGate(hartCount: count)
        gate.resume()
        return gate
    }

    @Test func aHartThatRestsStandsForALookWithoutBeingWoken() {
        let gate = runningGate(2)
        for hart in 0..<2 { gate.beginRest(of: hart) }
        #expect(gate.pause(until: deadline(), lettingRest: true) { Issue.record("hart \($0) was woken") } == [])
        gate.resume()
        #expect(!gate.isStopping)
        for hart in 0..<2 { gate.endRest(of: hart) }
        #expect(gate.waitForRun(of: 0) && gate.waitForRun(of: 1))
    }

    /// Whoever changes something of a hart has it stand by itself.
    @Test func aHartThatRestsIsWokenForAPauseOfAnotherKind() {
        let gate = runningGate(1)
        gate.beginRest(of: 0)
        var woken: [Int] = []
        #expect(gate.pause(until: deadline()) { woken.append($0) } == [0], "it did not leave its rest")
        #expect(woken == [0])
        #expect(gate.pause(until: deadline()) { gate.endRest(of: $0) } == [])
    }

    /// One that is woken by an interrupt in the middle of a look takes no step before it may run.
    @Test func aRestThatEndsDuringALookLeavesTheHartStanding() throws {
        let gate = runningGate(1)
        gate.beginRest(of: 0)
        #expect(gate.pause(until: deadline(), lettingRest: true) { _ in } == [])
        gate.endRest(of: 0)
        let ran = ThreadGate(false)
        let hart = try Thread(name: "hart") {
            _ = gate.waitForRun(of: 0)
            ran.withLock { $0 = true }
        }
        #expect(ran.wait(until: deadline()) { $0 ? true : nil } == nil, "it ran while it was looked at")
        gate.resume()
        hart.join()
        #expect(ran.withLock { $0 })
    }

    /// A busy hart is woken and waited for, and one that does not come is named.
    @Test func aBusyHartIsWokenForALook() {
        let gate = runningGate(2)
        gate.beginRest(of: 0)
        var woken: [Int] = []
        #expect(gate.pause(until: deadline(), lettingRest: true) { woken.append($0) } == [1])
        #expect(woken == [1] && !gate.isStopping, "a pause that one keeps from happening is withdrawn")
    }

    @Test func theMomentInWhichAllRestIsToldOnce() {
        let watch = RestWatch(hartCount: 2)
        let told = Atomic<Int>(0)
        func times() -> Int { told.load(ordering: .relaxed) }
        watch.begin()
        watch.begin()
        #expect(times() == 0, "nobody asked")
        watch.watch { told.add(1, ordering: .relaxed) }
        #expect(times() == 1, "they rest already")
        watch.end()
        watch.watch { told.add(1, ordering: .relaxed) }
        #expect(times() == 1)
        watch.begin()
        watch.end()
        watch.begin()
        #expect(times() == 2)
    }
}
