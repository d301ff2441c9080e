/// Writes the Swift types: structs, enumerations, unions and alternates.
struct TypeEmitter {
    let schema: Schema

    /// One file a topic. Types that no command or event needs are left out.
    static func files(_ schema: Schema) -> [QAPIGenerator.File] {
        let emitter = TypeEmitter(schema: schema)
        let used = schema.usedTypes
        return schema.topics.flatMap { topic in
            QAPIGenerator.codeFiles(
                named: "Types+" + SwiftName.upperCamel(topic.name), imports: ["public import QMP"],
                declarations: topic.definitions.filter { used.contains($0.name) }.map(emitter.declaration))
        }
    }

    private func declaration(_ definition: Definition) -> [String] {
        var code = CodeWriter()
        code.documentation(definition.documentation.body)
        switch definition.kind {
        case .enumeration(let words): enumeration(definition, words, &code)
        case .structure: structure(definition, &code)
        case .union(let union): self.union(definition, union, &code)
        case .alternate(let branches): alternate(definition, branches, &code)
        case .command, .event: break
        }
        return code.lines
    }

    private func enumeration(_ definition: Definition, _ words: [EnumerationWord], _ code: inout CodeWriter) {
        code.block("public enum \(definition.name): String, SchemaValue, CaseIterable") { code in
            for word in words {
                code.documentation(word.text)
                let name = SwiftName.lowerCamel(word.name)
                let value = name == word.name ? "" : " = \"\(word.name)\""
                code.line("case \(SwiftName.escaped(word.name))\(value)")
            }
        }
    }

    private func structure(_ definition: Definition, _ code: inout CodeWriter) {
        let members = schema.members(of: definition.name)
        code.block("public struct \(definition.name): SchemaObject, Hashable") { code in
            stored(members, of: definition.name, &code)
            if !members.isEmpty { code.line() }
            memberwise(members.map(parameter), members.map(\.name), &code)
            code.line()
            reading(&code) { code in read(members, &code) }
            code.line()
            writing(&code) { code in
                for member in members { write(member, &code) }
            }
        }
    }

    private func union(_ definition: Definition, _ union: Union, _ code: inout CodeWriter) {
        guard let tag = schema.tag(of: union) else { return }
        let all = schema.members(of: union.base)
        let members = all.filter { $0.name != union.discriminator }
        code.block("public struct \(definition.name): SchemaObject, Hashable") { code in
            variants(definition, union, tag.enumeration, &code)
            code.line()
            stored(members, of: definition.name, &code)
            code.line("/// What depends on `\(union.discriminator)`.")
            code.line("public var variant: Variant")
            code.line()
            memberwise(members.map(parameter) + ["variant: Variant"], members.map(\.name) + ["variant"], &code)
            code.line()
            tagProperty(union, tag.member, tag.enumeration, &code)
            code.line()
            reading(&code) { code in
                for member in all {
                    if member.name == union.discriminator {
                        code.line("let tag: \(tag.enumeration) = try reader.required(\"\(member.name)\")")
                    } else {
                        read([member], &code)
                    }
                }
                code.line("switch tag {")
                for word in schema.words(of: tag.enumeration) {
                    let name = SwiftName.escaped(word.name)
                    if payload(of: word.name, in: union) != nil {
                        code.line("case .\(name): variant = .\(name)(try .init(reading: &reader))")
                    } else {
                        code.line("case .\(name): variant = .\(name)")
                    }
                }
                code.line("}")
            }
            code.line()
            writing(&code) { code in
                for member in all {
                    if member.name == union.discriminator {
                        code.line("writer.add(\"\(member.name)\", \(SwiftName.escaped(member.name)))")
                    } else {
                        write(member, &code)
                    }
                }
                branchWriting(union, tag.enumeration, &code)
            }
        }
    }

    /// The type of a branch, if it adds members.
    private func payload(of word: String, in union: Union) -> String? {
        guard let type = union.branches.first(where: { $0.word == word })?.type else { return nil }
        if case .union = schema.types[type]?.kind { return type }
        return schema.members(of: type).isEmpty ? nil : type
    }

    private func variants(_ definition: Definition, _ union: Union, _ enumeration: String, _ code: inout CodeWriter) {
        let isRecursive = union.branches.contains { reaches(.named($0.type), definition.name) }
        code.line("/// What depends on `\(union.discriminator)`.")
        code.block("public \(isRecursive ? "indirect " : "")enum Variant: Sendable, Hashable") { code in
            for word in schema.words(of: enumeration) {
                code.documentation(word.text)
                let type = payload(of: word.name, in: union).map { "(\($0))" } ?? ""
                code.line("case \(SwiftName.escaped(word.name))\(type)")
            }
        }
    }

    private func tagProperty(_ union: Union, _ tag: Member, _ enumeration: String, _ code: inout CodeWriter) {
        code.documentation(tag.text)
        code.block("public var \(SwiftName.escaped(union.discriminator)): \(enumeration)") { code in
            code.line("switch variant {")
            for word in schema.words(of: enumeration) {
                let name = SwiftName.escaped(word.name)
                code.line("case .\(name): .\(name)")
            }
            code.line("}")
        }
    }

