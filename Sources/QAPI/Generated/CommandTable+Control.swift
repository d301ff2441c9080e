// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let control: [CommandEntry] = [
        CommandEntry("query-version", run: queryVersion),
        CommandEntry("quit", run: quit),
    ]
}

extension CommandTable {
    private static func queryVersion(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryVersion().json
    }

    private static func quit(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.quit()
        return .object([:])
    }
}
