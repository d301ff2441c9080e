// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// A character device: a console or a monitor.
public struct ChardevInfo: SchemaObject, Hashable {
    /// Its name.
    public var label: String
    /// What it is connected to.
    public var filename: String
    /// Whether something inside uses it (since 2.1).
    public var frontendOpen: Bool

    /// Put together from its members.
    public init(label: String, filename: String, frontendOpen: Bool) {
        self.label = label
        self.filename = filename
        self.frontendOpen = frontendOpen
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        label = try reader.required("label")
        filename = try reader.required("filename")
        frontendOpen = try reader.required("frontend-open")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("label", label)
        writer.add("filename", filename)
        writer.add("frontend-open", frontendOpen)
    }
}
