import ArgumentParser
import ProgramSupport
import Simulation

/// Runs simulated pairs and reports what the checkers found.
@main
struct Colosim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "colosim",
        abstract: "Runs a pair over simulated links, hosts and arbiters; one seed decides one run.",
        discussion: "Exits with 1 and names the seed if an invariant was violated.",
        version: ProgramSupport.versionLine("colosim"))

    static func main() {
        StandardOutput.checkAtExit()
        main(nil)
    }

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "How many seeds to run, one after the other.")
    var runs: UInt64 = 1

    @Flag(help: "Print what happened.")
    var trace = false

    @Flag(help: "Go on after a failing seed, and print only a line for each.")
    var keepGoing = false

    @Option(
        help: "Break a rule on purpose: \(Sabotage.allCases.map(\.rawValue).joined(separator: ", ")).",
        transform: { text in
            guard let sabotage = Sabotage(rawValue: text) else { throw ValidationError("unknown sabotage '\(text)'") }
            return sabotage
        })
    var sabotage: Sabotage?

    @Option(
        help: """
            Remember in this file how far the runs are, and go on from there when called again with the same seed, runs \
            and sabotage.
            """)
    var state: String?

    func run() throws {
        var failures = 0
        var totals = (events: 0, releases: 0, losses: 0, terms: UInt64(0))
        var done: UInt64 = 0
        let progress = state.map { Progress(file: $0, run: "\(seed) \(runs) \(sabotage?.rawValue ?? "none")") }
        let before = progress?.read() ?? (done: 0, failures: 0)
        if before.done > 0 { print("going on after \(before.done) of \(runs) seeds") }
        let start = ContinuousClock.now
        for offset in before.done..<max(before.done, runs) {
            let settings = Settings(seed: seed &+ offset, sabotage: sabotage, keepsTrace: trace)
            let result = simulate(settings)
            done += 1
            totals.events += result.events
            totals.releases += result.releases
            totals.losses += result.unavoidableLosses
            totals.terms += result.terms
            if trace { for line in result.trace { print(line) } }
            if runs == 1 || !result.violations.isEmpty { describe(result) }
            if !result.violations.isEmpty { failures += 1 }
            if done % 500 == 0 || !result.violations.isEmpty {
                try progress?.write(done: before.done + done, failures: before.failures + failures)
            }
            if failures > 0, !keepGoing { break }
        }
        try progress?.write(done: before.done + done, failures: before.failures + failures)
        failures += before.failures
        if runs > 1 {
            let seconds = Double((ContinuousClock.now - start).components.seconds)
            print(
                "\(before.done + done) runs from seed \(seed): \(failures) failed; in this call \(done) with"
                    + " \(totals.events) events, "
                    + "\(totals.releases) outputs, \(totals.terms) terms, \(totals.losses) unavoidable losses, "
                    + "\(Int(Double(done) / max(seconds, 1))) seeds a second")
        }
        if failures > 0 { throw ExitCode(1) }
    }

    private func describe(_ result: RunResult) {
        let settings = result.settings
        print(
            "seed \(settings.seed): arbiter \(settings.arbiter.rawValue), \(settings.failover), "
                + "\(settings.faults) \(settings.isSpaced ? "spaced" : "overlapping") faults, "
                + "\(result.events) events, \(result.releases) outputs, term \(result.terms), \(result.duration), "
                + "hash \(String(result.traceHash, radix: 16))")
        for violation in result.violations { print("  violated \(violation)") }
    }
}
