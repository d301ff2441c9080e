import Yams

/// YAML text to a tree with line numbers; the only place that knows the YAML library.
struct YAMLReader {
    /// The tree of `text`. Throws one problem, with its line, for text that is no YAML mapping, is nested too deep, uses
    /// aliases, has a key twice, or holds more than one document.
    static func read(_ text: String, file: String) throws(ConfigurationError) -> ConfigurationNode {
        // A byte order mark says nothing about UTF-8, and some editors write one.
        let text = text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
        if let zero = text.utf8.firstIndex(of: 0) {
            throw failure(file, line: line(of: zero, in: text), "has a zero byte; expected UTF-8 text")
        }
        guard let aliases = HiddenAliases(text) else {
            throw failure(file, line: nil, "uses every private character of Unicode")
        }
        return try YAMLReader(file: file, aliases: aliases).read()
    }

    private let file: String
    private let aliases: HiddenAliases

    private func read() throws(ConfigurationError) -> ConfigurationNode {
        let root: Node?
        do {
            root = try Yams.compose(yaml: aliases.text)
        } catch let error as YamlError {
            throw failure(of: error)
        } catch {
            throw Self.failure(file, line: nil, "is no YAML: \(error)")
        }
        guard let root else { throw Self.failure(file, line: nil, "is empty; expected a mapping with 'guest'") }
        guard case .mapping = root else {
            throw Self.failure(file, line: root.mark?.line, "expected a mapping with 'guest' at the top")
        }
        return try convert(root, parentLine: 1, depth: 0)
    }

    private func convert(
        _ node: Node, parentLine: Int, depth: Int
    ) throws(ConfigurationError) -> ConfigurationNode {
        let line = node.mark?.line ?? parentLine
        guard depth < ConfigurationLimits.depth else {
            throw Self.failure(file, line: line, "is nested deeper than \(ConfigurationLimits.depth) levels")
        }
        let content: ConfigurationNode.Content
        switch node {
        case .scalar(let scalar):
            let text = try text(of: scalar, line: line)
            content = node.null != nil && scalar.style == .plain ? .empty : .scalar(text)
        case .sequence(let sequence):
            var items: [ConfigurationNode] = []
            for item in sequence { items.append(try convert(item, parentLine: line, depth: depth + 1)) }
            content = .sequence(items)
        case .mapping(let mapping):
            var entries: [ConfigurationNode.Entry] = []
            for (key, value) in mapping {
                let keyLine = key.mark?.line ?? line
                guard let scalar = key.scalar else {
                    throw Self.failure(file, line: keyLine, "a key must be plain text")
                }
                let name = try text(of: scalar, line: keyLine)
                let converted = try convert(value, parentLine: keyLine, depth: depth + 1)
                entries.append(ConfigurationNode.Entry(key: name, origin: .line(keyLine), value: converted))
            }
            content = .mapping(entries)
        case .alias:
            throw Self.failure(file, line: line, "an alias that stands for nothing")
        }
        return ConfigurationNode(origin: .line(line), content: content)
    }

    private func text(of scalar: Node.Scalar, line: Int) throws(ConfigurationError) -> String {
        let text = aliases.original(scalar.string)
        guard scalar.style != .plain || !aliases.isAlias(scalar.string) else {
            let name = visible(String(text.prefix(40)))
            throw Self.failure(file, line: line, "has the alias '\(name)'; write out what it stands for")
        }
        return text
    }

    private func failure(of error: YamlError) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let hint = isIndentedWithTab(mark.line) ? ": the line begins with a tab; YAML indents with spaces" : ""
            return Self.failure(file, line: mark.line, "is no YAML: \(problem)\(hint)")
        case .reader(let problem, let offset, _, _):
            let text = aliases.text
            let place = text.utf8.index(text.startIndex, offsetBy: offset ?? 0, limitedBy: text.endIndex)
            return Self.failure(
                file, line: Self.line(of: place ?? text.endIndex, in: text), "is no YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.prefix(5).map { "'\(visible(aliases.original(String($0.prefix(80)))))'" }
                .joined(separator: ", ")
            return Self.failure(file, line: context.mark.line, "has more than once: \(keys)")
        default:
            return Self.failure(file, line: nil, "is no YAML: \(error)")
        }
    }

    /// Whether the white space that line `number` begins with has a tab.
    private func isIndentedWithTab(_ number: Int) -> Bool {
        let lines = aliases.text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(number - 1) else { return false }
        let blank = lines[number - 1].prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        return blank.contains(UInt8(ascii: "\t"))
    }

    private static func line(of place: String.Index, in text: String) -> Int {
        text.utf8[..<place].reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
    }

    private static func failure(_ file: String, line: Int?, _ message: String) -> ConfigurationError {
        let place = line.map { "\(file):\($0)" } ?? file
        return ConfigurationError(problems: [ConfigurationProblem(place: place, key: "", message: message)])
    }
}
