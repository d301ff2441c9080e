/// Reads one expression with its documentation.
struct DefinitionReader {
    private let entries: [SchemaEntry]
    private let documentation: Documentation
    private let place: SchemaPlace

    init(entries: [SchemaEntry], documentation: Documentation?, place: SchemaPlace) throws(SchemaError) {
        guard let documentation else { throw SchemaError(place, "the definition has no documentation") }
        self.entries = entries
        self.documentation = documentation
        self.place = place
    }

    private static let keys: [String: Set<String>] = [
        "enum": ["data", "features"],
        "struct": ["data", "base", "features"],
        "union": ["data", "base", "discriminator", "features"],
        "alternate": ["data", "features"],
        "command": [
            "data", "returns", "boxed", "allow-oob", "allow-preconfig", "gen", "success-response", "coroutine",
            "features",
        ],
        "event": ["data", "boxed", "features"],
    ]

    func definition() throws(SchemaError) -> Definition {
        guard let first = entries.first, let known = Self.keys[first.key] else {
            throw SchemaError(place, "unknown kind of expression '\(entries.first?.key ?? "")'")
        }
        for entry in entries.dropFirst() where !known.contains(entry.key) {
            throw SchemaError(entry.place, "'\(first.key)' has no key '\(entry.key)'")
        }
        let name = try text(first.value)
        guard documentation.name == name else {
            throw SchemaError(documentation.place, "the comment is about '@\(documentation.name)', not '@\(name)'")
        }
        let definition = Definition(
            name: name, kind: try kind(first.key), features: try features(entry("features")),
            documentation: documentation, place: place)
        try checkDocumentation(of: definition)
        return definition
    }

    private func kind(_ key: String) throws(SchemaError) -> Definition.Kind {
        switch key {
        case "enum": .enumeration(try words())
        case "struct": .structure(base: try base(), members: try members(required("data")))
        case "union": .union(try union())
        case "alternate": .alternate(try members(required("data")))
        case "command": .command(try command())
        default: .event(try arguments())
        }
    }

    private func words() throws(SchemaError) -> [EnumerationWord] {
        var words: [EnumerationWord] = []
        for value in try list(required("data")) {
            var word: EnumerationWord
            if case .object(let entries) = value.content {
                guard let name = entries.first(where: { $0.key == "name" }) else {
                    throw SchemaError(value.place, "'name' is missing")
                }
                word = EnumerationWord(name: try text(name.value), place: value.place)
                word.features = try features(entries.first { $0.key == "features" }?.value)
            } else {
                word = EnumerationWord(name: try text(value), place: value.place)
            }
            guard !words.contains(where: { $0.name == word.name }) else {
                throw SchemaError(value.place, "the word '\(word.name)' comes twice")
            }
            word.text = try documentedText(word.name, value.place)
            words.append(word)
        }
        return words
    }

    private func base() throws(SchemaError) -> String? {
        guard let base = entry("base") else { return nil }
        return try text(base)
    }

    private func union() throws(SchemaError) -> Union {
        let baseValue = try required("base")
        let base: Base =
            if case .object = baseValue.content { .inline(try members(baseValue)) } else { .named(try text(baseValue)) }
        var branches: [Union.Branch] = []
        for entry in try object(required("data")) {
            branches.append(Union.Branch(word: entry.key, type: try text(typeValue(entry.value)), place: entry.place))
        }
        return Union(base: base, discriminator: try text(required("discriminator")), branches: branches)
    }

    private func command() throws(SchemaError) -> Command {
        var result: TypeReference?
        if let returns = entry("returns") { result = try type(returns) }
        return Command(
            arguments: try arguments(), result: result,
            allowsOutOfBand: try flag("allow-oob") ?? false, isBuiltIn: try flag("gen") == false)
    }

    private func arguments() throws(SchemaError) -> Arguments {
        let boxed = try flag("boxed") ?? false
        guard let data = entry("data") else {
            if boxed { throw SchemaError(place, "'boxed' needs 'data'") }
            return .none
        }
        if case .object = data.content {
            if boxed { throw SchemaError(place, "'boxed' needs a named type") }
            let members = try members(data)
            return members.isEmpty ? .none : .inline(members)
        }
        return .named(try text(data), boxed: boxed)
    }

