import PairLab
import QMP
import Testing

extension ConformanceTests {
    /// What colod says of its own interface.
    @Suite("Introspection", needsColod())
    struct IntrospectionTests {
        private let server: Server
        private let schema: JSONValue
        private let folder: TemporaryFolder

        init() throws {
            server = try Server(.colod)
            schema = try server.connect().ask(Call.text("query-qmp-schema"))
            folder = try TemporaryFolder(prefix: "colod-schema")
            try folder.write(schema.text(), to: "raw.json")
        }

        @Test("the management schema is the seed's: 29 commands and 4 events, down to the last type")
        func seed() throws {
            let own = try normalised()
            let seed = try DataFolder.json("schema-seed.json")
            #expect(names(seed, "commands").count == 29 && names(seed, "events").count == 4)
            for kind in ["commands", "events"] { compare(own, seed, kind, names: names(seed, kind)) }
        }

        @Test("each surrounding command and event that is offered is that of QEMU 7.2")
        func surrounding() throws {
            let own = try normalised("--all")
            let seed = try DataFolder.json("schema-seed.json")
            let surrounding = try DataFolder.json("schema-7.2-surrounding.json")
            for kind in ["commands", "events"] {
                let known = names(surrounding, kind)
                let others = names(own, kind).subtracting(names(seed, kind)).filter { !isOwn($0) }
                let unknown = others.subtracting(known)
                #expect(unknown.isEmpty, "\(kind) that QEMU 7.2 was not recorded to have")
                compare(own, surrounding, kind, names: others.intersection(known))
            }
        }

        @Test("the list of commands is that of the schema")
        func commands() throws {
            let listed = try server.connect().ask(Call.text("query-commands"))["return"]?.array ?? []
            let introspected = schema["return"]?.array?.filter { $0["meta-type"] == "command" } ?? []
            #expect(listed.count == Set(listed.compactMap { $0["name"]?.string }).count)
            #expect(
                Set(listed.compactMap { $0["name"]?.string }) == Set(introspected.compactMap { $0["name"]?.string }))
        }

        @Test("every type that is named is described, once")
        func types() throws {
            let entries = schema["return"]?.array ?? []
            var described: Set<String> = []
            var mentioned: Set<String> = []
            for entry in entries {
                guard let name = entry["name"]?.string, let kind = entry["meta-type"]?.string else { continue }
                if kind != "command", kind != "event" {
                    #expect(described.insert(name).inserted, "\(name) twice")
                }
                for key in ["arg-type", "ret-type", "element-type"] { mentioned.insert(entry[key]?.string ?? "int") }
                if kind == "object" || kind == "alternate" {
                    for member in entry["members"]?.array ?? [] { mentioned.insert(member["type"]?.string ?? "") }
                }
                for variant in entry["variants"]?.array ?? [] { mentioned.insert(variant["type"]?.string ?? "") }
            }
            #expect(mentioned.subtracting(described).isEmpty)
        }

        private func isOwn(_ name: String) -> Bool { name.hasPrefix("x-colod-") || name.hasPrefix("X_COLOD_") }

        private func names(_ schema: JSONValue, _ kind: String) -> Set<String> {
            Set(schema[kind]?.object?.members.map(\.key) ?? [])
        }

        private func compare(_ own: JSONValue, _ other: JSONValue, _ kind: String, names: Set<String>) {
            for name in names.sorted() {
                let (mine, theirs) = (own[kind]?[name], other[kind]?[name])
                #expect(mine == theirs, "\(name): \(mine?.text() ?? "missing") is not \(theirs?.text() ?? "missing")")
            }
        }

        /// The schema in the form that does not depend on the names of types.
        private func normalised(_ options: String...) throws -> JSONValue {
            let process = try LabHost(sharingMachineNetworkAs: "schema").start(
                ["python3", DataFolder.path("schema_normalize.py"), "--from", folder.path("raw.json")] + options
                    + ["-o", folder.path("normal.json")], log: folder.path("log"))
            guard process.waitForExit(within: .seconds(60)) == .exited(0) else {
                throw LabError("schema_normalize.py: \(process.output)")
            }
            return try JSONStreamParser.parse(folder.read("normal.json"))
        }
    }
}
