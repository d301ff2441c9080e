import QAPI
import QMP
import Testing

@Suite struct IntrospectionTests {
    private static let entries = Introspection.reply.array ?? []
    private static let names = entries.map { $0["name"]?.string ?? "" }

    @Test func everyCommandIsThereOnce() {
        let commands = Self.entries.filter { $0["meta-type"] == "command" }.compactMap { $0["name"]?.string }
        #expect(Set(commands) == Set(CommandTable.entries.map(\.name) + CommandTable.builtIn))
        #expect(Set(commands).count == commands.count && commands.count > 70)
        #expect(CommandTable.byName.count == CommandTable.entries.count)
    }

    @Test func everyTypeThatIsNamedIsThere() {
        let known = Set(Self.names)
        #expect(known.count == Self.names.count)
        for entry in Self.entries {
            var types = ["arg-type", "ret-type", "element-type"].compactMap { entry[$0]?.string }
            if entry["meta-type"] != "enum" {
                types += (entry["members"]?.array ?? []).compactMap { $0["type"]?.string }
            }
            types += (entry["variants"]?.array ?? []).compactMap { $0["type"]?.string }
            for type in types { #expect(known.contains(type)) }
        }
    }

    @Test func outOfBandIsToldOfThoseThatMay() {
        let may = Self.entries.filter { $0["allow-oob"] == true }.compactMap { $0["name"]?.string }
        #expect(Set(may) == ["migrate-recover", "migrate-pause", "yank", "query-yank"])
        #expect(Set(may) == Set(CommandTable.entries.filter(\.allowsOutOfBand).map(\.name)))
    }
}
