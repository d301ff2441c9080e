import QMP
import Testing

@testable import QAPIGenerator

@Suite struct EmitterTests {
    private static let schema =
        documented("Kind", ["disk-image", "2d"], "{ 'enum': 'Kind', 'data': [ 'disk-image', '2d' ] }")
        + documented("Base", ["id"], "{ 'struct': 'Base', 'data': { 'id': 'str' } }")
        + documented(
            "Tree", ["next", "in"],
            "{ 'struct': 'Tree', 'base': 'Base', 'data': { '*next': 'Tree', 'in': [ 'uint8' ] } }")
        + documented(
            "Disk", ["kind"],
            "{ 'union': 'Disk', 'base': { 'kind': 'Kind' }, 'discriminator': 'kind', 'data': { 'disk-image': 'Tree' } }"
        )
        + documented("Either", ["s", "n"], "{ 'alternate': 'Either', 'data': { 's': 'str', 'n': 'null' } }")
        + documented("Unused", "{ 'struct': 'Unused', 'data': { } }")
        + documented(
            "do_it", ["x", "e"],
            "{ 'command': 'do_it', 'data': { 'x': 'size', '*e': 'Either' }, 'returns': [ 'int' ], 'allow-oob': true }")
        + documented("add", "{ 'command': 'add', 'data': 'Disk', 'boxed': true, 'features': [ 'unstable' ] }")
        + documented("query-all", "{ 'command': 'query-all', 'returns': 'any', 'gen': false }")
        + documented("DONE", ["code"], "{ 'event': 'DONE', 'data': { '*code': 'int' } }")
        + documented("GONE", "{ 'event': 'GONE' }")

    private func file(_ name: String) throws -> String {
        try #require(try generate(Self.schema)["Sources/QAPI/Generated/\(name).swift"])
    }

    @Test(
        arguments: [
            "public enum Kind: String, SchemaValue, CaseIterable {",
            "    case diskImage = \"disk-image\"",
            "    case n2d = \"2d\"",
            "public struct Tree: SchemaObject, Hashable {",
            "    public var id: String",
            "    @Indirect public var next: Tree?",
            "    public var `in`: [UInt8]",
            "    public init(id: String, next: Tree? = nil, `in`: [UInt8]) {",
            "        next = try reader.optional(\"next\")",
            "        writer.add(\"in\", `in`)",
            "        case diskImage(Tree)",
            "        let tag: Kind = try reader.required(\"kind\")",
            "        case .diskImage: variant = .diskImage(try .init(reading: &reader))",
            "        case .n2d: variant = .n2d",
            "        case .string: self = .s(try String(json, at: path))",
            "        case .null: self = .n",
            "        default: throw .invalidType(path, \"Either\")",
        ])
    func typesHaveTheirMembersInOrder(line: String) throws {
        #expect(try file("Types+Schema").split(separator: "\n").contains(Substring(line)))
    }

    @Test func typesThatNobodyNeedsAreLeftOut() throws { #expect(try !file("Types+Schema").contains("Unused")) }

    @Test func commandsBecomeMethodsAndTableEntries() throws {
        let methods = try file("Commands+Schema")
        #expect(methods.contains("    func doIt(x: UInt64, e: Either?) async throws(CommandError) -> [Int64]\n"))
        #expect(methods.contains("    func add(_ arguments: Disk) async throws(CommandError)\n"))
        #expect(!methods.contains("queryAll"))
        let table = try file("CommandTable+Schema")
        #expect(table.contains("CommandEntry(\"do_it\", allowsOutOfBand: true, run: doIt),"))
        #expect(table.contains("let value1: Either? = try reader.optional(\"e\")"))
        #expect(table.contains("return try await commands.doIt(x: value0, e: value1).json"))
        #expect(try file("QMPCommands").contains("builtIn: [String] = [\"query-all\"]"))
    }

    @Test func eventsBecomeCases() throws {
        let events = try file("Event")
        #expect(events.contains("    case done(code: Int64?)\n"))
        #expect(events.contains("        case .gone: return nil\n"))
    }

    @Test func introspectionNumbersTypesAndKeepsBuiltInNames() throws {
        let schema = try Schema.load(root: "schema.json", from: ["schema.json": Self.schema])
        let entries = try IntrospectionEmitter.entries(of: schema).map { try JSONStreamParser.parse($0) }
        let byName = Dictionary(entries.map { ($0["name"]?.string ?? "", $0) }, uniquingKeysWith: { first, _ in first })
        #expect(byName.count == entries.count)
        let command = try #require(byName["do_it"])
        #expect(command["allow-oob"] == true && command["ret-type"] == "[int]")
        let arguments = try #require(byName[command["arg-type"]?.string ?? ""])
        #expect(arguments["meta-type"] == "object")
        #expect(arguments["members"]?.array?.first == ["name": "x", "type": "int"])
        let either = arguments["members"]?.array?.last
        #expect(either?["default"] == .some(.null))
        #expect(
            byName[either?["type"]?.string ?? ""]?["members"] == [["type": "str"], ["type": "null"]])
        #expect(byName["[int]"] == ["name": "[int]", "meta-type": "array", "element-type": "int"])
        #expect(byName["int"] == ["name": "int", "meta-type": "builtin", "json-type": "int"])
        #expect(byName["add"]?["features"] == ["unstable"])
        let disk = try #require(byName[byName["add"]?["arg-type"]?.string ?? ""])
        #expect(disk["tag"] == "kind")
        #expect(disk["variants"]?.array?.compactMap { $0["case"] } == ["disk-image", "2d"])
        let empty = byName[byName["GONE"]?["arg-type"]?.string ?? ""]
        #expect(empty?["members"] == [] && disk["variants"]?.array?.last?["type"] == empty?["name"])
        for name in byName.keys where name.allSatisfy(\.isNumber) { #expect(byName[name]?["meta-type"] != "builtin") }
    }

    @Test func theReferenceListsEverything() throws {
        let page = try #require(try generate(Self.schema, ["preface.md": "# Title\n\nWords.\n"])["docs/QMP.md"])
        for text in ["# Title", "do_it", "DONE", "- `x` (size): what x is", "[Tree](#tree)", "`disk-image`"] {
            #expect(page.contains(text))
        }
    }

    @Test func linesStayShort() throws {
        for (path, text) in try generate(Self.schema) where path.hasSuffix(".swift") {
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 })
            #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
        }
    }
}
