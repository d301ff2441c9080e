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
        guard let indicators = HiddenIndicators(text) else {
            throw failure(file, line: nil, "uses every private character of Unicode")
        }
        return try YAMLReader(file: file, indicators: indicators).read()
    }

    private let file: String
    private let indicators: HiddenIndicators

    private func read() throws(ConfigurationError) -> ConfigurationNode {
        let root: Node?
        do {
            root = try Yams.compose(yaml: indicators.text)
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
            throw tooDeep(line: line)
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
                    throw keyIsNoText(line: keyLine)
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
        guard scalar.style == .plain else { return indicators.original(scalar.string) }
        do throws(UnsupportedIndicator) {
            return try indicators.original(ofPlain: scalar.string)
        } catch { throw Self.failure(file, line: line, "\(error)") }
    }

    private func failure(of error: YamlError) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            // The library has a higher limit of its own, and names a function of its own for it.
            guard !problem.hasPrefix("Maximum nesting level") else { return tooDeep(line: mark.line) }
            let hint = isIndentedWithTab(mark.line) ? ": the line begins with a tab; YAML indents with spaces" : ""
            return Self.failure(file, line: mark.line, "is no YAML: \(problem)\(hint)")
        case .reader(let problem, let offset, _, _):
            let text = indicators.text
            let place = text.utf8.index(text.startIndex, offsetBy: offset ?? 0, limitedBy: text.endIndex)
            return Self.failure(
                file, line: Self.line(of: place ?? text.endIndex, in: text), "is no YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            // What the library calls a key that is no scalar.
            guard !duplicates.contains("<uncovertable>") else { return keyIsNoText(line: context.mark.line) }
            let keys = duplicates.prefix(5).map { "'\(visible(indicators.original(String($0.prefix(80)))))'" }
                .joined(separator: ", ")
            return Self.failure(file, line: context.mark.line, "has more than once: \(keys)")
        default:
            return Self.failure(file, line: nil, "is no YAML: \(error)")
        }
    }

    private func keyIsNoText(line: Int) -> ConfigurationError {
        Self.failure(file, line: line, "a key must be plain text")
    }

    private func tooDeep(line: Int) -> ConfigurationError {
        Self.failure(file, line: line, "is nested deeper than \(ConfigurationLimits.depth) levels")
    }

    /// Whether the white space that line `number` begins with has a tab.
    private func isIndentedWithTab(_ number: Int) -> Bool {
        let lines = indicators.text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
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