    private func members(_ value: SchemaNode) throws(SchemaError) -> [Member] {
        var members: [Member] = []
        for entry in try object(value) {
            let isOptional = entry.key.hasPrefix("*")
            let name = isOptional ? String(entry.key.dropFirst()) : entry.key
            guard !members.contains(where: { $0.name == name }) else {
                throw SchemaError(entry.place, "the member '\(name)' comes twice")
            }
            var member = Member(
                name: name, type: try type(typeValue(entry.value)), isOptional: isOptional, place: entry.place)
            if case .object(let parts) = entry.value.content {
                member.features = try features(parts.first { $0.key == "features" }?.value)
            }
            member.text = try documentedText(name, entry.place)
            members.append(member)
        }
        return members
    }

    /// What the comment says about the member `name`.
    private func documentedText(_ name: String, _ place: SchemaPlace) throws(SchemaError) -> Documentation.Text {
        guard let text = documentation.members.first(where: { $0.name == name })?.text, !text.isEmpty else {
            throw SchemaError(place, "the comment does not say what '@\(name)' is")
        }
        return text
    }

    private func checkDocumentation(of definition: Definition) throws(SchemaError) {
        guard !documentation.body.isEmpty else {
            throw SchemaError(documentation.place, "the comment does not say what '@\(definition.name)' is")
        }
        var known: Set<String> = []
        switch definition.kind {
        case .enumeration(let words): known = Set(words.map(\.name))
        case .structure(_, let members), .alternate(let members): known = Set(members.map(\.name))
        case .union(let union): if case .inline(let members) = union.base { known = Set(members.map(\.name)) }
        case .command(let command):
            if case .inline(let members) = command.arguments { known = Set(members.map(\.name)) }
        case .event(let arguments): if case .inline(let members) = arguments { known = Set(members.map(\.name)) }
        }
        for member in documentation.members where !known.contains(member.name) {
            throw SchemaError(
                documentation.place, "the comment describes '@\(member.name)', which '\(definition.name)' does not have"
            )
        }
    }
}

// The parts of an expression by their form.
extension DefinitionReader {
    private func entry(_ key: String) -> SchemaNode? { entries.first { $0.key == key }?.value }

    private func required(_ key: String) throws(SchemaError) -> SchemaNode {
        guard let value = entry(key) else { throw SchemaError(place, "'\(key)' is missing") }
        return value
    }

    private func flag(_ key: String) throws(SchemaError) -> Bool? {
        guard let value = entry(key) else { return nil }
        guard case .boolean(let flag) = value.content else {
            throw SchemaError(value.place, "'\(key)' must be true or false")
        }
        return flag
    }

    private func text(_ value: SchemaNode) throws(SchemaError) -> String {
        guard case .text(let text) = value.content else { throw SchemaError(value.place, "a text is expected") }
        return text
    }

    private func list(_ value: SchemaNode) throws(SchemaError) -> [SchemaNode] {
        guard case .list(let elements) = value.content else { throw SchemaError(value.place, "a list is expected") }
        return elements
    }

    private func object(_ value: SchemaNode) throws(SchemaError) -> [SchemaEntry] {
        guard case .object(let entries) = value.content else {
            throw SchemaError(value.place, "an object is expected")
        }
        return entries
    }

    /// The type of a member, which is the value itself or its entry `type`.
    private func typeValue(_ value: SchemaNode) throws(SchemaError) -> SchemaNode {
        guard case .object(let entries) = value.content else { return value }
        for entry in entries where entry.key != "type" && entry.key != "features" {
            throw SchemaError(entry.place, "a member has no key '\(entry.key)'")
        }
        guard let type = entries.first(where: { $0.key == "type" }) else {
            throw SchemaError(value.place, "'type' is missing")
        }
        return type.value
    }

    private func type(_ value: SchemaNode) throws(SchemaError) -> TypeReference {
        guard case .list(let elements) = value.content else { return .named(try text(value)) }
        guard elements.count == 1, let element = elements.first else {
            throw SchemaError(value.place, "a list type has exactly one element")
        }
        return .list(of: .named(try text(element)))
    }

    private func features(_ value: SchemaNode?) throws(SchemaError) -> [String] {
        guard let value else { return [] }
        var result: [String] = []
        for element in try list(value) {
            if case .object(let entries) = element.content, let name = entries.first(where: { $0.key == "name" }) {
                result.append(try text(name.value))
            } else {
                result.append(try text(element))
            }
        }
        return result
    }
}
