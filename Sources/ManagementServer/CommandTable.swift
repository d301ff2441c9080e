import QAPI
import QMP

/// Every command: what it takes and which method it stands for.
enum CommandTable {
    /// What the server answers by itself.
    struct BuiltIn: Sendable {
        let version: ServerVersion
        let names: [String]
    }

    struct Entry: Sendable {
        typealias Run =
            @Sendable (any ManagementCommands, BuiltIn, JSONObject) async throws(CommandError) -> JSONValue

        let schema: CommandSchema
        let run: Run

        init(_ name: String, _ arguments: [ArgumentMember] = [], _ run: @escaping Run) {
            schema = CommandSchema(name, arguments)
            self.run = run
        }
    }

    static let entries = general + migration + colo + extensions

    private static let nothing: JSONValue = [:]

    private static let general: [Entry] = [
        Entry("query-version") { _, builtIn, _ in builtIn.version.json },
        Entry("query-commands") { _, builtIn, _ in .array(builtIn.names.map { ["name": .string($0)] }) },
        Entry("query-status") { commands, _, _ throws(CommandError) in try await commands.queryStatus().json },
        Entry("stop") { commands, _, _ throws(CommandError) in
            try await commands.stop()
            return nothing
        },
        Entry("cont") { commands, _, _ throws(CommandError) in
            try await commands.cont()
            return nothing
        },
        Entry("quit") { commands, _, _ throws(CommandError) in
            try await commands.quit()
            return nothing
        },
        Entry("query-name") { commands, _, _ throws(CommandError) in
            var object = JSONObject()
            object["name"] = try await commands.queryName().map { .string($0) }
            return .object(object)
        },
        Entry("query-uuid") { commands, _, _ throws(CommandError) in
            ["UUID": .string(try await commands.queryUUID())]
        },
    ]

    private static let migration: [Entry] = [
        Entry(
            "migrate",
            [
                .required("uri", .string), .optional("blk", .boolean), .optional("inc", .boolean),
                .optional("detach", .boolean), .optional("resume", .boolean),
            ]
        ) { commands, _, arguments throws(CommandError) in
            try await commands.migrate(
                MigrateArguments(
                    uri: arguments["uri"]?.string ?? "", block: arguments["blk"]?.boolean,
                    incremental: arguments["inc"]?.boolean, resume: arguments["resume"]?.boolean))
            return nothing
        },
        Entry("migrate-incoming", [.required("uri", .string)]) { commands, _, arguments throws(CommandError) in
            try await commands.migrateIncoming(uri: arguments["uri"]?.string ?? "")
            return nothing
        },
        Entry("migrate_cancel") { commands, _, _ throws(CommandError) in
            try await commands.migrateCancel()
            return nothing
        },
        Entry("query-migrate") { commands, _, _ throws(CommandError) in try await commands.queryMigrate().json },
        Entry(
            "migrate-set-capabilities", [.required("capabilities", .array(of: CapabilityChange.type))]
        ) { commands, _, arguments throws(CommandError) in
            try await commands.migrateSetCapabilities(CapabilityChange.list(arguments["capabilities"]))
            return nothing
        },
        Entry("query-migrate-capabilities") { commands, _, _ throws(CommandError) in
            try await commands.queryMigrateCapabilities().json
        },
        Entry("migrate-set-parameters", MigrationParameters.members) { commands, _, arguments throws(CommandError) in
            try await commands.migrateSetParameters(arguments)
            return nothing
        },
        Entry("query-migrate-parameters") { commands, _, _ throws(CommandError) in
            try await commands.queryMigrateParameters().json
        },
    ]

    private static let colo: [Entry] = [
        Entry("x-colo-lost-heartbeat") { commands, _, _ throws(CommandError) in
            try await commands.coloLostHeartbeat()
            return nothing
        },
        Entry("query-colo-status") { commands, _, _ throws(CommandError) in
            try await commands.queryColoStatus().json
        },
    ]

    private static let extensions: [Entry] = [
        Entry("x-colod-status") { commands, _, _ throws(CommandError) in try await commands.colodStatus().json },
        Entry("x-colod-failover") { commands, _, _ throws(CommandError) in
            try await commands.colodFailover()
            return nothing
        },
        Entry("x-colod-start") { commands, _, _ throws(CommandError) in
            try await commands.colodStart()
            return nothing
        },
        Entry("x-colod-drill") { commands, _, _ throws(CommandError) in
            ["milliseconds": .double(try await commands.colodDrill())]
        },
    ]
}
