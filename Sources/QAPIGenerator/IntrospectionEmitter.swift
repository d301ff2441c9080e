/// Writes the reply of `query-qmp-schema` as JSON text, in QEMU's form: commands and events first, then each type that
/// one of them needs, under a number instead of its name.
struct IntrospectionEmitter {
    private let schema: Schema
    private var numbers: [Key: Int] = [:]
    private var open: [Key] = []
    private var entries: [String] = []

    /// What has an entry of its own.
    private enum Key: Hashable {
        case type(TypeReference)
        /// The members written out at a command or event.
        case arguments(String)
        case nothing
    }

    /// The data in files of bearable length.
    static func files(_ schema: Schema) -> [QAPIGenerator.File] {
        let lines = entries(of: schema).flatMap { cut($0 + ",") }
        let longest = 700
        let parts = stride(from: 0, to: max(lines.count, 1), by: longest).map { start in
            Array(lines[min(start, lines.count)..<min(start + longest, lines.count)])
        }
        return parts.enumerated().map { number, lines in
            var code = CodeWriter()
            code.block("extension Introspection") { code in
                code.line("/// Entries of the schema as JSON text, each followed by a comma.")
                code.line("static let part\(number + 1) = #\"\"\"")
                for line in lines { code.line("    " + line) }
                code.line("    \"\"\"#")
                if number == 0 {
                    code.line()
                    code.line("/// All parts, in order.")
                    let names = parts.indices.map { "part\($0 + 1)" }
                    code.line("static var parts: [String] { [\(names.joined(separator: ", "))] }")
                }
            }
            return QAPIGenerator.File(
                path: QAPIGenerator.codeFolder + "Introspection+Part\(number + 1).swift",
                text: QAPIGenerator.heading + "\n\n" + code.text)
        }
    }

    /// One JSON text an entry.
    static func entries(of schema: Schema) -> [String] {
        var emitter = IntrospectionEmitter(schema: schema)
        for definition in schema.definitions { emitter.add(definition) }
        var next = 0
        while next < emitter.open.count {
            emitter.describe(emitter.open[next])
            next += 1
        }
        return emitter.entries
    }

    private init(schema: Schema) { self.schema = schema }

    private mutating func add(_ definition: Definition) {
        switch definition.kind {
        case .command(let command):
            var fields = [("arg-type", quoted(name(of: key(command.arguments, of: definition.name))))]
            fields.append(("ret-type", quoted(name(of: command.result.map { .type(plain($0)) } ?? .nothing))))
            if command.allowsOutOfBand { fields.append(("allow-oob", "true")) }
            entry(definition.name, "command", fields, definition.features)
        case .event(let arguments):
            entry(
                definition.name, "event", [("arg-type", quoted(name(of: key(arguments, of: definition.name))))],
                definition.features)
        default: break
        }
    }

    private func key(_ arguments: Arguments, of name: String) -> Key {
        switch arguments {
        case .none: .nothing
        case .inline: .arguments(name)
        case .named(let type, _): .type(.named(type))
        }
    }

    /// All whole numbers are one type here.
    private func plain(_ type: TypeReference) -> TypeReference {
        switch type {
        case .list(let element): .list(of: plain(element))
        case .named(let name):
            if TypeReference.builtIn.contains(name), JSONForm.of(type, in: schema) == .integer {
                .named("int")
            } else {
                type
            }
        }
    }

    /// The name of an entry, which is then described in its turn.
    private mutating func name(of key: Key) -> String {
        if numbers[key] == nil {
            // Lists and built-in types have names of their own; they use up no number.
            let usesNumber =
                switch key {
                case .type(.list): false
                case .type(.named(let name)): !TypeReference.builtIn.contains(name)
                default: true
                }
            numbers[key] = usesNumber ? numbers.values.reduce(0) { max($0, $1 + 1) } : -1
            open.append(key)
        }
        switch key {
        case .type(.list(let element)): return "[" + name(of: .type(element)) + "]"
        case .type(.named(let name)) where TypeReference.builtIn.contains(name): return name
        default: return String(numbers[key] ?? 0)
        }
    }

    private mutating func describe(_ key: Key) {
        switch key {
        case .nothing: entry(name(of: key), "object", [("members", "[]")], [])
        case .arguments(let owner):
            guard let definition = schema.definitions.first(where: { $0.name == owner }) else { return }
            var members: [Member] = []
            switch definition.kind {
            case .command(let command): members = schema.members(of: command.arguments)
            case .event(let arguments): members = schema.members(of: arguments)
            default: break
            }
            entry(name(of: key), "object", [("members", list(members))], [])
        case .type(.list(let element)):
            entry(name(of: key), "array", [("element-type", quoted(name(of: .type(element))))], [])
        case .type(.named(let type)):
            if TypeReference.builtIn.contains(type) {
                let form = JSONForm.of(.named(type), in: schema)
                entry(type, "builtin", [("json-type", quoted(type == "int" ? "int" : form.rawValue))], [])
            } else if let definition = schema.types[type] {
                describe(definition, as: name(of: key))
            }
        }
    }

    private mutating func describe(_ definition: Definition, as name: String) {
        switch definition.kind {
        case .enumeration(let words):
            let members = words.map { object([("name", quoted($0.name))], $0.features) }
            entry(
                name, "enum",
                [
                    ("members", "[\(members.joined(separator: ", "))]"),
                    ("values", "[\(words.map { quoted($0.name) }.joined(separator: ", "))]"),
                ], definition.features)
        case .structure:
            entry(name, "object", [("members", list(schema.members(of: definition.name)))], definition.features)
        case .union(let union):
            var fields = [("members", list(schema.members(of: union.base))), ("tag", quoted(union.discriminator))]
            var variants: [String] = []
            for word in schema.tag(of: union).map({ schema.words(of: $0.enumeration) }) ?? [] {
                let branch = union.branches.first { $0.word == word.name }
                let type = self.name(of: branch.map { .type(.named($0.type)) } ?? .nothing)
                variants.append(object([("case", quoted(word.name)), ("type", quoted(type))], []))
            }
            fields.append(("variants", "[\(variants.joined(separator: ", "))]"))
            entry(name, "object", fields, definition.features)
        case .alternate(let branches):
            let types = branches.map { object([("type", quoted(self.name(of: .type(plain($0.type)))))], []) }
            entry(name, "alternate", [("members", "[\(types.joined(separator: ", "))]")], definition.features)
        case .command, .event: break
        }
    }

    private mutating func list(_ members: [Member]) -> String {
        let members = members.map { member in
            var fields = [
                ("name", quoted(member.name)), ("type", quoted(name(of: .type(plain(member.type))))),
            ]
            if member.isOptional { fields.append(("default", "null")) }
            return object(fields, member.features)
        }
        return "[\(members.joined(separator: ", "))]"
    }

    private mutating func entry(_ name: String, _ metaType: String, _ fields: [(String, String)], _ features: [String])
    {
        entries.append(object([("name", quoted(name)), ("meta-type", quoted(metaType))] + fields, features))
    }

    private func object(_ fields: [(String, String)], _ features: [String]) -> String {
        var fields = fields
        if !features.isEmpty { fields.append(("features", "[\(features.map(quoted).joined(separator: ", "))]")) }
        return "{" + fields.map { "\(quoted($0.0)): \($0.1)" }.joined(separator: ", ") + "}"
    }

    private func quoted(_ text: String) -> String { "\"\(text)\"" }

    /// A JSON text in lines that fit, cut after commas. The names of the notation hold no blanks.
    private static func cut(_ text: String) -> [String] { wrap(text, width: CodeWriter.lineLength - 8) }
}
