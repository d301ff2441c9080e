/// Writes the protocols that commands are implemented by, and the table that calls them.
struct CommandEmitter {
    let schema: Schema

    /// A protocol and a table a topic, and what joins them.
    static func files(_ schema: Schema) -> [QAPIGenerator.File] {
        let emitter = CommandEmitter(schema: schema)
        let topics = schema.topics.map { ($0.name, emitter.commands(of: $0)) }.filter { !$0.1.isEmpty }
        var files: [QAPIGenerator.File] = []
        for (topic, commands) in topics {
            let name = SwiftName.upperCamel(topic)
            files += QAPIGenerator.codeFiles(
                named: "Commands+" + name, imports: ["public import QMP"],
                declarations: [emitter.protocolCode(name, commands)])
            files += QAPIGenerator.codeFiles(
                named: "CommandTable+" + name, imports: ["import QMP"], declarations: emitter.tableCode(name, commands))
        }
        return files + [emitter.summary(topics.map(\.0)), emitter.refusals(topics.flatMap(\.1))]
    }

    /// A command and its definition.
    private typealias Entry = (definition: Definition, command: Command)

    /// The commands of a topic that the server does not answer by itself.
    private func commands(of topic: Schema.Topic) -> [Entry] {
        topic.definitions.compactMap { definition in
            guard case .command(let command) = definition.kind, !command.isBuiltIn else { return nil }
            return (definition, command)
        }
    }

    private func protocolCode(_ topic: String, _ commands: [Entry]) -> [String] {
        var code = CodeWriter()
        code.line("/// Commands: \(SwiftName.lowerCamel(topic)).")
        code.block("public protocol \(topic)Commands: Sendable") { code in
            for (index, entry) in commands.enumerated() {
                if index > 0 { code.line() }
                documentation(entry, &code)
                signature(entry, "", &code)
            }
        }
        return code.lines
    }

    private func signature(_ entry: Entry, _ end: String, _ code: inout CodeWriter) {
        let result = entry.command.result.map { " -> \(SwiftName.type($0))" } ?? ""
        code.list(
            "func \(SwiftName.escaped(entry.definition.name))", parameters(entry.command.arguments),
            " async throws(CommandError)\(result)\(end)")
    }

    private func documentation(_ entry: Entry, _ code: inout CodeWriter) {
        let documentation = entry.definition.documentation
        code.documentation(["`\(entry.definition.name)`: " + (documentation.body.first ?? "")])
        for paragraph in documentation.body.dropFirst() {
            code.line("///")
            code.comment(paragraph)
        }
        let isBoxed = if case .named(_, boxed: true) = entry.command.arguments { true } else { false }
        let members = isBoxed ? [] : schema.members(of: entry.command.arguments)
        let returns = documentation.sections.first { $0.name == "Returns" }?.text.joined(separator: " ")
        if !members.isEmpty || (entry.command.result != nil && returns != nil) { code.line("///") }
        if !members.isEmpty { code.line("/// - Parameters:") }
        for member in members {
            code.comment(
                "- \(SwiftName.lowerCamel(member.name)): " + member.text.joined(separator: " "), indentation: "  ",
                margin: "  ")
        }
        if entry.command.result != nil, let returns { code.comment("- Returns: " + returns, indentation: "  ") }
    }

    private func parameters(_ arguments: Arguments) -> [String] {
        if case .named(let name, boxed: true) = arguments { return ["_ arguments: \(name)"] }
        return schema.members(of: arguments).map { "\(SwiftName.escaped($0.name)): \(SwiftName.type(of: $0))" }
    }

    private func tableCode(_ topic: String, _ commands: [Entry]) -> [[String]] {
        var table = CodeWriter()
        table.block("extension CommandTable") { code in
            let entries = commands.map { definition, command in
                let outOfBand = command.allowsOutOfBand ? ", allowsOutOfBand: true" : ""
                return "CommandEntry(\"\(definition.name)\"\(outOfBand), run: \(SwiftName.escaped(definition.name)))"
            }
            code.array("static let \(SwiftName.lowerCamel(topic)): [CommandEntry] =", entries)
        }
        return [table.lines] + chunks(commands)
    }

