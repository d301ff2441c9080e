import ArgumentParser
import ProgramSupport

/// Runs simulated pairs and migrations, and reports what the checkers found.
@main
struct Colosim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "colosim",
        abstract: "Runs pairs and migrations over simulated links and hosts; one seed decides one run.",
        discussion: "Exits with 1 and names the seed if an invariant was violated.",
        version: ProgramSupport.versionLine("colosim"),
        subcommands: [PairCommand.self, MigrateCommand.self], defaultSubcommand: PairCommand.self)

    static func main() {
        StandardOutput.checkAtExit()
        main(nil)
    }
}
