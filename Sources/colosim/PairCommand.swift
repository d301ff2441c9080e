import ArgumentParser
import ProgramSupport
import Simulation

/// Runs simulated pairs.
struct PairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pair", abstract: "Runs a pair over simulated links, hosts and arbiters (the default).")

    @OptionGroup var series: Series

    @Option(
        help: "Break a rule on purpose: \(Sabotage.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: { text in
            guard let sabotage = Sabotage(rawValue: text) else { throw ValidationError("unknown sabotage '\(text)'") }
            return sabotage
        })
    var sabotage: Sabotage?

    func run() throws {
        var totals = (events: 0, releases: 0, losses: 0, terms: UInt64(0))
        try series.run(of: sabotage?.rawValue ?? "none") { seed in
            let result = simulate(Settings(seed: seed, sabotage: sabotage, keepsTrace: series.trace))
            totals.events += result.events
            totals.releases += result.releases
            totals.losses += result.unavoidableLosses
            totals.terms += result.terms
            return Series.Outcome(violations: result.violations, line: line(result), trace: result.trace)
        } summary: {
            "\(totals.events) events, \(totals.releases) outputs, \(totals.terms) terms, "
                + "\(totals.losses) unavoidable losses"
        }
    }

    private func line(_ result: RunResult) -> String {
        let settings = result.settings
        return "arbiter \(settings.arbiter.rawValue), \(settings.failover), "
            + "\(settings.faults) \(settings.isSpaced ? "spaced" : "overlapping") faults, "
            + "\(result.events) events, \(result.releases) outputs, term \(result.terms), \(result.duration), "
            + "hash \(String(result.traceHash, radix: 16))"
    }
}
