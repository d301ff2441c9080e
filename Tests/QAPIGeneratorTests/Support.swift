@testable import QAPIGenerator

/// What is generated from one schema file (and others that it includes), by path.
func generate(_ schema: String, _ others: [String: String] = [:]) throws(SchemaError) -> [String: String] {
    var sources = others
    sources["schema.json"] = schema
    let files = try QAPIGenerator.files(from: sources)
    return Dictionary(files.map { ($0.path, $0.text) }, uniquingKeysWith: { first, _ in first })
}

/// The mistake that `schema` is refused for, or "none".
func mistake(_ schema: String, _ others: [String: String] = [:]) -> String {
    do throws(SchemaError) {
        _ = try generate(schema, others)
        return "none"
    } catch {
        return error.description
    }
}

/// A documented definition: `members` are the names that need a word each.
func documented(_ name: String, _ members: [String] = [], _ expression: String) -> String {
    let lines = members.map { "#\n# @\($0): what \($0) is\n" }.joined()
    return "##\n# @\(name):\n#\n# About \(name).\n\(lines)##\n\(expression)\n"
}

func documented(_ name: String, _ expression: String) -> String { documented(name, [], expression) }
