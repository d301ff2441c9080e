// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let machine: [CommandEntry] = [
        CommandEntry("query-cpus-fast", run: queryCpusFast),
        CommandEntry("query-machines", run: queryMachines),
        CommandEntry("query-target", run: queryTarget),
        CommandEntry("query-uuid", run: queryUuid),
        CommandEntry("query-kvm", run: queryKvm),
        CommandEntry("system_reset", run: systemReset),
        CommandEntry("system_powerdown", run: systemPowerdown),
        CommandEntry("system_wakeup", run: systemWakeup),
        CommandEntry("query-memdev", run: queryMemdev),
        CommandEntry("query-memory-size-summary", run: queryMemorySizeSummary),
        CommandEntry("query-balloon", run: queryBalloon),
    ]
}

extension CommandTable {
    private static func queryCpusFast(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryCpusFast().json
    }

    private static func queryMachines(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryMachines().json
    }

    private static func queryTarget(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryTarget().json
    }

    private static func queryUuid(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryUuid().json
    }

    private static func queryKvm(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryKvm().json
    }

    private static func systemReset(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.systemReset()
        return .object([:])
    }

    private static func systemPowerdown(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.systemPowerdown()
        return .object([:])
    }

    private static func systemWakeup(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.systemWakeup()
        return .object([:])
    }

    private static func queryMemdev(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryMemdev().json
    }

    private static func queryMemorySizeSummary(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryMemorySizeSummary().json
    }

    private static func queryBalloon(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryBalloon().json
    }
}
