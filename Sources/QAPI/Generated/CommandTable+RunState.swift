// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let runState: [CommandEntry] = [CommandEntry("query-status", run: queryStatus)]
}

extension CommandTable {
    private static func queryStatus(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryStatus().json
    }
}
