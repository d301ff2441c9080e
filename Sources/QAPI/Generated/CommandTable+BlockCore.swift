// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let blockCore: [CommandEntry] = [
        CommandEntry("query-block", run: queryBlock),
        CommandEntry("query-named-block-nodes", run: queryNamedBlockNodes),
        CommandEntry("query-blockstats", run: queryBlockstats),
        CommandEntry("query-block-jobs", run: queryBlockJobs),
    ]
}

extension CommandTable {
    private static func queryBlock(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryBlock().json
    }

    private static func queryNamedBlockNodes(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: Bool? = try reader.optional("flat")
        try reader.finish()
        return try await commands.queryNamedBlockNodes(flat: value0).json
    }

    private static func queryBlockstats(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: Bool? = try reader.optional("query-nodes")
        try reader.finish()
        return try await commands.queryBlockstats(queryNodes: value0).json
    }

    private static func queryBlockJobs(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryBlockJobs().json
    }
}
