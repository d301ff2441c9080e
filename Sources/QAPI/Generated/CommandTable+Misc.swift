// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let misc: [CommandEntry] = [
        CommandEntry("query-name", run: queryName),
        CommandEntry("query-iothreads", run: queryIothreads),
        CommandEntry("stop", run: stop),
        CommandEntry("cont", run: cont),
        CommandEntry("human-monitor-command", run: humanMonitorCommand),
        CommandEntry("getfd", run: getfd),
        CommandEntry("closefd", run: closefd),
    ]
}

extension CommandTable {
    private static func queryName(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryName().json
    }

    private static func queryIothreads(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryIothreads().json
    }

    private static func stop(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.stop()
        return .object([:])
    }

    private static func cont(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.cont()
        return .object([:])
    }

    private static func humanMonitorCommand(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("command-line")
        let value1: Int64? = try reader.optional("cpu-index")
        try reader.finish()
        return try await commands.humanMonitorCommand(commandLine: value0, cpuIndex: value1).json
    }

    private static func getfd(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("fdname")
        try reader.finish()
        try await commands.getfd(fdname: value0)
        return .object([:])
    }

    private static func closefd(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("fdname")
        try reader.finish()
        try await commands.closefd(fdname: value0)
        return .object([:])
    }
}
