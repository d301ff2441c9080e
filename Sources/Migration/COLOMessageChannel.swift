public import Environment
public import MigrationFormat
import Transport

/// Either end of a COLO run's messages. Sending belongs to one thread at a time and `receive` to one, which may be
/// another.
public struct COLOMessageChannel {
    private let channel: Channel
    private let reader: StreamReader

    /// The messages of the channel that `reader` reads.
    init(reader: StreamReader) {
        channel = reader.channel
        self.reader = reader
    }

    /// Sends a message, and whatever was queued before it.
    public func send(_ message: COLOMessage) throws(MigrationFailure) {
        try queue(message)
        try onChannel { () throws(TransportError) in try channel.flush() }
    }

    /// Queues a message, which leaves with what is sent next.
    public func queue(_ message: COLOMessage) throws(MigrationFailure) {
        try onChannel { () throws(TransportError) in try channel.write(message.bytes) }
    }

    /// Waits for the peer's next message, until `deadline` of the host's clock.
    public func receive(until deadline: Nanoseconds) throws(MigrationFailure) -> COLOMessage {
        try reader.message(deadline: deadline)
    }
}
