import PairLab
import QMP

/// The types and commands of a server, as its `query-qmp-schema` tells them.
struct SchemaModel {
    /// A member of an object.
    struct Member {
        let name: String
        let type: String
        let isOptional: Bool
    }

    /// The members of an object that depend on the value of one of them.
    struct Variants {
        let tag: String
        let cases: [(value: String, type: String)]
    }

    /// What a type holds.
    enum Shape {
        case builtin(String)
        case enumeration([String])
        case array(of: String)
        case object([Member], Variants?)
        case alternate([String])
    }

    /// The shape of each type by its name.
    private(set) var shapes: [String: Shape] = [:]
    /// The type of each command's arguments by the command's name.
    private(set) var arguments: [String: String] = [:]
    /// The commands that may be executed out of band.
    private(set) var outOfBand: Set<String> = []

    /// Reads the reply of `query-qmp-schema`.
    init(_ schema: JSONValue) throws {
        guard let entries = schema.array, !entries.isEmpty else { throw LabError("no schema") }
        for entry in entries { try take(entry) }
    }

    private mutating func take(_ entry: JSONValue) throws {
        guard let name = entry["name"]?.string, let kind = entry["meta-type"]?.string else {
            throw LabError("schema entry \(entry.text())")
        }
        switch kind {
        case "command":
            arguments[name] = entry["arg-type"]?.string
            if entry["allow-oob"] == true { outOfBand.insert(name) }
        case "builtin": shapes[name] = .builtin(name)
        case "enum": shapes[name] = .enumeration(entry["values"]?.array?.compactMap(\.string) ?? [])
        case "array": shapes[name] = .array(of: entry["element-type"]?.string ?? "")
        case "object": shapes[name] = .object(Self.members(entry), Self.variants(entry))
        case "alternate": shapes[name] = .alternate(entry["members"]?.array?.compactMap { $0["type"]?.string } ?? [])
        default: break
        }
    }

    private static func members(_ entry: JSONValue) -> [Member] {
        (entry["members"]?.array ?? []).compactMap { member in
            guard let name = member["name"]?.string, let type = member["type"]?.string else { return nil }
            return Member(name: name, type: type, isOptional: member["default"] != nil)
        }
    }

    private static func variants(_ entry: JSONValue) -> Variants? {
        guard let tag = entry["tag"]?.string, let cases = entry["variants"]?.array else { return nil }
        return Variants(
            tag: tag,
            cases: cases.compactMap { variant in
                guard let value = variant["case"]?.string, let type = variant["type"]?.string else { return nil }
                return (value, type)
            })
    }
}
