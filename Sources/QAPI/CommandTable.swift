public import QMP

/// The commands of the schema, each with the function that reads its arguments and calls its method.
public enum CommandTable {
    /// The entries by name.
    public static let byName = Dictionary(
        entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}

/// A command of the schema.
public struct CommandEntry: Sendable {
    /// Reads the arguments, calls the method and turns its result into JSON.
    public typealias Run = @Sendable (any QMPCommands, JSONObject) async throws(CommandError) -> JSONValue

    /// The name on the wire.
    public let name: String
    /// Whether it may overtake commands that wait.
    public let allowsOutOfBand: Bool
    /// Runs it.
    public let run: Run

    init(_ name: String, allowsOutOfBand: Bool = false, run: @escaping Run) {
        self.name = name
        self.allowsOutOfBand = allowsOutOfBand
        self.run = run
    }
}
