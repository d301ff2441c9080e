import Environment
import ReplicationCore
import Simulation
import Testing

@Suite struct SimulationTests {
    /// A few hundred seeds at each test run; `colosim --runs` does as many as anybody likes.
    @Test(arguments: 0..<8)
    func noSeedViolatesAnInvariant(_ block: UInt64) {
        for seed in block * 50 + 1...block * 50 + 50 {
            let result = simulate(Settings(seed: seed))
            #expect(result.violations == [], "seed \(seed)")
            #expect(result.releases > 0, "seed \(seed)")
        }
    }

    @Test func oneSeedIsOneRun() {
        for seed in [3, 4, 5] as [UInt64] {
            let once = simulate(Settings(seed: seed, keepsTrace: true))
            let again = simulate(Settings(seed: seed, keepsTrace: true))
            #expect(once.traceHash == again.traceHash)
            #expect(once.trace == again.trace)
        }
        #expect(simulate(Settings(seed: 3)).traceHash != simulate(Settings(seed: 4)).traceHash)
    }

    @Test func theServiceChangesHandsInMostRuns() {
        let terms = (1...60 as ClosedRange<UInt64>).map { simulate(Settings(seed: $0)).terms }
        #expect(terms.count(where: { $0 > 1 }) > 30)
    }

    /// The checkers are worth something only if they see a broken rule.
    @Test(arguments: Sabotage.allCases)
    func aBrokenRuleIsNoticed(_ sabotage: Sabotage) {
        let noticed = (1...1000 as ClosedRange<UInt64>).contains { seed in
            !simulate(Settings(seed: seed, sabotage: sabotage)).violations.isEmpty
        }
        #expect(noticed)
    }

    // Seeds that fail as soon as one rule is taken away.

    /// A side that was fenced during a cut and restarts would ask to boot afresh, and so fence the side that took over.
    @Test(arguments: [612, 628, 875] as [UInt64])
    func aFencedSideThatRestartsDoesNotFenceItsSuccessor(_ seed: UInt64) {
        #expect(simulate(Settings(seed: seed)).violations == [])
    }

    /// The secondary would grant the primary's claim, and then the arbiter that it had asked fences the primary.
    @Test func nothingIsGrantedWhileTheArbiterIsAsked() {
        #expect(simulate(Settings(seed: 1669)).violations == [])
    }

    /// A frozen side would decide, as soon as it wakes, that its peer has been silent for too long.
    @Test(arguments: [7, 12, 20] as [UInt64])
    func whoWakesListensBeforeItDecides(_ seed: UInt64) {
        #expect(simulate(Settings(seed: seed)).violations == [])
    }
}
