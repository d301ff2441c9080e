import ArgumentParser

/// Which seeds are run, and what is printed of them.
struct Series: ParsableArguments {
    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "How many seeds to run, one after the other.")
    var runs: UInt64 = 1

    @Flag(help: "Print what happened.")
    var trace = false

    @Flag(help: "Go on after a failing seed, and print only a line for each.")
    var keepGoing = false

    @Option(
        help: """
            Remember in this file how far the runs are, and go on from there when called again with the same seed, runs \
            and sabotage.
            """)
    var state: String?

    /// What one seed gave.
    struct Outcome {
        var violations: [String]
        /// The line that describes the run.
        var line: String
        var trace: [String]
    }

    /// Runs all seeds; `summary` tells what they added up to, for the last line. Throws if one of them failed.
    func run(of kind: String, _ body: (UInt64) -> Outcome, summary: () -> String) throws {
        var failures = 0
        var done: UInt64 = 0
        let progress = state.map { Progress(file: $0, run: "\(seed) \(runs) \(kind)") }
        let before = progress?.read() ?? (done: 0, failures: 0)
        if before.done > 0 { print("going on after \(before.done) of \(runs) seeds") }
        let start = ContinuousClock.now
        for offset in before.done..<max(before.done, runs) {
            let outcome = body(seed &+ offset)
            done += 1
            for line in outcome.trace { print(line) }
            let isFailure = !outcome.violations.isEmpty
            if runs == 1 || isFailure {
                print("seed \(seed &+ offset): \(outcome.line)")
                for violation in outcome.violations { print("  violated \(violation)") }
            }
            if isFailure { failures += 1 }
            if done % 500 == 0 || isFailure {
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
                    + " \(summary()), \(Int(Double(done) / max(seconds, 1))) seeds a second")
        }
        if failures > 0 { throw ExitCode(1) }
    }
}
