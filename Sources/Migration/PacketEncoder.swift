import ByteCoding
import Compression
import Glibc
import MigrationFormat
import SystemCalls
import Transport

/// Sends multifd packets on one channel; belongs to the channel's thread.
protocol PacketEncoder: AnyObject {
    /// Whether it computes. A thread that does gives way to the vCPUs.
    var computes: Bool { get }
    /// Sends the packet; it has left when the call returns.
    func send(_ packet: MultifdSender.Packet, on channel: Channel) throws(TransportError)
}

extension PacketEncoder {
    /// It moves bytes.
    var computes: Bool { false }
}

extension MultifdSender.Packet {
    /// Queues what precedes a payload of `count` bytes.
    fileprivate func writeHeader(
        _ method: MultifdPacket.Method, _ count: Int, by writer: inout ByteWriter, on channel: Channel
    ) throws(TransportError) {
        header.method = method
        header.payloadSize = UInt32(count)
        writer.removeAll()
        header.write(to: &writer)
        try channel.write(writer.bytes)
    }

    /// Queues the pages to be read from where they lie.
    fileprivate func writePages(on channel: Channel) throws(TransportError) {
        // SAFETY: the pages are RAM, which the migration keeps valid; it settles, which waits for this packet, before its end.
        for index in 0..<count {
            try unsafe channel.writeReference(places[index], count: MigrationFormat.pageSize)
        }
    }
}

/// Pages as they are, read from where they lie.
final class PlainPacketEncoder: PacketEncoder {
    private var writer = ByteWriter(capacity: MultifdPacket.size)

    func send(_ packet: MultifdSender.Packet, on channel: Channel) throws(TransportError) {
        try packet.writeHeader(.none, packet.count * MigrationFormat.pageSize, by: &writer, on: channel)
        try packet.writePages(on: channel)
        try channel.flush()
    }
}

/// Pages compressed, as one stream for the whole life of the channel.
///
/// The pages are copied first: a vCPU may write to them meanwhile, and a compressor that looks at a byte twice must see
/// the same one.
@safe final class CompressedPacketEncoder: PacketEncoder {
    // SAFETY: both buffers are allocated and freed here, and used by one thread.
    let computes = true
    private let method: MultifdPacket.Method
    private let stream: any StreamCompressor
    private let pages: UnsafeMutableRawBufferPointer
    private let output: UnsafeMutableRawBufferPointer
    private var writer = ByteWriter(capacity: MultifdPacket.size)

    init(_ method: MultifdPacket.Method, _ stream: any StreamCompressor) {
        self.method = method
        self.stream = stream
        unsafe pages = .allocate(byteCount: MultifdPacket.pageLimit * MigrationFormat.pageSize, alignment: 64)
        unsafe output = .allocate(byteCount: Int(MultifdPacket.payloadLimit), alignment: 64)
    }

    deinit {
        unsafe pages.deallocate()
        unsafe output.deallocate()
    }

    func send(_ packet: MultifdSender.Packet, on channel: Channel) throws(TransportError) {
        let size = MigrationFormat.pageSize
        var count = 0
        if packet.count > 0 {
            for index in 0..<packet.count {
                // SAFETY: a packet has at most as many pages as the buffer has room for.
                unsafe UnsafeMutableRawBufferPointer(rebasing: pages[index * size..<(index + 1) * size])
                    .copyMemory(from: UnsafeRawBufferPointer(start: packet.places[index], count: size))
            }
            let input = unsafe UnsafeRawBufferPointer(rebasing: pages[..<(packet.count * size)])
            do throws(CompressionError) { count = try unsafe stream.compress(input, into: output) } catch {
                throw .failed(action: "multifd", reason: error.description)
            }
        }
        try packet.writeHeader(method, count, by: &writer, on: channel)
        // SAFETY: the buffer stays as it is until the channel is flushed, below.
        if count > 0, let start = unsafe output.baseAddress { try unsafe channel.writeReference(start, count: count) }
        try channel.flush()
    }
}

extension MultifdPacket.Method {
    /// An encoder for a fresh channel. `zlibLevel`, `zstdLevel`: as the parameters say.
    func makeEncoder(zlibLevel: Int, zstdLevel: Int) throws(CompressionError) -> any PacketEncoder {
        switch self {
        case .none: PlainPacketEncoder()
        case .zlib: CompressedPacketEncoder(self, try ZlibCompressor(level: zlibLevel))
        case .zstd: CompressedPacketEncoder(self, try ZstdCompressor(level: zstdLevel))
        }
    }

    /// A decoder for a fresh channel.
    func makeDecoder() throws(CompressionError) -> any PacketDecoder {
        switch self {
        case .none: PlainPacketDecoder()
        case .zlib: CompressedPacketDecoder(self, try ZlibDecompressor())
        case .zstd: CompressedPacketDecoder(self, try ZstdDecompressor())
        }
    }
}

/// Pages as they are, which the kernel sends from where they lie without a copy, where it can (MSG_ZEROCOPY). A page that is
/// written to meanwhile is marked, and goes out once more. At each SYNC the kernel is done with all that was sent before.
final class ZeroCopyPacketEncoder: PacketEncoder {
    private var writer = ByteWriter(capacity: MultifdPacket.size)
    private let noteCopied: @Sendable () -> Void

    /// `noteCopied` is called for each SYNC before which the kernel copied something after all.
    init(noteCopied: @escaping @Sendable () -> Void) { self.noteCopied = noteCopied }

    func send(_ packet: MultifdSender.Packet, on channel: Channel) throws(TransportError) {
        try packet.writeHeader(.none, packet.count * MigrationFormat.pageSize, by: &writer, on: channel)
        try channel.flush()
        try packet.writePages(on: channel)
        do throws(TransportError) { try channel.flushZeroCopy() } catch .failed(let action, let reason)
            where reason == SystemError(code: ENOBUFS, call: "").reason
        {
            throw .failed(
                action: action,
                reason: "\(reason): this process may not lock enough memory for zero-copy-send; raise its limit "
                    + "(LimitMEMLOCK= of the unit, ulimit -l) or turn the capability off")
        }
        if packet.header.isSync, try channel.awaitReleased() { noteCopied() }
    }
}
