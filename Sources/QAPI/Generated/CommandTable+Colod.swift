// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let colod: [CommandEntry] = [
        CommandEntry("x-colod-status", run: xColodStatus),
        CommandEntry("x-colod-pauses", run: xColodPauses),
        CommandEntry("x-colod-failover", run: xColodFailover),
        CommandEntry("x-colod-start", run: xColodStart),
        CommandEntry("x-colod-reload-keys", run: xColodReloadKeys),
        CommandEntry("x-colod-drill", run: xColodDrill),
    ]
}

extension CommandTable {
    private static func xColodStatus(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.xColodStatus().json
    }

    private static func xColodPauses(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.xColodPauses().json
    }

    private static func xColodFailover(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.xColodFailover()
        return .object([:])
    }

    private static func xColodStart(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        try await commands.xColodStart()
        return .object([:])
    }

    private static func xColodReloadKeys(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.xColodReloadKeys().json
    }

    private static func xColodDrill(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.xColodDrill().json
    }
}
