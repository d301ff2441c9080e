/// Collects the problems of one reading.
final class ProblemList {
    private var found: [(line: Int, problem: ConfigurationProblem)] = []
    private let file: String

    /// What was noted: flags first, then line by line.
    var problems: [ConfigurationProblem] {
        found.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element.problem)
    }

    init(file: String) { self.file = file }

    /// Whether no more problems are taken.
    var isFull: Bool { found.count >= ConfigurationLimits.problems }

    /// Whether a problem with `key` itself or with something below it was noted.
    func concern(_ key: String) -> Bool {
        found.contains { entry in
            guard entry.problem.key.hasPrefix(key) else { return false }
            let rest = entry.problem.key.dropFirst(key.count)
            return rest.isEmpty || rest.hasPrefix(".") || rest.hasPrefix("[")
        }
    }

    /// Notes a problem; those past the limit are dropped.
    func add(_ origin: Origin, _ key: String, _ message: String) {
        guard !isFull else { return }
        let line = if case .line(let number) = origin { number } else { 0 }
        let problem = ConfigurationProblem(place: origin.place(inFile: file), key: key, message: message)
        found.append((line, problem))
    }
}

/// One mapping of the configuration, read key by key. Every read that fails notes a problem and returns nothing, so that
/// reading goes on and the operator learns of all problems at once.
struct Section {
    /// The keys of the parents, joined with dots; empty at the top.
    let path: String
    /// Where the mapping starts.
    let origin: Origin
    /// Whether there is a mapping at all; where there is none, that is the problem, and not the keys that it lacks.
    let isMapping: Bool
    private let entries: [ConfigurationNode.Entry]
    private let problems: ProblemList

    /// The section of `node`, which may have only `keys` and starts at `origin` (by default where `node` does).
    init(
        _ node: ConfigurationNode, path: String, keys: [String], problems: ProblemList, origin: Origin? = nil
    ) {
        self.path = path
        self.origin = origin ?? node.origin
        self.problems = problems
        entries = node.entries
        isMapping = if case .mapping = node.content { true } else { false }
        if isMapping {
            noteUnknownKeys(keys)
        } else {
            problems.add(self.origin, path, "expected a mapping with \(Self.list(keys))")
        }
    }

    /// The key with its parents.
    func fullKey(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Whether the mapping has the key.
    func has(_ key: String) -> Bool { entry(key) != nil }

    /// Whether nothing was found wrong with the key so far, or with what is below it: only then do rules that concern
    /// more than one key mean anything.
    func isSound(_ key: String) -> Bool { !problems.concern(fullKey(key)) }

    /// Where the key stands, or the section if it is missing.
    func origin(of key: String) -> Origin { entry(key)?.origin ?? origin }

    /// Notes a problem with a key.
    func problem(_ key: String, _ message: String) { problems.add(origin(of: key), fullKey(key), message) }

    /// The value of a key that may be missing.
    func optional<Value>(_ key: String, _ kind: ValueKind<Value>) -> Value? {
        guard let entry = entry(key) else { return nil }
        return read(entry.value, fullKey(key), entry.origin, kind)
    }

    /// The value of a key, or `standard` if it is missing (or wrong, which is noted).
    func value<Value>(_ key: String, _ kind: ValueKind<Value>, default standard: Value) -> Value {
        optional(key, kind) ?? standard
    }

    /// The value of a key that must be there; `placeholder` only if a problem was noted.
    func required<Value>(_ key: String, _ kind: ValueKind<Value>, placeholder: Value) -> Value {
        guard has(key) else {
            if isMapping { problem(key, "is missing; expected \(kind.expected)") }
            return placeholder
        }
        return optional(key, kind) ?? placeholder
    }

    /// The mapping under a key; nil if the key is missing, which is a problem only if it is `required`.
    func section(_ key: String, keys: [String], required: Bool = false) -> Section? {
        guard let entry = entry(key) else {
            if required, isMapping { problem(key, "is missing; expected a mapping with \(Self.list(keys))") }
            return nil
        }
        return Section(entry.value, path: fullKey(key), keys: keys, problems: problems, origin: entry.origin)
    }

    /// The values of a list of scalars; empty if the key is missing.
    func list<Value>(_ key: String, _ kind: ValueKind<Value>, limit: Int) -> [Value] {
        items(key, limit: limit, of: kind.expected).compactMap { item, path in read(item, path, item.origin, kind) }
    }

    /// The mappings of a list; empty if the key is missing.
    func sections(_ key: String, keys: [String], limit: Int) -> [Section] {
        items(key, limit: limit, of: "mappings with \(Self.list(keys))").map { item, path in
            Section(item, path: path, keys: keys, problems: problems)
        }
    }

    /// The mappings under a key that holds one of them or a list; empty if the key is missing. A scalar in the place of
    /// a mapping stands for one with the key `short` alone.
    func oneOrMore(_ key: String, short: String, keys: [String], limit: Int) -> [Section] {
        guard let entry = entry(key) else { return [] }
        let all: [(ConfigurationNode, String)]
        if case .sequence = entry.value.content {
            all = items(key, limit: limit, of: "mappings with \(Self.list(keys))")
        } else {
            all = [(entry.value, fullKey(key))]
        }
        return all.map { node, path in
            var node = node
            switch node.content {
            case .scalar, .empty: node.content = .mapping([.init(key: short, origin: node.origin, value: node)])
            case .sequence, .mapping: break
            }
            return Section(node, path: path, keys: keys, problems: problems)
        }
    }

    private func items(_ key: String, limit: Int, of what: String) -> [(ConfigurationNode, String)] {
        guard let entry = entry(key) else { return [] }
        guard case .sequence(let items) = entry.value.content else {
            problem(key, "expected a list of \(what)")
            return []
        }
        if items.count > limit { problem(key, "has \(items.count) items; expected at most \(limit)") }
        return items.prefix(limit).enumerated().map { ($1, "\(fullKey(key))[\($0)]") }
    }

    private func read<Value>(
        _ node: ConfigurationNode, _ key: String, _ origin: Origin, _ kind: ValueKind<Value>
    ) -> Value? {
        switch node.content {
        case .scalar(let text):
            if let value = kind.parse(text) { return value }
            let why = kind.objection(text) ?? "expected \(kind.expected)"
            problems.add(node.origin, key, "'\(Self.shortened(text))' is not valid; \(why)")
        case .empty: problems.add(origin, key, "has no value; expected \(kind.expected)")
        case .sequence: problems.add(node.origin, key, "is a list; expected \(kind.expected)")
        case .mapping: problems.add(node.origin, key, "is a mapping; expected \(kind.expected)")
        }
        return nil
    }

    private func entry(_ key: String) -> ConfigurationNode.Entry? { entries.first { $0.key == key } }

    private func noteUnknownKeys(_ keys: [String]) {
        for entry in entries where !keys.contains(entry.key) && !problems.isFull {
            let hint = closest(to: entry.key, in: keys).map { "did you mean '\($0)'? " } ?? ""
            problems.add(
                entry.origin, fullKey(Self.shortened(entry.key)),
                "unknown key; \(hint)expected one of \(Self.list(keys))")
        }
    }

    private static func list(_ keys: [String]) -> String { keys.joined(separator: ", ") }

    private static func shortened(_ text: String) -> String {
        visible(text.utf8.count <= 80 ? text : "\(text.prefix(77))...")
    }
}

/// `text` without characters that a terminal would obey: those are written as Swift writes them in source code.
func visible(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
        let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
        result += isControl ? scalar.escaped(asASCII: true) : String(scalar)
    }
}
