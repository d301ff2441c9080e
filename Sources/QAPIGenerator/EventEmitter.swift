/// Writes the events as one enumeration.
struct EventEmitter {
    let schema: Schema

    /// The file of all events.
    static func files(_ schema: Schema) -> [QAPIGenerator.File] {
        QAPIGenerator.codeFiles(
            named: "Event", imports: ["public import QMP"], declarations: [EventEmitter(schema: schema).declaration()])
    }

    /// What an event carries.
    private enum Payload {
        case none
        case members([Member])
        case boxed(String)
    }

    private var events: [(definition: Definition, payload: Payload)] {
        schema.definitions.compactMap { definition in
            guard case .event(let arguments) = definition.kind else { return nil }
            if case .named(let name, boxed: true) = arguments { return (definition, .boxed(name)) }
            let members = schema.members(of: arguments)
            return (definition, members.isEmpty ? .none : .members(members))
        }
    }

    private func declaration() -> [String] {
        var code = CodeWriter()
        code.line("/// Something that every client is told of when it happens.")
        code.block("public enum Event: Sendable, Hashable") { code in
            for (definition, payload) in events { declare(definition, payload, &code) }
            code.line()
            code.line("/// Its name on the wire.")
            code.block("public var name: String") { code in
                code.line("switch self {")
                for (definition, _) in events {
                    code.line("case .\(SwiftName.escaped(definition.name)): \"\(definition.name)\"")
                }
                code.line("}")
            }
            code.line()
            code.line("/// Its members, if it has any.")
            code.block("public var data: JSONObject?") { code in data(&code) }
        }
        return code.lines
    }

    private func declare(_ definition: Definition, _ payload: Payload, _ code: inout CodeWriter) {
        code.documentation(["`\(definition.name)`: " + (definition.documentation.body.first ?? "")])
        let name = SwiftName.escaped(definition.name)
        switch payload {
        case .none: code.line("case \(name)")
        case .boxed(let type): code.line("case \(name)(\(type))")
        case .members(let members):
            code.line("///")
            for member in members {
                code.comment(
                    "- \(SwiftName.lowerCamel(member.name)): " + member.text.joined(separator: " "), indentation: "  ")
            }
            code.list(
                "case \(name)", members.map { "\(SwiftName.escaped($0.name)): \(SwiftName.type(of: $0))" }, "")
        }
    }

    private func data(_ code: inout CodeWriter) {
        guard events.contains(where: { if case .none = $0.payload { false } else { true } }) else {
            return code.line("nil")
        }
        code.line("var writer = ObjectWriter()")
        code.line("switch self {")
        for (definition, payload) in events {
            let name = SwiftName.escaped(definition.name)
            switch payload {
            case .none: code.line("case .\(name): return nil")
            case .boxed: code.line("case .\(name)(let data): data.write(into: &writer)")
            case .members(let members):
                let names = members.map { SwiftName.escaped($0.name) }
                code.list("case .\(name)", names.map { "let " + $0 }, ":")
                for (member, name) in zip(members, names) {
                    code.line("    writer.add(\"\(member.name)\", \(name))")
                }
            }
        }
        code.line("}")
        code.line("return writer.object")
    }
}
