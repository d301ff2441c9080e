import ArgumentParser

/// Writes what is generated from the schema.
@main
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qapigen", abstract: "Write the Swift code and the reference page of the management schema.")
}
