public import QMP

/// Collects the members of an object to be sent.
public struct ObjectWriter: Sendable {
    private var members: [JSONObject.Member] = []

    /// No members yet.
    public init() {}

    /// The object.
    public var object: JSONObject { JSONObject(members) }

    /// A member; its name must be new.
    public mutating func add(_ name: String, _ value: some SchemaValue) {
        members.append(.init(key: name, value: value.json))
    }

    /// A member, unless it is nil.
    public mutating func add(_ name: String, _ value: (some SchemaValue)?) {
        if let value { members.append(.init(key: name, value: value.json)) }
    }
}
