/// What the files of a schema say, checked.
struct Schema: Sendable {
    /// A file of the schema.
    struct Topic: Sendable {
        /// The file's name without `.json`.
        var name: String
        var items: [Item] = []
    }

    /// What a topic consists of, in order.
    enum Item: Sendable {
        case section(Documentation)
        case definition(Definition)
    }

    /// The files in the order in which they are included.
    var topics: [Topic] = []
    /// Types by name.
    var types: [String: Definition] = [:]

    /// All definitions in order.
    var definitions: [Definition] { topics.flatMap(\.definitions) }

    /// Reads `root` and what it includes from `sources` (texts by file name).
    static func load(root: String, from sources: [String: String]) throws(SchemaError) -> Schema {
        var loader = SchemaLoader(sources: sources)
        try loader.load(root, includedAt: SchemaPlace(file: root, line: 1))
        try SchemaChecker(schema: loader.schema).check()
        return loader.schema
    }
}

extension Schema.Topic {
    /// What the file defines.
    var definitions: [Definition] {
        items.compactMap { if case .definition(let definition) = $0 { definition } else { nil } }
    }
}

extension Schema {
    /// The members of a struct or union as a flat list, those of the base first, without those of the branches.
    func members(of name: String) -> [Member] {
        switch types[name]?.kind {
        case .structure(let base, let members): (base.map(self.members(of:)) ?? []) + members
        case .union(let union): members(of: union.base)
        default: []
        }
    }

    /// The members of a base that is named or written out.
    func members(of base: Base) -> [Member] {
        switch base {
        case .named(let name): members(of: name)
        case .inline(let members): members
        }
    }

    /// The arguments of a command or the data of an event as a flat list.
    func members(of arguments: Arguments) -> [Member] {
        switch arguments {
        case .none: []
        case .inline(let members): members
        case .named(let name, _): members(of: name)
        }
    }

    /// The words of the enumeration `name`.
    func words(of name: String) -> [EnumerationWord] {
        if case .enumeration(let words) = types[name]?.kind { words } else { [] }
    }

    /// The enumeration that decides which branch of `union` holds.
    func tag(of union: Union) -> (member: Member, enumeration: String)? {
        guard let member = members(of: union.base).first(where: { $0.name == union.discriminator }),
            case .named(let enumeration) = member.type
        else { return nil }
        return (member, enumeration)
    }

    /// The types that a command or event needs, and those that they need in turn.
    var usedTypes: Set<String> {
        var open: [String] = []
        for definition in definitions {
            switch definition.kind {
            case .command(let command):
                open += names(in: command.arguments) + (command.result.map { [$0.root] } ?? [])
            case .event(let arguments): open += names(in: arguments)
            default: break
            }
        }
        var used: Set<String> = []
        while let name = open.popLast() {
            guard let type = types[name], used.insert(name).inserted else { continue }
            open += members(of: name).map(\.type.root)
            switch type.kind {
            case .union(let union): open += union.branches.map(\.type)
            case .alternate(let branches): open += branches.map(\.type.root)
            default: break
            }
        }
        return used
    }

    private func names(in arguments: Arguments) -> [String] {
        switch arguments {
        case .none: []
        case .inline(let members): members.map(\.type.root)
        case .named(let name, boxed: true): [name]
        case .named(let name, boxed: false): members(of: name).map(\.type.root)
        }
    }
}
