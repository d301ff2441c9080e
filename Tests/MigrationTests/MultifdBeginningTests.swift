import Environment
import Glibc
import MigrationFormat
import SystemCalls
import Testing
import Transport

@testable import Migration

/// What the destination gets first of a source with data channels.
struct MultifdBeginningTests {
    /// A pair of sockets; the first end is a channel, which holds little.
    private static func pair() throws -> (channel: Channel, peer: Channel) {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        let pair = (
            Channel(Descriptor(owning: ends[0]), name: "source"),
            Channel(Descriptor(owning: ends[1]), name: "destination")
        )
        var little: Int32 = 4096
        try #require(
            setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &little, socklen_t(MemoryLayout<Int32>.size)) == 0)
        return pair
    }

    /// A destination reads no packet before it knows the main channel, which is known by what the stream begins with: with a
    /// packet that the sockets do not hold, each side would wait for the other.
    @Test func theStreamBeginsBeforeAPacketIsWaitedFor() throws {
        let (main, mainPeer) = try Self.pair()
        let (data, dataPeer) = try Self.pair()
        let layout = [BlockLayout(name: "ram", size: 2 << 20)]
        let pages = Pages(count: 512)
        let sender = try Thread(name: "source") {
            guard
                let multifd = try? MultifdSender(
                    channels: [data], main: main, layout: layout, encode: { PlainPacketEncoder() })
            else { return }
            var records = RAMRecords(layout: layout)
            try? main.write([0x51, 0x45, 0x56, 0x4d])
            try? multifd.send(0..<512, ofBlock: 0, at: pages.base, &records, on: main)
            multifd.end()
        }
        var beginning = [UInt8](repeating: 0, count: 4)
        let deadline = SystemClock().now() + .seconds(10)
        let outcome = beginning.withUnsafeMutableBytes { raw in
            Result { try mainPeer.readAll(into: raw, deadline: deadline) }
        }
        #expect(throws: Never.self) { try outcome.get() }
        #expect(beginning == [0x51, 0x45, 0x56, 0x4d])
        #expect(dataPeer.bytesReceived == 0)
        data.shutDown()
        sender.join()
    }

    /// Pages that are no zeroes.
    private final class Pages: @unchecked Sendable {
        let base: UnsafeMutableRawPointer

        init(count: Int) {
            base = .allocate(byteCount: count * MigrationFormat.pageSize, alignment: MigrationFormat.pageSize)
            base.initializeMemory(as: UInt8.self, repeating: 7, count: count * MigrationFormat.pageSize)
        }

        deinit { base.deallocate() }
    }
}
