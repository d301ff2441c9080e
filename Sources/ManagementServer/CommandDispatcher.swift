import QAPI
import QMP

/// Finds a request's command, checks its arguments, runs it and words the reply.
struct CommandDispatcher: Sendable {
    private let commands: any ManagementCommands
    private let entries: [String: CommandTable.Entry]
    private let builtIn: CommandTable.BuiltIn

    init(commands: any ManagementCommands, version: ServerVersion) {
        self.commands = commands
        let table = CommandTable.entries
        entries = Dictionary(table.map { ($0.schema.name, $0) }, uniquingKeysWith: { first, _ in first })
        builtIn = CommandTable.BuiltIn(version: version, names: table.map(\.schema.name) + ["qmp_capabilities"])
    }

    func run(_ request: Request) async -> JSONValue {
        do throws(CommandError) {
            guard let entry = entries[request.command] else { throw .commandNotFound(request.command) }
            if request.outOfBand && !entry.schema.allowsOutOfBand {
                throw .generic("The command \(request.command) does not support OOB")
            }
            try ArgumentChecker.check(request.arguments, against: entry.schema.arguments)
            return Reply.success(try await entry.run(commands, builtIn, request.arguments), id: request.id)
        } catch {
            return Reply.failure(error, id: request.id)
        }
    }
}
