/// Turns expressions into definitions, file by file.
struct SchemaLoader {
    let sources: [String: String]
    private(set) var schema = Schema()
    private var loaded: Set<String> = []
    private var names: [String: SchemaPlace] = [:]

    init(sources: [String: String]) { self.sources = sources }

    /// Takes in the file `name`, unless it was taken in before. What it includes comes after it.
    mutating func load(_ name: String, includedAt place: SchemaPlace) throws(SchemaError) {
        guard loaded.insert(name).inserted else { return }
        guard let text = sources[name], name.hasSuffix(".json") else {
            throw SchemaError(place, "there is no file '\(name)'")
        }
        let index = schema.topics.count
        schema.topics.append(Schema.Topic(name: String(name.dropLast(".json".count))))
        for item in try SchemaParser.items(of: text, file: name) {
            switch item {
            case .section(let documentation): schema.topics[index].items.append(.section(documentation))
            case .expression(let entries, let documentation, let place):
                if let included = entries.first, included.key == "include" {
                    try load(try self.text(of: included.value), includedAt: place)
                    continue
                }
                let definition = try DefinitionReader(entries: entries, documentation: documentation, place: place)
                    .definition()
                try remember(definition)
                schema.topics[index].items.append(.definition(definition))
            }
        }
    }

    private mutating func remember(_ definition: Definition) throws(SchemaError) {
        if let before = names[definition.name] {
            throw SchemaError(
                definition.place, "'\(definition.name)' is defined already, at \(before.file):\(before.line)")
        }
        names[definition.name] = definition.place
        if definition.isType { schema.types[definition.name] = definition }
    }

    private func text(of value: SchemaNode) throws(SchemaError) -> String {
        guard case .text(let text) = value.content else { throw SchemaError(value.place, "a text is expected") }
        return text
    }
}
