import MigrationCore
import Simulation
import Testing

@Suite struct MigrationSimulationTests {
    /// A few hundred seeds at each test run; `colosim migrate --runs` does as many as anybody likes.
    @Test(arguments: 0..<4)
    func noSeedViolatesAnInvariant(_ block: UInt64) {
        for seed in block * 100 + 1...block * 100 + 100 {
            #expect(simulateMigration(MigrationSettings(seed: seed)).violations == [], "seed \(seed)")
        }
    }

    @Test func oneSeedIsOneRun() {
        for seed in [3, 4, 5] as [UInt64] {
            let once = simulateMigration(MigrationSettings(seed: seed, keepsTrace: true))
            let again = simulateMigration(MigrationSettings(seed: seed, keepsTrace: true))
            #expect(once.traceHash == again.traceHash)
            #expect(once.trace == again.trace)
        }
        let (three, four) = (MigrationSettings(seed: 3), MigrationSettings(seed: 4))
        #expect(simulateMigration(three).traceHash != simulateMigration(four).traceHash)
    }

    @Test func everyEndingComesAbout() {
        let seeds: ClosedRange<UInt64> = 1...400
        let endings = Set(seeds.map { simulateMigration(MigrationSettings(seed: $0)).ending })
        for ending in ["completed/completed", "failed/failed", "cancelled/failed", "completed/failed"] {
            #expect(endings.contains(ending))
        }
    }

    /// Guests get through over data channels, too, in each number of them.
    @Test func dataChannelsComplete() {
        var completed: [Int: Int] = [:]
        for seed in 1...400 as ClosedRange<UInt64> {
            let result = simulateMigration(MigrationSettings(seed: seed))
            if result.ending == "completed/completed" { completed[result.settings.dataChannels, default: 0] += 1 }
        }
        for channels in 0...4 { #expect(completed[channels, default: 0] > 10, "\(channels): \(completed)") }
    }

    /// Guests move before their memory has, too, and pauses on the way are recovered from.
    @Test func postcopiesCompleteWithPausesAndWithout() {
        var (straight, recovered) = (0, 0)
        for seed in 1...400 as ClosedRange<UInt64> {
            let result = simulateMigration(MigrationSettings(seed: seed))
            guard result.isPostcopy, result.ending == "completed/completed" else { continue }
            if result.pauses == 0 { straight += 1 } else { recovered += 1 }
        }
        #expect(straight > 20)
        #expect(recovered > 4)
    }

    /// The checkers are worth something only if they see a broken rule.
    @Test(arguments: BrokenMigrationRule.allCases)
    func aBrokenRuleIsNoticed(_ sabotage: BrokenMigrationRule) {
        let noticed = (1...4000 as ClosedRange<UInt64>).contains { seed in
            !simulateMigration(MigrationSettings(seed: seed, sabotage: sabotage)).violations.isEmpty
        }
        #expect(noticed)
    }
}
