import Environment
import Testing

@testable import MigrationCore

struct AutoConvergeTests {
    private let settings = AutoConverge.Settings(threshold: 50, initial: 20, increment: 10, maximum: 45)

    /// A period of a second in which a thousand pages were sent and `dirtied` dirtied.
    private struct Periods {
        var state = AutoConverge(now: .seconds(1), sent: 0)
        private var second: UInt64 = 1
        private var sent: UInt64 = 0

        mutating func pass(_ dirtied: Int, _ settings: AutoConverge.Settings?) -> Int {
            second += 1
            sent += 1000 * 4096
            _ = state.notePass(dirtied: dirtied, sent: sent, now: .seconds(second), settings: settings)
            return state.percentage
        }
    }

    @Test func everySecondPassThatDoesNotConvergeSlowsTheGuestUpToTheMaximum() {
        var periods = Periods()
        let steps = (0..<10).map { _ in periods.pass(600, settings) }
        #expect(steps == [0, 20, 20, 30, 30, 40, 40, 45, 45, 45])
    }

    @Test func aGuestThatConvergesIsLeftAlone() {
        var periods = Periods()
        #expect((0..<10).map { _ in periods.pass(500, settings) } == Array(repeating: 0, count: 10))
        #expect(periods.pass(501, settings) == 0)
        #expect(periods.pass(501, settings) == 20)
    }

    @Test func withoutTheCapabilityOnlyTheRateIsMeasured() {
        var periods = Periods()
        #expect((0..<4).map { _ in periods.pass(5000, nil) } == [0, 0, 0, 0])
        #expect(periods.state.dirtyPagesRate == 5000)
    }

    @Test func shortPassesAreJudgedTogether() {
        var state = AutoConverge(now: .zero, sent: 0)
        var ended: [Bool] = []
        for quarter in UInt64(1)...8 {
            ended.append(
                state.notePass(
                    dirtied: 200, sent: quarter * 250 * 4096, now: .milliseconds(quarter * 250), settings: settings))
        }
        #expect(ended == [false, false, false, true, false, false, false, true])
        #expect(state.dirtyPagesRate == 800)
        #expect(state.percentage == 20)
    }

    @Test func parametersCountAsTheyAreAtThePass() {
        var periods = Periods()
        var live = settings
        #expect([periods.pass(400, live), periods.pass(400, live)] == [0, 0])
        live.threshold = 30
        #expect([periods.pass(400, live), periods.pass(400, live)] == [0, 20])
        live.maximum = 22
        #expect([periods.pass(400, live), periods.pass(400, live)] == [20, 22])
    }

    @Test func aTailslowStepGoesNoFurtherThanNeeded() {
        var live = settings
        live.isTailslow = true
        live.maximum = 99
        var periods = Periods()
        _ = periods.pass(600, live)
        #expect(periods.pass(600, live) == 20)
        _ = periods.pass(520, live)
        // 80 of 100 run; 500 / 520 of that would do, which is 76.9: 77 would be too many.
        #expect(periods.pass(520, live) == 24)
        _ = periods.pass(5000, live)
        #expect(periods.pass(5000, live) == 34)
        // However little is missing, something is taken.
        _ = periods.pass(501, live)
        #expect(periods.pass(501, live) == 35)
    }

    @Test func theFirstStepGoesNoFurtherThanTheMaximum() {
        var live = settings
        live.maximum = 15
        var periods = Periods()
        _ = periods.pass(600, live)
        #expect(periods.pass(600, live) == 15)
    }

    @Test func aLowerMaximumCountsAtOnce() {
        var live = settings
        let source = SourceMachineTests.Source(bandwidth: 0)
        source.machine.tunables.downtimeLimit = 0
        source.machine.tunables.autoConverge = live
        #expect(source.play(to: .harvest))
        // A second after the one before, and far more was dirtied than sent.
        var sent: UInt64 = 50_000
        func pass() -> [SourceMachine.Action] {
            source.now = source.now + .seconds(1)
            sent += 50_000
            defer { _ = source.take(.sent(left: 0, bytes: sent, pages: 10)) }
            return source.take(.harvested(pages: 1000))
        }
        _ = pass()
        #expect(pass().contains(.throttle(20)))
        _ = pass()
        #expect(pass().contains(.throttle(30)))
        live.maximum = 25
        var tunables = source.machine.tunables
        tunables.autoConverge = live
        #expect(source.take(.tuned(tunables)) == [.throttle(25)])
        #expect(source.machine.throttlePercentage == 25)
        live.maximum = 99
        tunables.autoConverge = live
        #expect(source.take(.tuned(tunables)).isEmpty, "more is taken by passes alone")
    }
}
