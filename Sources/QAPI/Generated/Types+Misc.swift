// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// The guest's name.
public struct NameInfo: SchemaObject, Hashable {
    /// The name; absent if none is configured.
    public var name: String?

    /// Put together from its members.
    public init(name: String? = nil) {
        self.name = name
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.optional("name")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
    }
}

/// A thread set aside for devices.
public struct IOThreadInfo: SchemaObject, Hashable {
    /// Its identifier.
    public var id: String
    /// Its number in the host's list of threads.
    public var threadId: Int64
    /// For how many nanoseconds at most it polls before it sleeps; 0 for not at all (since 2.9).
    public var pollMaxNs: Int64
    /// By which factor that time grows; 0 for the default (since 2.9).
    public var pollGrow: Int64
    /// By which factor that time shrinks; 0 for the default (since 2.9).
    public var pollShrink: Int64
    /// How many requests it submits at once at most; 0 for the default (since 6.1).
    public var aioMaxBatch: Int64

    /// Put together from its members.
    public init(id: String, threadId: Int64, pollMaxNs: Int64, pollGrow: Int64, pollShrink: Int64, aioMaxBatch: Int64) {
        self.id = id
        self.threadId = threadId
        self.pollMaxNs = pollMaxNs
        self.pollGrow = pollGrow
        self.pollShrink = pollShrink
        self.aioMaxBatch = aioMaxBatch
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        id = try reader.required("id")
        threadId = try reader.required("thread-id")
        pollMaxNs = try reader.required("poll-max-ns")
        pollGrow = try reader.required("poll-grow")
        pollShrink = try reader.required("poll-shrink")
        aioMaxBatch = try reader.required("aio-max-batch")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("id", id)
        writer.add("thread-id", threadId)
        writer.add("poll-max-ns", pollMaxNs)
        writer.add("poll-grow", pollGrow)
        writer.add("poll-shrink", pollShrink)
        writer.add("aio-max-batch", aioMaxBatch)
    }
}
