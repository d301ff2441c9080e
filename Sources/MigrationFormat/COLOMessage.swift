public import ByteCoding

/// The messages between a COLO primary and its secondary: a be32 each, and a be64 value after VMSTATE_SIZE.
public enum COLOMessage: Equatable, Hashable, Sendable {
    /// Secondary: the initial state is loaded.
    case checkpointReady
    /// Primary: a checkpoint begins.
    case checkpointRequest
    /// Secondary: go on.
    case checkpointReply
    /// Primary: the live state follows.
    case vmstateSend
    /// Primary: the device blob of that many bytes follows.
    case vmstateSize(UInt64)
    /// Secondary: everything has arrived and is valid.
    case vmstateReceived
    /// Secondary: the checkpoint is current.
    case vmstateLoaded

    /// The number on the wire.
    public var number: UInt32 {
        switch self {
        case .checkpointReady: 0
        case .checkpointRequest: 1
        case .checkpointReply: 2
        case .vmstateSend: 3
        case .vmstateSize: 4
        case .vmstateReceived: 5
        case .vmstateLoaded: 6
        }
    }

    /// The name in QAPI.
    public var name: String {
        [
            "checkpoint-ready", "checkpoint-request", "checkpoint-reply", "vmstate-send", "vmstate-size",
            "vmstate-received", "vmstate-loaded",
        ][Int(number)]
    }

    /// Writes the message.
    public func write(to writer: inout ByteWriter) {
        writer.write(number)
        if case .vmstateSize(let size) = self { writer.write(size) }
    }

    /// The message's bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 12)
        write(to: &writer)
        return writer.bytes
    }

    /// Takes a message from the front of a window; nil if it is not wholly there yet. Throws for a number that is no
    /// message and for a blob larger than any that is accepted.
    public static func take(from window: inout ByteWindow) throws(StreamError) -> COLOMessage? {
        guard window.available >= 4 else { return nil }
        let start = window.offset
        let message: COLOMessage
        switch window.integer(0, as: UInt32.self) {
        case 0: message = .checkpointReady
        case 1: message = .checkpointRequest
        case 2: message = .checkpointReply
        case 3: message = .vmstateSend
        case 4:
            guard window.available >= 12 else { return nil }
            let size: UInt64 = window.integer(4)
            guard size <= MigrationFormat.deviceBlobLimit else {
                throw StreamError(
                    "vmstate-size \(size) exceeds the limit of \(MigrationFormat.deviceBlobLimit) bytes", offset: start)
            }
            window.skip(12)
            return .vmstateSize(size)
        case 5: message = .vmstateReceived
        case 6: message = .vmstateLoaded
        case let number: throw StreamError("Unknown COLO message \(number)", offset: start)
        }
        window.skip(4)
        return message
    }
}

extension COLOMessage: CustomStringConvertible {
    /// The name in QEMU's protocol, and what it carries.
    public var description: String {
        let word = name.uppercased().replacing("-", with: "_")
        if case .vmstateSize(let size) = self { return "\(word) of \(size) bytes" }
        return word
    }
}
