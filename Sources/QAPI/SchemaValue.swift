public import QMP

/// A value of the schema: read from a request, sent in a reply.
public protocol SchemaValue: Sendable, Hashable {
    /// Reads `json`, which stands at `path`; throws the first mistake in it.
    init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError)
    /// As sent.
    var json: JSONValue { get }
}

/// A value made of named members: a struct or union of the schema.
public protocol SchemaObject: SchemaValue {
    /// Takes its members out of an object, in the order of the schema, and leaves what it does not know.
    init(reading reader: inout ArgumentReader) throws(CommandError)
    /// Adds its members to an object.
    func write(into writer: inout ObjectWriter)
}

extension SchemaObject {
    /// Reads an object that has no other members.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        var reader = try ArgumentReader(json, at: path)
        try self.init(reading: &reader)
        try reader.finish()
    }

    /// As sent.
    public var json: JSONValue {
        var writer = ObjectWriter()
        write(into: &writer)
        return .object(writer.object)
    }

    /// Reads a reply of a server that may be newer: members that are not known here are passed over. Nil if something
    /// is missing or not of its type.
    public init?(reply: JSONValue) {
        do throws(CommandError) {
            try self.init(reply, at: .reply)
        } catch {
            return nil
        }
    }
}

// An enumeration is one of its words.
extension SchemaValue where Self: RawRepresentable, RawValue == String {
    /// Reads a word; it must be one that the enumeration has.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        guard case .string(let word) = json else { throw .invalidType(path, "string") }
        guard let value = Self(rawValue: word) else {
            throw .generic("Parameter '\(path.leaf)' does not accept value '\(word)'")
        }
        self = value
    }

    /// As sent.
    public var json: JSONValue { .string(rawValue) }
}

/// The type whose only value is null.
public struct JSONNull: SchemaValue {
    /// Null.
    public init() {}
}
