import ByteCoding

/// What the destination tells the source on the return path: be16 type, be16 length, payload.
public enum ReturnPathMessage: Equatable, Sendable {
    /// The last message: 0 if the stream was loaded, else the destination failed.
    case shut(UInt32)
    /// The answer to PING.
    case pong(UInt32)

    /// The message's bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 8)
        switch self {
        case .shut(let value):
            writer.write(UInt16(1))
            writer.write(UInt16(4))
            writer.write(value)
        case .pong(let value):
            writer.write(UInt16(2))
            writer.write(UInt16(4))
            writer.write(value)
        }
        return writer.bytes
    }

    /// Takes a message from the front of a window; nil if it is not wholly there yet. Throws for anything but SHUT
    /// and PONG, which are all that a precopy needs.
    public static func take(from window: inout ByteWindow) throws(StreamError) -> ReturnPathMessage? {
        guard window.available >= 4 else { return nil }
        let type: UInt16 = window.integer(0)
        let length: UInt16 = window.integer(2)
        guard type == 1 || type == 2 else {
            throw StreamError(
                "RP: Received invalid message 0x\(hex(type)) length 0x\(hex(length))", offset: window.offset)
        }
        guard length == 4 else {
            throw StreamError(
                "RP: Received '\(type == 1 ? "SHUT" : "PONG")' message (0x\(hex(type))) with incorrect length \(length) expecting 4",
                offset: window.offset)
        }
        guard window.available >= 8 else { return nil }
        let value: UInt32 = window.integer(4)
        window.skip(8)
        return type == 1 ? .shut(value) : .pong(value)
    }
}
