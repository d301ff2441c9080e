import MigrationFormat
import Transport

/// Reads the payload of multifd packets from one channel; belongs to the channel's thread.
protocol PacketDecoder: AnyObject {
    /// Moves the pages of the packet to where they belong in their block, which begins at `base` and has all of them.
    func take(
        _ packet: MultifdPacket, to base: UnsafeMutableRawPointer, from channel: Channel
    ) throws(MigrationFailure)
}

extension PacketDecoder {
    /// Throws if the packet's pages are in another form than this decoder reads.
    func check(_ packet: MultifdPacket, _ method: MultifdPacket.Method) throws(MigrationFailure) {
        guard packet.method != method else { return }
        throw .peer(
            "multifd: packet \(packet.number) has its pages compressed with '\(packet.method)', and parameter "
                + "'multifd-compression' is '\(method)' here")
    }
}

/// Pages as they are.
final class PlainPacketDecoder: PacketDecoder {
    func take(
        _ packet: MultifdPacket, to base: UnsafeMutableRawPointer, from channel: Channel
    ) throws(MigrationFailure) {
        try check(packet, .none)
        let size = MigrationFormat.pageSize
        var done = 0
        let total = packet.offsets.count * size
        while done < total {
            // SAFETY: the caller has checked that the pages lie in the block that begins at `base`.
            var index = done / size
            var skipped = done % size
            while index < packet.offsets.count {
                let place = unsafe base + Int(packet.offsets[index]) + skipped
                guard unsafe channel.addPlace(.init(start: place, count: size - skipped)) else { break }
                (index, skipped) = (index + 1, 0)
            }
            let count = try onChannel { () throws(TransportError) in try channel.read() }
            guard count > 0 else { throw .channel(.closedByPeer) }
            done += count
        }
    }
}
