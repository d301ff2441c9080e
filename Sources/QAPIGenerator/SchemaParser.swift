/// A value of the notation, with its place.
struct SchemaNode: Sendable {
    /// What it is.
    indirect enum Content: Sendable {
        case text(String)
        case boolean(Bool)
        case list([SchemaNode])
        case object([SchemaEntry])
    }

    var content: Content
    var place: SchemaPlace
}

/// A key and its value.
struct SchemaEntry: Sendable {
    var key: String
    var value: SchemaNode
    var place: SchemaPlace
}

/// An expression or a comment that stands by itself.
enum SchemaItem: Sendable {
    /// `= Title` and the text below it.
    case section(Documentation)
    /// An expression and what documents it.
    case expression([SchemaEntry], Documentation?, SchemaPlace)
}

/// Turns the tokens of one file into expressions.
struct SchemaParser {
    private var items: ArraySlice<SchemaLexer.Item>

    /// The expressions of `text`, in order.
    static func items(of text: String, file: String) throws(SchemaError) -> [SchemaItem] {
        var parser = SchemaParser(items: try SchemaLexer.tokens(of: text, file: file)[...])
        return try parser.file()
    }

    private mutating func file() throws(SchemaError) -> [SchemaItem] {
        var result: [SchemaItem] = []
        var pending: Documentation?
        while true {
            let next = next()
            switch next.token {
            case .end:
                if let pending { throw SchemaError(pending.place, "nothing follows that this comment documents") }
                return result
            case .documentation(let lines):
                if let pending { throw SchemaError(pending.place, "nothing follows that this comment documents") }
                let documentation = try Documentation(lines: lines, at: next.place)
                if documentation.isSection { result.append(.section(documentation)) } else { pending = documentation }
            case .punctuation("{"):
                result.append(.expression(try object(), pending, next.place))
                pending = nil
            default: throw SchemaError(next.place, "an expression must begin with '{'")
            }
        }
    }

    /// The next token; the last one, `end`, again and again.
    private mutating func next() -> SchemaLexer.Item {
        items.count > 1 ? items.removeFirst() : items[items.startIndex]
    }

    private var peeked: SchemaToken { items[items.startIndex].token }

    private mutating func expect(_ character: Character) throws(SchemaError) {
        let item = next()
        guard item.token == .punctuation(character) else { throw SchemaError(item.place, "'\(character)' is missing") }
    }

    private mutating func value() throws(SchemaError) -> SchemaNode {
        let item = next()
        switch item.token {
        case .text(let text): return SchemaNode(content: .text(text), place: item.place)
        case .boolean(let flag): return SchemaNode(content: .boolean(flag), place: item.place)
        case .punctuation("["): return SchemaNode(content: .list(try list()), place: item.place)
        case .punctuation("{"): return SchemaNode(content: .object(try object()), place: item.place)
        default: throw SchemaError(item.place, "a value is missing")
        }
    }

    private mutating func list() throws(SchemaError) -> [SchemaNode] {
        var elements: [SchemaNode] = []
        if peeked == .punctuation("]") {
            _ = next()
            return elements
        }
        while true {
            elements.append(try value())
            if peeked == .punctuation(",") {
                _ = next()
                continue
            }
            try expect("]")
            return elements
        }
    }

    private mutating func object() throws(SchemaError) -> [SchemaEntry] {
        var entries: [SchemaEntry] = []
        if peeked == .punctuation("}") {
            _ = next()
            return entries
        }
        while true {
            let item = next()
            guard case .text(let key) = item.token else { throw SchemaError(item.place, "a key is missing") }
            guard !entries.contains(where: { $0.key == key }) else {
                throw SchemaError(item.place, "'\(key)' comes twice")
            }
            try expect(":")
            entries.append(SchemaEntry(key: key, value: try value(), place: item.place))
            if peeked == .punctuation(",") {
                _ = next()
                continue
            }
            try expect("}")
            return entries
        }
    }
}
