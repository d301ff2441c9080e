import ArgumentParser
import ProgramSupport

/// The operator's tool: asks the colod of one guest over its QMP socket and says what it means.
@main
struct Coloctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coloctl",
        abstract: "Watch and steer the colod of one guest.",
        discussion: """
            Finds colod's QMP socket by --socket, by --name (/run/colod/NAME.qmp), by the environment variable \
            COLOD_QMP, or because there is only one in /run/colod.

            Examples:
              coloctl status --name web
              coloctl drill --name web
              coloctl qmp migrate-set-parameters '{"x-checkpoint-delay": 50}'
              coloctl check --name web        as a monitoring plugin: exit status 0, 1, 2 or 3
              coloctl stream FILE             what is in a recorded migration stream; needs no colod
              coloctl tls ca DIR              certificates and keys for migrations over TLS; needs no colod
            """,
        version: ProgramSupport.versionLine("coloctl"),
        subcommands: [
            StatusCommand.self, EventsCommand.self, FailoverCommand.self, StartCommand.self, DrillCommand.self,
            ReloadKeysCommand.self, QMPCommand.self, CheckCommand.self, StreamFileCommand.self, TLSCommand.self,
        ])

    static func main() {
        StandardOutput.checkAtExit()
        main(nil)
    }
}
