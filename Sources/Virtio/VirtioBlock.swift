public import BlockLayer
import ByteCoding
import GuestMemory
public import MachineModel

/// A disk (virtio 1.2 §5.2). Each request is carried out before the notification returns.
public final class VirtioBlock: VirtioDevice, Sendable {
    /// The device ID (virtio 1.2 §5).
    public let deviceID: UInt32 = 2
    /// The name of its section in a stream.
    public let sectionName = "virtio-blk"
    /// The largest size of each queue.
    public let queueSizes: [UInt16] = [128]
    /// Where the bytes are kept.
    public let backend: any BlockBackend
    private let serial: [UInt8]
    private let log: @Sendable (String) -> Void

    private enum Feature {
        static let segmentSize: UInt64 = 1 << 1
        static let segmentCount: UInt64 = 1 << 2
        static let readOnly: UInt64 = 1 << 5
        static let blockSize: UInt64 = 1 << 6
        static let flush: UInt64 = 1 << 9
    }
    private enum Request {
        static let read: UInt32 = 0
        static let write: UInt32 = 1
        static let flush: UInt32 = 4
        static let identify: UInt32 = 8
    }
    private enum Result {
        static let done: UInt8 = 0
        static let failed: UInt8 = 1
        static let unsupported: UInt8 = 2
    }
    private static let headerSize = 16
    private static let sectorSize: UInt64 = 512
    private static let serialSize = 20
    private static let maximumSegmentSize: UInt32 = 1 << 20

    /// A disk kept in `backend`. `serial` is what the guest sees as its identifier (20 bytes at most); `log` gets a line
    /// for a request that the back-end failed, with the machine lock held.
    public init(backend: any BlockBackend, serial: String, log: @escaping @Sendable (String) -> Void = { _ in }) {
        self.backend = backend
        let text = Array(serial.utf8.prefix(Self.serialSize))
        self.serial = text + Array(repeating: 0, count: Self.serialSize - text.count)
        self.log = log
    }

    /// The feature bits of its kind that it offers.
    public var features: UInt64 {
        Feature.segmentSize | Feature.segmentCount | Feature.blockSize | Feature.flush
            | (backend.isReadOnly ? Feature.readOnly : 0)
    }

    /// The configuration space.
    public var configuration: [UInt8] {
        var writer = ByteWriter()
        writer.writeLittleEndian(backend.size / Self.sectorSize)
        writer.writeLittleEndian(Self.maximumSegmentSize)
        writer.writeLittleEndian(UInt32(queueSizes[0]) - 2)
        writer.writeZeroes(4)
        writer.writeLittleEndian(UInt32(Self.sectorSize))
        return writer.bytes
    }

    /// Serves the requests that wait in a queue.
    public func queueNotified(_ index: Int, of transport: VirtioTransport) {
        transport.serve(index) { request in
            guard request.readableCount >= Self.headerSize, request.writableCount >= 1 else {
                transport.fail("a request without header or status")
                return nil
            }
            return answer(request, transport.memory)
        }
    }

    /// Carries out one request and returns how many bytes were written for it, the status among them.
    private func answer(_ request: DescriptorChain, _ memory: GuestMemory) -> Int {
        var header = ByteReader(request.read(0..<Self.headerSize, memory))
        let kind = (try? header.readLittleEndian(UInt32.self)) ?? .max
        let sector =
            (try? {
                try header.skip(4); return try header.readLittleEndian(UInt64.self)
            }()) ?? .max
        let room = request.writableCount - 1
        var written = 0
        var result = Result.done
        do throws(BlockError) {
            switch kind {
            case Request.read:
                try transfer(DescriptorChain.slice(request.writable, 0..<room), sector, writing: false, memory)
                written = room
            case Request.write:
                let data = DescriptorChain.slice(request.readable, Self.headerSize..<request.readableCount)
                try transfer(data, sector, writing: true, memory)
            case Request.flush: try backend.flush()
            case Request.identify:
                written = min(room, Self.serialSize)
                request.write(Array(serial.prefix(written)), at: 0, memory)
            default: result = Result.unsupported
            }
        } catch {
            log("\(error)")
            (result, written) = (Result.failed, 0)
        }
        request.write([result], at: room, memory)
        return written == room ? room + 1 : written
    }

    /// Moves data between the disk, from `sector` on, and `segments`.
    private func transfer(
        _ segments: DescriptorChain.Segments, _ sector: UInt64, writing: Bool, _ memory: GuestMemory
    ) throws(BlockError) {
        let count = segments.reduce(0) { $0 + $1.count }
        guard count % Int(Self.sectorSize) == 0, sector <= backend.size / Self.sectorSize else {
            throw .outOfBounds(
                disk: backend.name, offset: sector.multipliedReportingOverflow(by: Self.sectorSize).partialValue,
                count: count, size: backend.size)
        }
        var offset = sector * Self.sectorSize
        try backend.checkBounds(offset: offset, count: count)
        if writing, backend.isReadOnly { throw .readOnly(disk: backend.name) }
        for segment in segments {
            // SAFETY: `payload` checked the range against RAM; the disk moves the bytes and interprets none of them.
            guard let bytes = unsafe memory.payload(segment.address, count: segment.count, writing: !writing) else {
                continue
            }
            if writing {
                try unsafe backend.write(at: offset, from: UnsafeRawBufferPointer(bytes))
            } else {
                try unsafe backend.read(at: offset, into: bytes)
            }
            offset += UInt64(segment.count)
        }
    }

    /// Visits what must be the same of the disk on both sides.
    public func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) {
        var (size, readOnly) = (backend.size, backend.isReadOnly)
        try fields.number("disk_size", &size)
        try fields.flag("read_only", &readOnly)
        try fields.check(size == backend.size, "virtio-blk.size", "\(size)")
        try fields.check(readOnly == backend.isReadOnly, "virtio-blk.read-only", "\(readOnly)")
    }
}
