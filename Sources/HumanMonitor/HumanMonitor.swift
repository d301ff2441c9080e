// HumanMonitor: the line-oriented monitor for people, behind the command `human-monitor-command`.
//
// Each of its commands is a few calls of the management commands (`QMPCommands`) and a text made of their answers; it
// knows nothing that they do not tell. A mistake is part of the text, never an error of the call. `HumanLine` cuts a line
// into words, `HumanCommand` says what a command takes, `HumanCommands` lists them all, `HumanText` lays out answers. Lines
// end with CR LF.
public import QAPI

/// Runs lines of the monitor for people.
public struct HumanMonitor: Sendable {
    /// The longest line in bytes.
    public static let maximumLineLength = 64 << 10

    private let commands: any QMPCommands

    /// A monitor that does what `commands` do.
    public init(_ commands: any QMPCommands) { self.commands = commands }

    /// Runs `line` and returns what is to be shown.
    public func run(_ line: String) async -> String {
        guard line.utf8.count <= Self.maximumLineLength else { return "The line is too long\r\n" }
        return await answer(line).split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
    }

    /// What a line comes to.
    enum Plan {
        case say(String)
        case run(HumanCommand, HumanArguments)
    }

    private func answer(_ line: String) async -> String {
        switch Self.plan(line) {
        case .say(let text): return text
        case .run(let command, let arguments):
            do { return try await command.run(arguments, commands) } catch { return "Error: \(error)\n" }
        }
    }

    static func plan(_ line: String) -> Plan {
        var rest = HumanLine(line)
        guard let name = rest.takeName() else { return .say("") }
        guard var command = HumanCommands.find(name, in: HumanCommands.all) else { return .say(unknown(name)) }
        var title = name
        if command.isInfo, let topic = rest.takeName() {
            title = "\(name) \(topic)"
            guard let subcommand = HumanCommands.find(topic, in: HumanCommands.info) else {
                return .say(unknown(title))
            }
            command = subcommand
        }
        switch command.parse(&rest) {
        case .success(let arguments): return .run(command, arguments)
        // Nothing is said of a quotation that does not end.
        case .failure(.openQuotation): return .say("")
        case .failure(let mistake): return .say("\(mistake)\nTry \"help \(title)\" for more information\n")
        }
    }

    private static func unknown(_ name: String) -> String { "unknown command: '\(name)'\n" }
}