    private func branchWriting(_ union: Union, _ enumeration: String, _ code: inout CodeWriter) {
        let words = schema.words(of: enumeration)
        let full = words.filter { payload(of: $0.name, in: union) != nil }
        guard !full.isEmpty else { return }
        code.line("switch variant {")
        for word in full {
            code.line("case .\(SwiftName.escaped(word.name))(let branch): branch.write(into: &writer)")
        }
        if full.count < words.count { code.line("default: break") }
        code.line("}")
    }

    private func alternate(_ definition: Definition, _ branches: [Member], _ code: inout CodeWriter) {
        let isRecursive = branches.contains { reaches($0.type, definition.name) }
        let head = "public \(isRecursive ? "indirect " : "")enum \(definition.name): SchemaValue, Hashable"
        let forms = branches.map { ($0, JSONForm.of($0.type, in: schema)) }
        let hasInteger = forms.contains { $0.1 == .integer }
        code.block(head) { code in
            for (branch, form) in forms {
                code.documentation(branch.text)
                let payload = form == .null ? "" : "(\(SwiftName.type(branch.type)))"
                code.line("case \(SwiftName.escaped(branch.name))\(payload)")
            }
            code.line()
            code.line("/// As read from a request.")
            code.block("public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError)") { code in
                code.line("switch json {")
                for (branch, form) in forms {
                    let name = SwiftName.escaped(branch.name)
                    let value = form == .null ? "" : "(try \(initialiser(branch.type))(json, at: path))"
                    code.line("case \(pattern(form, hasInteger: hasInteger)): self = .\(name)\(value)")
                }
                code.line("default: throw .invalidType(path, \"\(definition.name)\")")
                code.line("}")
            }
            code.line()
            code.line("/// As sent.")
            code.block("public var json: JSONValue") { code in
                code.line("switch self {")
                for (branch, form) in forms {
                    let name = SwiftName.escaped(branch.name)
                    code.line(form == .null ? "case .\(name): .null" : "case .\(name)(let value): value.json")
                }
                code.line("}")
            }
        }
    }

    private func initialiser(_ type: TypeReference) -> String { SwiftName.type(type) }

    private func pattern(_ form: JSONForm, hasInteger: Bool) -> String {
        switch form {
        case .string: ".string"
        case .integer: ".integer, .unsigned"
        case .number: hasInteger ? ".double" : ".integer, .unsigned, .double"
        case .boolean: ".boolean"
        case .null: ".null"
        case .array: ".array"
        case .object, .value: ".object"
        }
    }
}

// What structs and unions have in common.
extension TypeEmitter {
    private func stored(_ members: [Member], of type: String, _ code: inout CodeWriter) {
        for member in members {
            code.documentation(member.text)
            let box = reaches(member.type, type) ? "@Indirect " : ""
            code.line("\(box)public var \(SwiftName.escaped(member.name)): \(SwiftName.type(of: member))")
        }
    }

    private func parameter(_ member: Member) -> String {
        "\(SwiftName.escaped(member.name)): \(SwiftName.type(of: member))\(member.isOptional ? " = nil" : "")"
    }

    private func memberwise(_ parameters: [String], _ names: [String], _ code: inout CodeWriter) {
        code.line("/// Put together from its members.")
        if names.isEmpty { return code.line("public init() {}") }
        code.list("public init", parameters, " {")
        for name in names {
            let name = SwiftName.escaped(name)
            code.line("    self.\(name) = \(name)")
        }
        code.line("}")
    }

    private func reading(_ code: inout CodeWriter, _ body: (inout CodeWriter) -> Void) {
        code.line("/// As read from a request, member by member.")
        var inner = CodeWriter()
        body(&inner)
        if inner.lines.isEmpty {
            code.line("public init(reading reader: inout ArgumentReader) throws(CommandError) {}")
        } else {
            code.block("public init(reading reader: inout ArgumentReader) throws(CommandError)", body)
        }
    }

    private func writing(_ code: inout CodeWriter, _ body: (inout CodeWriter) -> Void) {
        code.line("/// As sent, member by member.")
        var inner = CodeWriter()
        body(&inner)
        if inner.lines.isEmpty {
            code.line("public func write(into writer: inout ObjectWriter) {}")
        } else {
            code.block("public func write(into writer: inout ObjectWriter)", body)
        }
    }

    private func read(_ members: [Member], _ code: inout CodeWriter) {
        for member in members {
            let how = member.isOptional ? "optional" : "required"
            code.line("\(SwiftName.escaped(member.name)) = try reader.\(how)(\"\(member.name)\")")
        }
    }

    private func write(_ member: Member, _ code: inout CodeWriter) {
        code.line("writer.add(\"\(member.name)\", \(SwiftName.escaped(member.name)))")
    }

    /// Whether a value of `type` stores, other than in a list, a value of the type `goal`.
    private func reaches(_ type: TypeReference, _ goal: String) -> Bool {
        var seen: Set<String> = []
        var open = [type]
        while let next = open.popLast() {
            guard case .named(let name) = next else { continue }
            if name == goal { return true }
            guard seen.insert(name).inserted else { continue }
            open += schema.members(of: name).map(\.type)
            switch schema.types[name]?.kind {
            case .union(let union): open += union.branches.map { .named($0.type) }
            case .alternate(let branches): open += branches.map(\.type)
            default: break
            }
        }
        return false
    }
}
