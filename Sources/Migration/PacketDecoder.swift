import Compression
import MigrationFormat
import Transport

/// Reads the payload of multifd packets from one channel; belongs to the channel's thread.
protocol PacketDecoder: AnyObject {
    /// Whether it computes. A thread that does gives way to the vCPUs of this host.
    var computes: Bool { get }
    /// Moves the pages of the packet to where they belong in their block, which begins at `base` and has all of them.
    func take(
        _ packet: MultifdPacket, to base: UnsafeMutableRawPointer, from channel: Channel
    ) throws(MigrationFailure)
}

extension PacketDecoder {
    /// It moves bytes.
    var computes: Bool { false }

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

/// Pages compressed, as one stream for the whole life of the channel.
@safe final class CompressedPacketDecoder: PacketDecoder {
    // SAFETY: the buffer is allocated and freed here, and used by one thread.
    let computes = true
    private let method: MultifdPacket.Method
    private let stream: any StreamDecompressor
    private let input: UnsafeMutableRawBufferPointer

    init(_ method: MultifdPacket.Method, _ stream: any StreamDecompressor) {
        self.method = method
        self.stream = stream
        unsafe input = .allocate(byteCount: Int(MultifdPacket.payloadLimit), alignment: 64)
    }

    deinit { unsafe input.deallocate() }

    func take(
        _ packet: MultifdPacket, to base: UnsafeMutableRawPointer, from channel: Channel
    ) throws(MigrationFailure) {
        try check(packet, method)
        let size = MigrationFormat.pageSize
        // SAFETY: a packet's payload is at most what the buffer has room for, as its reader has checked; the caller has
        // checked that the pages lie in the block that begins at `base`.
        let payload = unsafe UnsafeMutableRawBufferPointer(rebasing: input[..<Int(packet.payloadSize)])
        try onChannel { () throws(TransportError) in try unsafe channel.readAll(into: payload) }
        do throws(CompressionError) {
            unsafe stream.begin(UnsafeRawBufferPointer(payload))
            for offset in packet.offsets {
                try unsafe stream.take(into: .init(start: base + Int(offset), count: size))
            }
            try stream.finish()
        } catch {
            throw .peer("multifd: packet \(packet.number): \(error.description)")
        }
    }
}
