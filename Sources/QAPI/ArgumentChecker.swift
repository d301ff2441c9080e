import QMP

/// Holds a client's arguments against a schema.
public enum ArgumentChecker {
    /// Throws the first mistake: each member of the schema in its order, then what the schema does not have.
    public static func check(_ arguments: JSONObject, against members: [ArgumentMember]) throws(CommandError) {
        try check(object: arguments, members, path: "")
    }

    private static func check(
        object: JSONObject, _ members: [ArgumentMember], path: String
    ) throws(CommandError) {
        let prefix = path.isEmpty ? "" : path + "."
        // An index, because a hostile object may have millions of members.
        let index = Dictionary(object.members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        for member in members {
            guard let value = index[member.name] else {
                if member.isOptional { continue }
                throw .generic("Parameter '\(prefix + member.name)' is missing")
            }
            try check(value, member.type, path: prefix + member.name, leaf: member.name)
        }
        let known = Set(members.map(\.name))
        if let stranger = object.members.first(where: { !known.contains($0.key) }) {
            throw .generic("Parameter '\(prefix + stranger.key)' is unexpected")
        }
    }

    /// `path` names the value from the top, `leaf` only within its object; an element of a list has no name there.
    private static func check(
        _ value: JSONValue, _ type: ArgumentType, path: String, leaf: String
    ) throws(CommandError) {
        switch type {
        case .string: if value.string == nil { throw .invalidType(path, "string") }
        case .boolean: if value.boolean == nil { throw .invalidType(path, "boolean") }
        case .integer: if value.integer == nil { throw .invalidType(path, "integer") }
        case .unsigned64: _ = try wrapped(value, path: path)
        case .unsigned32: try checkWidth(value, UInt32.self, "uint32_t", path: path, leaf: leaf)
        case .unsigned8: try checkWidth(value, UInt8.self, "uint8_t", path: path, leaf: leaf)
        case .enumeration(let words):
            guard let word = value.string else { throw .invalidType(path, "string") }
            guard words.contains(word) else {
                throw .generic("Parameter '\(leaf)' does not accept value '\(word)'")
            }
        case .stringOrNull: if value.string == nil && value != .null { throw .invalidType(path, "StrOrNull") }
        case .array(let element):
            guard let elements = value.array else { throw .invalidType(path, "array") }
            for (index, item) in elements.enumerated() {
                try check(item, element, path: "\(path)[\(index)]", leaf: "null")
            }
        case .object(let members):
            guard let object = value.object else { throw .invalidType(path, "object") }
            try check(object: object, members, path: path)
        }
    }

    private static func wrapped(_ value: JSONValue, path: String) throws(CommandError) -> UInt64 {
        guard let number = value.wrappedUnsigned else { throw .generic("Parameter '\(path)' expects uint64") }
        return number
    }

    private static func checkWidth<Width: FixedWidthInteger>(
        _ value: JSONValue, _: Width.Type, _ name: String, path: String, leaf: String
    ) throws(CommandError) {
        guard Width(exactly: try wrapped(value, path: path)) != nil else {
            throw .generic("Parameter '\(leaf)' expects \(name)")
        }
    }
}

extension JSONValue {
    /// A whole number as 64 bits without a sign; a negative one wraps around.
    var wrappedUnsigned: UInt64? {
        switch self {
        case .integer(let value): UInt64(bitPattern: value)
        case .unsigned(let value): value
        default: nil
        }
    }
}

extension CommandError {
    fileprivate static func invalidType(_ path: String, _ expected: String) -> CommandError {
        .generic("Invalid parameter type for '\(path)', expected: \(expected)")
    }
}
