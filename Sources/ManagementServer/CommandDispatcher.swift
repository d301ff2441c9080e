import QAPI
import QMP

/// Finds a request's command, has its arguments read, runs it and words the reply.
struct CommandDispatcher: Sendable {
    private let commands: any QMPCommands

    init(commands: any QMPCommands) { self.commands = commands }

    func run(_ request: Request) async -> JSONValue {
        do throws(CommandError) {
            return Reply.success(try await result(of: request), id: request.id)
        } catch {
            return Reply.failure(error, id: request.id)
        }
    }

    private func result(of request: Request) async throws(CommandError) -> JSONValue {
        if let entry = CommandTable.byName[request.command] {
            if request.outOfBand && !entry.allowsOutOfBand { throw .noOutOfBand(request.command) }
            return try await entry.run(commands, request.arguments)
        }
        guard CommandTable.builtIn.contains(request.command) else { throw .commandNotFound(request.command) }
        if request.outOfBand { throw .noOutOfBand(request.command) }
        var reader = ArgumentReader(request.arguments)
        try reader.finish()
        switch request.command {
        case "query-qmp-schema": return Introspection.reply
        case "query-commands":
            let names = CommandTable.entries.map(\.name) + CommandTable.builtIn
            return names.map { CommandInfo(name: $0) }.json
        default: throw .commandNotFound(request.command)
        }
    }
}

extension CommandError {
    fileprivate static func noOutOfBand(_ command: String) -> CommandError {
        .generic("The command \(command) does not support OOB")
    }
}
