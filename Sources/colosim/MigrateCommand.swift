import ArgumentParser
import MigrationCore
import ProgramSupport
import Simulation

/// Runs simulated migrations.
struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Runs a migration over simulated channels, with both of its ends.")

    @OptionGroup var series: Series

    @Option(
        help: "Break a rule on purpose: \(BrokenMigrationRule.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: { text in
            guard let sabotage = BrokenMigrationRule(rawValue: text) else {
                throw ValidationError("unknown sabotage '\(text)'")
            }
            return sabotage
        })
    var sabotage: BrokenMigrationRule?

    func run() throws {
        var totals = (events: 0, pages: 0, postcopies: 0, pauses: 0)
        var endings: [String: Int] = [:]
        try series.run(of: "migrate \(sabotage?.rawValue ?? "none")") { seed in
            let settings = MigrationSettings(seed: seed, sabotage: sabotage, keepsTrace: series.trace)
            let result = simulateMigration(settings)
            totals.events += result.events
            totals.pages += result.pagesSent
            totals.postcopies += result.isPostcopy ? 1 : 0
            totals.pauses += result.pauses
            endings[result.ending, default: 0] += 1
            return Series.Outcome(violations: result.violations, line: line(result), trace: result.trace)
        } summary: {
            let told = endings.sorted { $0.value > $1.value }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            let postcopy = "\(totals.postcopies) in postcopy with \(totals.pauses) pauses"
            return "\(totals.events) events, \(totals.pages) pages, \(postcopy), \(told)"
        }
    }

    private func line(_ result: MigrationResult) -> String {
        let postcopy = result.isPostcopy ? "postcopy with \(result.pauses) pauses, " : ""
        return "\(result.settings.pages) pages, \(result.settings.faults) faults, \(result.events) events, "
            + "\(result.pagesSent) pages sent, \(postcopy)\(result.ending), "
            + "hash \(String(result.traceHash, radix: 16))"
    }
}
