/// What a source of a precopy may be told on the return path: SHUT and PONG of the messages of `ReturnPathRecord`.
public enum ReturnPathMessage: Equatable, Sendable {
    /// The last message: 0 if the stream was loaded, else the destination failed.
    case shut(UInt32)
    /// The answer to PING.
    case pong(UInt32)

    /// The message's bytes.
    public var bytes: [UInt8] {
        switch self {
        case .shut(let value): ReturnPathRecord.shut(value).bytes
        case .pong(let value): ReturnPathRecord.pong(value).bytes
        }
    }

    /// Takes a message from the front of a window; nil if it is not wholly there yet. Throws for anything but SHUT
    /// and PONG, which are all that a precopy needs.
    public static func take(from window: inout ByteWindow) throws(StreamError) -> ReturnPathMessage? {
        guard window.available >= 4 else { return nil }
        let type: UInt16 = window.integer(0)
        guard type == 1 || type == 2 else {
            let length: UInt16 = window.integer(2)
            throw window.error("RP: Received invalid message 0x\(hex(type)) length 0x\(hex(length))", at: 0)
        }
        switch try ReturnPathRecord.take(from: &window) {
        case .complete(.shut(let value), _): return .shut(value)
        case .complete(.pong(let value), _): return .pong(value)
        case .needBytes, .complete: return nil
        }
    }
}
