/// Names of the wire as names of Swift.
enum SwiftName {
    /// "migrate_cancel" is migrateCancel, "x-colo" is xColo, "MIGRATION_PASS" is migrationPass, "2.0" is n20.
    static func lowerCamel(_ name: String) -> String {
        let pieces = name.split { $0 == "-" || $0 == "_" || $0 == "." || $0 == ":" || $0 == "/" }.map(String.init)
        var result = ""
        for piece in pieces {
            let isCapitals = piece.allSatisfy { $0.isUppercase || $0.isNumber }
            let word = isCapitals ? piece.lowercased() : piece
            result += result.isEmpty ? word.prefix(1).lowercased() + word.dropFirst() : capitalised(word)
        }
        if let first = result.first, first.isNumber { result = "n" + result }
        return result
    }

    /// The name as it is written in a declaration or an expression.
    static func escaped(_ name: String) -> String {
        let name = lowerCamel(name)
        return keywords.contains(name) ? "`\(name)`" : name
    }

    /// "run-state" is RunState.
    static func upperCamel(_ name: String) -> String { capitalised(lowerCamel(name)) }

    private static func capitalised(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }

    private static let keywords: Set<String> = [
        "associatedtype", "class", "deinit", "enum", "extension", "fileprivate", "func", "import", "init", "inout",
        "internal", "let", "open", "operator", "private", "precedencegroup", "protocol", "public", "rethrows", "static",
        "struct", "subscript", "typealias", "var", "break", "case", "catch", "continue", "default", "defer", "do",
        "else", "fallthrough", "for", "guard", "if", "in", "repeat", "return", "throw", "switch", "where", "while",
        "as", "false", "is", "nil", "self", "super", "throws", "true", "try",
    ]

    /// The Swift type of a value.
    static func type(_ type: TypeReference) -> String {
        switch type {
        case .list(let element): "[\(self.type(element))]"
        case .named(let name): builtIn[name] ?? name
        }
    }

    private static let builtIn = [
        "str": "String", "int": "Int64", "number": "Double", "bool": "Bool", "null": "JSONNull", "any": "JSONValue",
        "size": "UInt64", "int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64", "uint8": "UInt8",
        "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
    ]

    /// The Swift type of a member.
    static func type(of member: Member) -> String { type(member.type) + (member.isOptional ? "?" : "") }
}
