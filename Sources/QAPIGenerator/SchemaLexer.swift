/// A word of the notation.
enum SchemaToken: Sendable, Hashable {
    /// One of `{ } [ ] : ,`.
    case punctuation(Character)
    /// A text in single quotes.
    case text(String)
    /// `true` or `false`.
    case boolean(Bool)
    /// The lines between two lines `##`, without their `#`.
    case documentation([String])
    /// The end of the file.
    case end
}

/// Cuts a schema file into tokens, line by line.
struct SchemaLexer {
    /// A token and where it stands.
    struct Item: Sendable {
        var token: SchemaToken
        var place: SchemaPlace
    }

    /// All tokens of `text`, the last one `end`.
    static func tokens(of text: String, file: String) throws(SchemaError) -> [Item] {
        var items: [Item] = []
        var documentation: (lines: [String], place: SchemaPlace)?
        var place = SchemaPlace(file: file, line: 0)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines {
            place.line += 1
            if let block = documentation {
                // What follows the last line end is no line.
                if line.isEmpty, place.line == lines.count { break }
                if line == "##" {
                    items.append(Item(token: .documentation(block.lines), place: block.place))
                    documentation = nil
                } else {
                    documentation?.lines.append(try content(of: line, place))
                }
            } else if line == "##" {
                documentation = ([], place)
            } else {
                try scan(line, place, into: &items)
            }
        }
        if let documentation { throw SchemaError(documentation.place, "the comment that begins here has no end") }
        items.append(Item(token: .end, place: place))
        return items
    }

    /// A line of a documentation block without its `#` and the blank after it.
    private static func content(of line: Substring, _ place: SchemaPlace) throws(SchemaError) -> String {
        guard line.hasPrefix("#") else { throw SchemaError(place, "a line between two '##' must begin with '#'") }
        let rest = line.dropFirst()
        guard let first = rest.first else { return "" }
        guard first == " " else { throw SchemaError(place, "a blank is missing after '#'") }
        return String(rest.dropFirst())
    }

    private static func scan(_ line: Substring, _ place: SchemaPlace, into items: inout [Item]) throws(SchemaError) {
        var rest = line
        while let first = rest.first {
            switch first {
            case " ": rest.removeFirst()
            case "#": return
            case "{", "}", "[", "]", ":", ",":
                items.append(Item(token: .punctuation(first), place: place))
                rest.removeFirst()
            case "'":
                let body = rest.dropFirst()
                guard let end = body.firstIndex(of: "'") else { throw SchemaError(place, "a text has no end") }
                items.append(Item(token: .text(String(body[..<end])), place: place))
                rest = body[body.index(after: end)...]
            default:
                let word = rest.prefix { $0.isLetter }
                guard word == "true" || word == "false" else {
                    throw SchemaError(place, "stray '\(word.isEmpty ? String(first) : String(word))'")
                }
                items.append(Item(token: .boolean(word == "true"), place: place))
                rest = rest.dropFirst(word.count)
            }
        }
    }
}
