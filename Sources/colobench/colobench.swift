import ArgumentParser
import ProgramSupport

/// Measures this machine with colod's engine and pairs, and runs the demo. Every subcommand takes `--json` and then
/// prints one object with stable keys and the machine's core count.
@main
struct Program: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "colobench", abstract: "Measures colod on this machine.",
        version: ProgramSupport.versionLine("colobench"),
        subcommands: [
            Demo.self, Boot.self, Failover.self, ProtectionBenchmark.self, Checkpoint.self, MIPSCommand.self,
            QMPBenchmark.self,
            DirtyLimitCommand.self, MigrateBenchmark.self, MigrateGuestBenchmark.self,
            PostcopyBenchmark.self, RISCVTestCommand.self,
        ])

    static func main() {
        StandardOutput.checkAtExit()
        main(nil)
    }
}
