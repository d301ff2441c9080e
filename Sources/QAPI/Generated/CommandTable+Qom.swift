// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let qom: [CommandEntry] = [
        CommandEntry("qom-list", run: qomList),
        CommandEntry("qom-get", run: qomGet),
        CommandEntry("qom-list-types", run: qomListTypes),
        CommandEntry("object-add", run: objectAdd),
        CommandEntry("object-del", run: objectDel),
    ]
}

extension CommandTable {
    private static func qomList(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("path")
        try reader.finish()
        return try await commands.qomList(path: value0).json
    }

    private static func qomGet(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("path")
        let value1: String = try reader.required("property")
        try reader.finish()
        return try await commands.qomGet(path: value0, property: value1).json
    }

    private static func qomListTypes(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String? = try reader.optional("implements")
        let value1: Bool? = try reader.optional("abstract")
        try reader.finish()
        return try await commands.qomListTypes(implements: value0, abstract: value1).json
    }

    private static func objectAdd(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value = try ObjectOptions(reading: &reader)
        try reader.finish()
        try await commands.objectAdd(value)
        return .object([:])
    }

    private static func objectDel(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value0: String = try reader.required("id")
        try reader.finish()
        try await commands.objectDel(id: value0)
        return .object([:])
    }
}
