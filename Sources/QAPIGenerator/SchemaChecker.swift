/// Checks what can only be seen once all files are known.
struct SchemaChecker {
    let schema: Schema

    func check() throws(SchemaError) {
        for definition in schema.definitions {
            switch definition.kind {
            case .enumeration(let words): try checkCases(words.map { ($0.name, $0.place) })
            case .structure(let base, let members): try checkStructure(definition, base, members)
            case .union(let union): try check(union, definition)
            case .alternate(let branches): try checkAlternate(branches)
            case .command(let command):
                try check(command.arguments, definition)
                if let result = command.result { try check(result, definition.place) }
            case .event(let arguments): try check(arguments, definition)
            }
            if definition.isType { try checkName(of: definition) }
        }
    }

    /// Names that a type of the schema would hide from the generated code.
    private static let reserved: Set<String> = [
        "String", "Bool", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Double", "Optional", "Array", "Event",
        "JSONValue", "JSONObject", "CommandError", "CommandTable", "CommandEntry", "Indirect", "Introspection",
        "ArgumentReader", "ArgumentPath", "ObjectWriter", "SchemaValue", "QMPCommands", "Never", "Error",
    ]

    private func checkName(of definition: Definition) throws(SchemaError) {
        guard let first = definition.name.first, first.isUppercase else {
            throw SchemaError(definition.place, "the type '\(definition.name)' must begin with a capital letter")
        }
        if Self.reserved.contains(definition.name) || TypeReference.builtIn.contains(definition.name) {
            throw SchemaError(definition.place, "the name '\(definition.name)' is taken")
        }
    }

    private func check(_ type: TypeReference, _ place: SchemaPlace) throws(SchemaError) {
        guard TypeReference.builtIn.contains(type.root) || schema.types[type.root] != nil else {
            throw SchemaError(place, "unknown type '\(type.root)'")
        }
    }

    private func check(_ members: [Member]) throws(SchemaError) {
        for member in members { try check(member.type, member.place) }
    }

    /// Different names on the wire must stay different in Swift.
    private func checkCases(_ names: [(String, SchemaPlace)]) throws(SchemaError) {
        var seen: [String: String] = [:]
        for (name, place) in names {
            let swift = SwiftName.lowerCamel(name)
            if let before = seen.updateValue(name, forKey: swift) {
                throw SchemaError(place, "'\(name)' and '\(before)' would both be called \(swift)")
            }
        }
    }

    private func checkStructure(
        _ definition: Definition, _ base: String?, _ members: [Member]
    ) throws(SchemaError) {
        try check(members)
        if let base {
            guard case .structure = schema.types[base]?.kind, base != definition.name else {
                throw SchemaError(definition.place, "the base '\(base)' is not a struct")
            }
            var ancestor: String? = base
            var steps = 0
            while let current = ancestor, case .structure(let next, _) = schema.types[current]?.kind {
                ancestor = next
                steps += 1
                guard steps <= schema.types.count else {
                    throw SchemaError(definition.place, "'\(definition.name)' is its own base")
                }
            }
        }
        try checkStored(schema.members(of: definition.name), definition)
    }

    /// Members that are stored in one value.
    private func checkStored(_ members: [Member], _ definition: Definition) throws(SchemaError) {
        try checkCases(members.map { ($0.name, definition.place) })
        for member in members where ["json", "variant"].contains(SwiftName.lowerCamel(member.name)) {
            throw SchemaError(member.place, "a member cannot be called '\(member.name)'")
        }
    }

    private func check(_ union: Union, _ definition: Definition) throws(SchemaError) {
        switch union.base {
        case .named(let base):
            guard case .structure = schema.types[base]?.kind else {
                throw SchemaError(definition.place, "the base '\(base)' is not a struct")
            }
        case .inline(let members): try check(members)
        }
        let base = schema.members(of: union.base)
        try checkStored(base, definition)
        guard let tag = schema.tag(of: union), case .enumeration(let words) = schema.types[tag.enumeration]?.kind,
            !tag.member.isOptional
        else {
            throw SchemaError(
                definition.place,
                "the discriminator '\(union.discriminator)' is not a mandatory enumeration in the base")
        }
        for branch in union.branches {
            guard words.contains(where: { $0.name == branch.word }) else {
                throw SchemaError(branch.place, "'\(branch.word)' is not a word of '\(tag.enumeration)'")
            }
            switch schema.types[branch.type]?.kind {
            case .structure, .union: break
            default: throw SchemaError(branch.place, "the branch '\(branch.type)' is not a struct")
            }
            let names = Set(base.map(\.name))
            for member in schema.members(of: branch.type) where names.contains(member.name) {
                throw SchemaError(branch.place, "the member '\(member.name)' of '\(branch.type)' is in the base too")
            }
        }
    }

    private func check(_ arguments: Arguments, _ definition: Definition) throws(SchemaError) {
        switch arguments {
        case .none: break
        case .inline(let members):
            try check(members)
            try checkCases(members.map { ($0.name, $0.place) })
        case .named(let name, let boxed):
            switch schema.types[name]?.kind {
            case .structure: break
            case .union where boxed: break
            case nil: throw SchemaError(definition.place, "unknown type '\(name)'")
            default: throw SchemaError(definition.place, "'\(name)' cannot be the data of '\(definition.name)'")
            }
        }
    }

    private func checkAlternate(_ branches: [Member]) throws(SchemaError) {
        try check(branches)
        try checkCases(branches.map { ($0.name, $0.place) })
        var seen: Set<String> = []
        for branch in branches {
            guard seen.insert(JSONForm.of(branch.type, in: schema).rawValue).inserted else {
                throw SchemaError(branch.place, "the branch '\(branch.name)' cannot be told from another one")
            }
        }
    }
}

/// What a type looks like in JSON.
enum JSONForm: String, Sendable {
    case string, integer, number, boolean, null, object, array, value

    static func of(_ type: TypeReference, in schema: Schema) -> JSONForm {
        guard case .named(let name) = type else { return .array }
        switch name {
        case "str": return .string
        case "number": return .number
        case "bool": return .boolean
        case "null": return .null
        case "any": return .value
        case _ where TypeReference.builtIn.contains(name): return .integer
        default: break
        }
        switch schema.types[name]?.kind {
        case .enumeration: return .string
        case .alternate: return .value
        default: return .object
        }
    }
}
