// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// How a guest's network cards make themselves known.
public struct AnnounceParameters: SchemaObject, Hashable {
    /// Milliseconds from the first announcement to the second.
    public var initial: Int64
    /// Longest time between two announcements in milliseconds.
    public var max: Int64
    /// How many announcements are sent.
    public var rounds: Int64
    /// By how many milliseconds the time between two announcements grows.
    public var step: Int64
    /// The network back-ends to announce; all if absent (since 4.1).
    public var interfaces: [String]?
    /// Names this series of announcements: a further command with the same name replaces it, and one with an empty list
    /// of interfaces ends it (since 4.1).
    public var id: String?

    /// Put together from its members.
    public init(
        initial: Int64,
        max: Int64,
        rounds: Int64,
        step: Int64,
        interfaces: [String]? = nil,
        id: String? = nil
    ) {
        self.initial = initial
        self.max = max
        self.rounds = rounds
        self.step = step
        self.interfaces = interfaces
        self.id = id
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        initial = try reader.required("initial")
        max = try reader.required("max")
        rounds = try reader.required("rounds")
        step = try reader.required("step")
        interfaces = try reader.optional("interfaces")
        id = try reader.optional("id")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("initial", initial)
        writer.add("max", max)
        writer.add("rounds", rounds)
        writer.add("step", step)
        writer.add("interfaces", interfaces)
        writer.add("id", id)
    }
}
