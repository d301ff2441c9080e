// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let yank: [CommandEntry] = [
        CommandEntry("yank", allowsOutOfBand: true, run: yank),
        CommandEntry("query-yank", allowsOutOfBand: true, run: queryYank),
    ]
}

extension CommandTable {
    private static func yank(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: [YankInstance] = try reader.required("instances")
        try reader.finish()
        try await commands.yank(instances: value0)
        return .object([:])
    }

    private static func queryYank(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryYank().json
    }
}
