// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QMP

extension CommandTable {
    static let net: [CommandEntry] = [CommandEntry("announce-self", run: announceSelf)]
}

extension CommandTable {
    private static func announceSelf(
        _ commands: any QMPCommands, _ arguments: JSONObject
    ) async throws(CommandError) -> JSONValue {
        var reader = ArgumentReader(arguments)
        let value = try AnnounceParameters(reading: &reader)
        try reader.finish()
        try await commands.announceSelf(value)
        return .object([:])
    }
}
