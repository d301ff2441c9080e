import Yams

/// YAML text to a tree with line numbers; the only place that knows the YAML library.
enum YAMLReader {
    /// The tree of `text`. Throws one problem, with its line, for text that is no YAML mapping, is nested too deep, has
    /// a key twice, or holds more than one document.
    static func read(_ text: String, file: String) throws(ConfigurationError) -> ConfigurationNode {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw ConfigurationError(problems: [problem(of: error, file: file)])
        } catch {
            throw failure(file, line: nil, "is no YAML: \(error)")
        }
        guard let root else { throw failure(file, line: nil, "is empty; expected a mapping with 'guest'") }
        guard case .mapping = root else {
            throw failure(file, line: root.mark?.line, "expected a mapping with 'guest' at the top")
        }
        return try convert(root, parentLine: 1, depth: 0, file: file)
    }

    private static func convert(
        _ node: Node, parentLine: Int, depth: Int, file: String
    ) throws(ConfigurationError) -> ConfigurationNode {
        let line = node.mark?.line ?? parentLine
        guard depth < ConfigurationLimits.depth else {
            throw failure(file, line: line, "is nested deeper than \(ConfigurationLimits.depth) levels")
        }
        let content: ConfigurationNode.Content
        switch node {
        case .scalar(let scalar):
            content = node.null != nil && scalar.style == .plain ? .empty : .scalar(scalar.string)
        case .sequence(let sequence):
            var items: [ConfigurationNode] = []
            for item in sequence {
                items.append(try convert(item, parentLine: line, depth: depth + 1, file: file))
            }
            content = .sequence(items)
        case .mapping(let mapping):
            var entries: [ConfigurationNode.Entry] = []
            for (key, value) in mapping {
                let keyLine = key.mark?.line ?? line
                guard let name = key.scalar?.string else {
                    throw failure(file, line: keyLine, "a key must be plain text")
                }
                let converted = try convert(value, parentLine: keyLine, depth: depth + 1, file: file)
                entries.append(ConfigurationNode.Entry(key: name, origin: .line(keyLine), value: converted))
            }
            content = .mapping(entries)
        case .alias:
            throw failure(file, line: line, "an alias that stands for nothing")
        }
        return ConfigurationNode(origin: .line(line), content: content)
    }

    private static func problem(of error: YamlError, file: String) -> ConfigurationProblem {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return failure(file, line: mark.line, "is no YAML: \(problem)").problems[0]
        case .reader(let problem, let offset, _, let yaml):
            let before = yaml.utf8.prefix(offset ?? 0)
            let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
            return failure(file, line: line, "is no YAML: \(problem)").problems[0]
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "'\($0)'" }.joined(separator: ", ")
            return failure(file, line: context.mark.line, "has more than once: \(keys)").problems[0]
        default:
            return failure(file, line: nil, "is no YAML: \(error)").problems[0]
        }
    }

    private static func failure(_ file: String, line: Int?, _ message: String) -> ConfigurationError {
        let place = line.map { "\(file):\($0)" } ?? file
        return ConfigurationError(problems: [ConfigurationProblem(place: place, key: "", message: message)])
    }
}
