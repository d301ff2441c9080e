// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let char: [CommandEntry] = [CommandEntry("query-chardev", run: queryChardev)]
}

extension CommandTable {
    private static func queryChardev(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryChardev().json
    }
}
