/// What a documentation block says.
struct Documentation: Sendable {
    /// Paragraphs, each of them one line.
    typealias Text = [String]

    /// What has a line of its own in the reference.
    struct Example: Sendable {
        var lines: [String]
    }

    var place: SchemaPlace
    /// What it documents; the title of a section.
    var name: String
    var isSection = false
    /// 1 for `=`, 2 for `==`.
    var level = 1
    var body: Text = []
    /// In the order written.
    var members: [(name: String, text: Text)] = []
    var features: [(name: String, text: Text)] = []
    /// `Returns`, `Errors`, `Note`.
    var sections: [(name: String, text: Text)] = []
    var since: String?
    var examples: [Example] = []

    init(lines: [String], at place: SchemaPlace) throws(SchemaError) {
        self.place = place
        guard let first = lines.first else { throw SchemaError(place, "an empty comment documents nothing") }
        if first.hasPrefix("=") {
            isSection = true
            level = first.prefix { $0 == "=" }.count
            name = String(first.drop { $0 == "=" || $0 == " " })
            body = Self.paragraphs(lines.dropFirst().map { $0 })
            return
        }
        guard first.hasPrefix("@"), first.hasSuffix(":") else {
            throw SchemaError(place, "the comment must begin with '@NAME:' or '= TITLE'")
        }
        name = String(first.dropFirst().dropLast())
        var reader = Reader(place: place)
        for (index, line) in lines.enumerated().dropFirst() {
            reader.place.line = place.line + 1 + index
            try reader.take(line)
        }
        reader.finish(into: &self)
    }

    /// Lines joined into paragraphs at the empty ones. A line that begins with `-` or `*` begins a paragraph.
    static func paragraphs(_ lines: [String]) -> Text {
        var result: Text = []
        var open = false
        for line in lines {
            let words = line.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
            if words.isEmpty {
                open = false
            } else if open, !words.hasPrefix("- "), !words.hasPrefix("* ") {
                result[result.count - 1] += " " + words
            } else {
                result.append(words)
                open = true
            }
        }
        return result
    }
}

extension Documentation {
    /// Sorts the lines of a block into its parts.
    private struct Reader {
        private enum Part {
            case body
            case member(String)
            case feature(String)
            case section(String)
            case example
        }

        var place: SchemaPlace
        private var parts: [(part: Part, lines: [String])] = [(.body, [])]
        private var inFeatures = false
        private var names: Set<String> = []

        init(place: SchemaPlace) { self.place = place }

        private static let headings = [
            "Returns", "Since", "Errors", "Error", "Note", "Notes", "Example", "Examples", "Features",
        ]

        mutating func take(_ line: String) throws(SchemaError) {
            if line.hasPrefix("@"), let colon = line.firstIndex(of: ":") {
                let name = String(line[line.index(after: line.startIndex)..<colon])
                if name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }), !name.isEmpty {
                    let key = (inFeatures ? "feature " : "") + name
                    guard names.insert(key).inserted else {
                        throw SchemaError(place, "'@\(name)' is documented twice")
                    }
                    begin(inFeatures ? .feature(name) : .member(name), rest(of: line, after: colon))
                    return
                }
            }
            if let colon = line.firstIndex(of: ":"), Self.headings.contains(String(line[..<colon])) {
                let heading = String(line[..<colon])
                inFeatures = heading == "Features"
                switch heading {
                case "Features": begin(.body, "")
                case "Example", "Examples": begin(.example, rest(of: line, after: colon))
                default: begin(.section(heading), rest(of: line, after: colon))
                }
                return
            }
            leaveTagAtPlainText(line)
            parts[parts.count - 1].lines.append(line)
        }

        /// A paragraph without indentation after an empty line is not part of the member before it.
        private mutating func leaveTagAtPlainText(_ line: String) {
            guard let first = line.first, first != " ", parts.last?.lines.last == "" else { return }
            switch parts.last?.part {
            case .member, .feature, .section:
                inFeatures = false
                begin(.body, "")
            default: break
            }
        }

        private func rest(of line: String, after colon: String.Index) -> String {
            String(line[line.index(after: colon)...].drop { $0 == " " })
        }

        private mutating func begin(_ part: Part, _ first: String) {
            parts.append((part, first.isEmpty ? [] : [first]))
        }

        func finish(into documentation: inout Documentation) {
            for (part, lines) in parts {
                let text = Documentation.paragraphs(lines)
                switch part {
                case .body: documentation.body += text
                case .member(let name): documentation.members.append((name, text))
                case .feature(let name): documentation.features.append((name, text))
                case .section("Since"): documentation.since = text.joined(separator: " ")
                case .section(let name): documentation.sections.append((name, text))
                case .example:
                    let trimmed = trim(lines)
                    if !trimmed.isEmpty { documentation.examples.append(Example(lines: trimmed)) }
                }
            }
        }

        /// Without empty lines at both ends.
        private func trim(_ lines: [String]) -> [String] {
            var result = lines[...]
            while result.first == "" { result.removeFirst() }
            while result.last == "" { result.removeLast() }
            return Array(result)
        }
    }
}
