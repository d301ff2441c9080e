public import QMP

/// The schema about itself.
public enum Introspection {
    /// The reply of `query-qmp-schema`.
    public static let reply: JSONValue = {
        // The texts are ours and tested; an empty list would show there.
        let text = "[" + parts.joined(separator: "\n").dropLast() + "]"
        guard let value = try? JSONStreamParser.parse(text) else { return [] }
        return value
    }()
}