    /// The functions, a few to an extension.
    private func chunks(_ commands: [Entry]) -> [[String]] {
        stride(from: 0, to: commands.count, by: 20).map { start in
            var code = CodeWriter()
            code.block("extension CommandTable") { code in
                for (index, entry) in commands[start..<min(start + 20, commands.count)].enumerated() {
                    if index > 0 { code.line() }
                    function(entry, &code)
                }
            }
            return code.lines
        }
    }

    private func function(_ entry: Entry, _ code: inout CodeWriter) {
        let name = SwiftName.escaped(entry.definition.name)
        code.line("private static func \(name)(")
        code.line("    _ commands: any QMPCommands, _ arguments: JSONObject")
        code.block(") async throws(CommandError) -> JSONValue") { code in
            code.line("var reader = ArgumentReader(arguments)")
            let values = read(entry.command.arguments, &code)
            code.line("try reader.finish()")
            let call = "try await commands.\(name)"
            if entry.command.result == nil {
                code.list(call, values, "")
                code.line("return .object([:])")
            } else {
                code.list("return " + call, values, ".json")
            }
        }
    }

    /// Reads the arguments into constants; returns what the call takes.
    private func read(_ arguments: Arguments, _ code: inout CodeWriter) -> [String] {
        if case .named(let name, boxed: true) = arguments {
            code.line("let value = try \(name)(reading: &reader)")
            return ["value"]
        }
        var values: [String] = []
        for (index, member) in schema.members(of: arguments).enumerated() {
            let how = member.isOptional ? "optional" : "required"
            code.line("let value\(index): \(SwiftName.type(of: member)) = try reader.\(how)(\"\(member.name)\")")
            values.append("\(SwiftName.escaped(member.name)): value\(index)")
        }
        return values
    }

    private func summary(_ topics: [String]) -> QAPIGenerator.File {
        var code = CodeWriter()
        code.line(QAPIGenerator.heading)
        code.line()
        code.documentation([
            "Everything that the management interface asks of the process it is part of: one method a command.",
            """
            The methods are called from several connections at once. They must not block their thread; waiting is for \
            `await`, with a deadline. What a method emits before it returns, clients see before its reply. Arguments \
            have been held against the schema; everything else is for the method to refuse.
            """,
        ])
        let protocols = topics.map { SwiftName.upperCamel($0) + "Commands" }
        code.line("public protocol QMPCommands:")
        code.line("    " + protocols.joined(separator: ",\n    "))
        code.line("{}")
        code.line()
        code.block("extension CommandTable") { code in
            code.line("/// Every command that is called, in the order of the schema.")
            code.line("public static let entries = [[CommandEntry]]([")
            code.line("    " + topics.map { SwiftName.lowerCamel($0) }.joined(separator: ",\n        ") + ",")
            code.line("]).flatMap { $0 }")
            code.line()
            code.line("/// The commands that the server answers by itself.")
            let names: [String] = schema.definitions.compactMap { definition in
                guard case .command(let command) = definition.kind, command.isBuiltIn else { return nil }
                return "\"\(definition.name)\""
            }
            code.array("public static let builtIn: [String] =", names)
        }
        return QAPIGenerator.File(path: QAPIGenerator.codeFolder + "QMPCommands.swift", text: code.text)
    }

    /// For tests: refuses every command that is not overridden.
    private func refusals(_ commands: [Entry]) -> QAPIGenerator.File {
        var code = CodeWriter()
        code.line(QAPIGenerator.heading)
        code.line()
        code.line("import QAPI")
        code.line("import QMP")
        code.line()
        code.line("/// Refuses every command; a test implements those that it is about.")
        code.line("protocol RefusingCommands: QMPCommands {}")
        code.line()
        code.block("extension RefusingCommands") { code in
            for entry in commands {
                signature(entry, " { throw .refused }", &code)
            }
        }
        code.line()
        code.block("extension CommandError") { code in
            code.line("fileprivate static let refused = generic(\"refused by the test\")")
        }
        return QAPIGenerator.File(
            path: "Tests/ManagementServerTests/RefusingCommands.swift", text: code.text)
    }
}
