// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// A text, or null where "no value" has to be told apart from "leave it as it is".
public enum StrOrNull: SchemaValue, Hashable {
    /// The text.
    case s(String)
    /// No value.
    case n

    /// As read from a request.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        switch json {
        case .string: self = .s(try String(json, at: path))
        case .null: self = .n
        default: throw .invalidType(path, "StrOrNull")
        }
    }

    /// As sent.
    public var json: JSONValue {
        switch self {
        case .s(let value): value.json
        case .n: .null
        }
    }
}
