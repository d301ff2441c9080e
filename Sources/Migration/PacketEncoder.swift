import ByteCoding
import MigrationFormat
import Transport

/// Sends multifd packets on one channel; belongs to the channel's thread.
protocol PacketEncoder: AnyObject {
    /// Sends the packet; it has left when the call returns.
    func send(_ packet: MultifdSender.Packet, on channel: Channel) throws(TransportError)
}

/// Pages as they are, read from where they lie.
final class PlainPacketEncoder: PacketEncoder {
    private var writer = ByteWriter(capacity: MultifdPacket.size)

    func send(_ packet: MultifdSender.Packet, on channel: Channel) throws(TransportError) {
        packet.header.method = .none
        packet.header.payloadSize = UInt32(packet.count * MigrationFormat.pageSize)
        writer.removeAll()
        packet.header.write(to: &writer)
        try channel.write(writer.bytes)
        // SAFETY: the pages are valid until the migration has settled, which waits for this packet.
        for index in 0..<packet.count {
            try unsafe channel.writeReference(packet.places[index], count: MigrationFormat.pageSize)
        }
        try channel.flush()
    }
}
