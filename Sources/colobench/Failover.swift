import ArgumentParser
import Environment
import PairLab
import QMP

/// Kills primaries under load and measures how long clients wait for their next answer.
struct Failover: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "SIGKILL of the primary under Redis load: time to the first answer, writes lost.")

    @OptionGroup var output: OutputOptions
    @OptionGroup var lab: LabOptions

    @Option(help: "How many pairs lose their primary.")
    var runs = 20

    @Option(help: "Decides the moments of the kills.")
    var seed: UInt64 = 1

    func validate() throws {
        guard (1...1000).contains(runs) else { throw ValidationError("--runs must be 1 to 1000") }
    }

    func run() throws {
        try endCleanlyWhenInterrupted()
        if let reason = PairNetwork.missingRights { throw LabError(reason) }
        let configuration = try lab.pairConfiguration()
        var generator = SeededGenerator(seed: seed)
        var answers: [Double] = []
        var acknowledged = 0
        var lost = 0
        for run in 1...runs {
            let pair = try ProtectedPair(configuration, program: lab.colod)
            try pair.startAndProtect()
            let load = try pair.startLoad()
            let result = try pair.killPrimaryUnderLoad(
                load, after: .milliseconds(Int.random(in: 0...700, using: &generator)))
            answers.append(result.firstAnswer)
            acknowledged += result.load.acknowledged
            lost += result.lost.count
            if !output.json {
                print(
                    "run \(run): first answer after \(decimal(result.firstAnswer, 0)) ms, "
                        + "\(result.load.acknowledged) writes acknowledged, \(result.lost.count) lost, "
                        + "\(result.load.failures.count) connections lost")
            }
        }
        let spread = Spread(answers)
        output.print(
            [
                "runs": JSONValue(runs), "first_answer_ms": spread.json, "acknowledged": JSONValue(acknowledged),
                "lost": JSONValue(lost),
            ],
            text: "first answer: median \(decimal(spread.median, 0)) ms, p99 \(decimal(spread.p99, 0)) ms, "
                + "max \(decimal(spread.max, 0)) ms; \(acknowledged) writes acknowledged, \(lost) lost")
        if lost > 0 { throw ExitCode.failure }
    }
}
