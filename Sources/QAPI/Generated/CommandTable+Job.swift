// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let job: [CommandEntry] = [
        CommandEntry("job-pause", run: jobPause),
        CommandEntry("job-resume", run: jobResume),
        CommandEntry("job-cancel", run: jobCancel),
        CommandEntry("job-complete", run: jobComplete),
        CommandEntry("job-dismiss", run: jobDismiss),
        CommandEntry("job-finalize", run: jobFinalize),
        CommandEntry("query-jobs", run: queryJobs),
    ]
}

extension CommandTable {
    private static func jobPause(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("id")
        try reader.finish()
        try await commands.jobPause(id: value0)
        return .object([:])
    }

    private static func jobResume(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("id")
        try reader.finish()
        try await commands.jobResume(id: value0)
        return .object([:])
    }

    private static func jobCancel(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("id")
        try reader.finish()
        try await commands.jobCancel(id: value0)
        return .object([:])
    }

    private static func jobComplete(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("id")
        try reader.finish()
        try await commands.jobComplete(id: value0)
        return .object([:])
    }

    private static func jobDismiss(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("id")
        try reader.finish()
        try await commands.jobDismiss(id: value0)
        return .object([:])
    }

    private static func jobFinalize(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("id")
        try reader.finish()
        try await commands.jobFinalize(id: value0)
        return .object([:])
    }

    private static func queryJobs(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        try reader.finish()
        return try await commands.queryJobs().json
    }
}
