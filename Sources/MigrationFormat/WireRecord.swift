public import ByteCoding

/// A record of the wire as a value: its bytes, and the bounded way back.
///
/// A record is what stands in front of a payload that is large (a page, a block of a disk): the payload goes to its
/// place without passing through the value, and `payloadSize` of such a record says how long it is.
public protocol WireRecord: Equatable, Sendable {
    /// Appends the record's bytes.
    func write(to writer: inout ByteWriter)
    /// Reads the record that begins `start` bytes from the window's front, and takes nothing. Throws for bytes that are
    /// no such record, and for lengths beyond the limits of the format.
    static func read(_ window: ByteWindow, at start: Int) throws(StreamError) -> Reading<Self>
}

/// How far a record could be read.
public enum Reading<Value: Sendable>: Sendable {
    /// The window must hold that many bytes, counted from its front, before more can be said.
    case needBytes(Int)
    /// The value, and where it ends, counted from the window's front.
    case complete(Value, end: Int)

    /// The same reading of a value made from this one.
    func map<Other>(_ body: (Value) throws(StreamError) -> Other) throws(StreamError) -> Reading<Other> {
        switch self {
        case .needBytes(let count): .needBytes(count)
        case .complete(let value, let end): .complete(try body(value), end: end)
        }
    }
}

extension WireRecord {
    /// The record's bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Takes the record at the front of a window; what is not wholly there stays.
    public static func take(from window: inout ByteWindow) throws(StreamError) -> Reading<Self> {
        let reading = try read(window, at: 0)
        if case .complete(_, let end) = reading { window.skip(end) }
        return reading
    }
}

extension ByteWindow {
    /// A `str8` at `index`.
    func string8(_ index: Int) -> Reading<String> {
        guard available > index else { return .needBytes(index + 1) }
        let end = index + 1 + Int(byte(index))
        guard available >= end else { return .needBytes(end) }
        return .complete(text(index + 1, count: end - index - 1), end: end)
    }

    /// An error about the value at `index`.
    func error(_ problem: String, at index: Int, section: String? = nil) -> StreamError {
        StreamError(problem, section: section, offset: offset + UInt64(index))
    }
}
