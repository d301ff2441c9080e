import ArgumentParser
import QMP

/// `coloctl qmp`.
struct QMPCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qmp", abstract: "Run any QMP command and print what it returns.",
        discussion: """
            Examples:
              coloctl qmp query-migrate
              coloctl qmp migrate-set-parameters '{"x-checkpoint-delay": 50}'
              coloctl qmp --oob migrate-pause
            """)

    @OptionGroup var options: ConnectionOptions
    @Flag(help: "Overtake commands that wait or run; for those that allow it.") var oob = false
    @Argument(help: "The command's name; query-commands lists them all.") var command: String
    @Argument(help: ArgumentHelp("Its arguments, as a JSON object.", valueName: "json")) var arguments = "{}"

    func run() throws {
        let value: JSONValue
        do throws(JSONError) { value = try JSONStreamParser.parse(arguments) } catch {
            throw ValidationError("the arguments are not JSON: \(error.description)")
        }
        guard let object = value.object else { throw ValidationError("the arguments must be a JSON object") }
        let connection = try options.connect(outOfBand: oob)
        try say(try connection.run(command, object, outOfBand: oob).shown(pretty: true))
    }
}
