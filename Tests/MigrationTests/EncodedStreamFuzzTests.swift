import Environment
import GuestMemory
import Glibc
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// Real streams with random damage, in every encoding of pages: the destination ends with a failure or a guest, and does
/// so soon. COLOD_TEST_SEED makes other damage, and the same one again.
@Suite(.serialized) struct EncodedStreamFuzzTests {
    private static let seed = getenv("COLOD_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? 17
    private static let rounds = 60
    private static let channels = 2

    /// All channels of a whole migration of a small machine, the main one first.
    private static func record(_ way: PageEncodingTests.Way) throws -> [[UInt8]] {
        let source = try TestMachine(megabytes: 1)
        source.fill(seed: 41)
        try source.machine.run()
        let memory = source.machine.memory
        source.passes.observe { pass in
            guard pass < 3 else { return }
            for page: UInt64 in 0..<100 { _ = memory.write(page * 8192 + pass * 8, bytes: [UInt8(pass), 1, 2]) }
        }
        try source.controller.setCapabilities(way.capabilities.map { .init($0, true) })
        try source.controller.updateParameters { values in
            values.multifdCompression = way.compression
            values.multifdChannels = UInt8(channels)
        }
        let peer = try RawPeer()
        try source.migrate(to: peer.uri)
        let count = way.capabilities.contains(.multifd) ? 1 + channels : 1
        let streams = ThreadGate([Int: [UInt8]]())
        var threads: [Thread] = []
        for index in 0..<count {
            let channel = try peer.accept()
            threads.append(
                try Thread(name: "drain") {
                    let bytes = RawPeer.drain(channel)
                    streams.withLock { $0[index] = bytes }
                })
        }
        for thread in threads { thread.join() }
        #expect(source.awaits("completed"), "\(source.log.lines)")
        return streams.withLock(notify: false) { all in (0..<count).map { all[$0] ?? [] } }
    }

    private static func damage(_ streams: inout [[UInt8]], _ random: inout SeededGenerator) {
        let index = Int(random.next() % UInt64(streams.count))
        var bytes = streams[index]
        func place() -> Int {
            // Half of it goes to what is no payload.
            let limit = random.chance(1, in: 2) ? min(bytes.count, 2000) : bytes.count
            return Int(random.next() % UInt64(limit))
        }
        switch random.next() % 4 {
        case 0: bytes.removeSubrange(place()...)
        case 1:
            let start = place()
            let slice = bytes[start..<min(bytes.count, start + 1 + Int(random.next() % 3000))]
            bytes.insert(contentsOf: Array(slice), at: place())
        default: for _ in 0...random.next() % 8 { bytes[place()] ^= 1 << UInt8(random.next() % 8) }
        }
        streams[index] = bytes
    }

    @Test(arguments: PageEncodingTests.Way.allCases)
    func damagedStreamsEndInAFailureOrAGuest(way: PageEncodingTests.Way) throws {
        let whole = try Self.record(way)
        try #require(whole.allSatisfy { !$0.isEmpty })
        try Self.feed(whole, way, "undamaged", expecting: .completed)
        for round in 0..<Self.rounds {
            var random = SeededGenerator(seed: Self.seed &* 1000 &+ UInt64(round))
            var streams = whole
            Self.damage(&streams, &random)
            try Self.feed(streams, way, "seed \(Self.seed), round \(round)")
        }
    }

    private static func feed(
        _ streams: [[UInt8]], _ way: PageEncodingTests.Way, _ name: String, expecting wanted: MigrationStatus? = nil
    ) throws {
        let source = try HostileSource(
            way.capabilities, channels: channels, compression: way.compression, stall: .seconds(3),
            dataChannels: .milliseconds(100))
        let port = source.destination.port
        var writers: [Thread] = []
        for bytes in streams {
            guard let channel = try? RawPeer.connect(port: port, sending: []) else { continue }
            writers.append(
                try Thread(name: "writer") {
                    // A destination that has refused already closes the channel.
                    try? channel.write(bytes)
                    try? channel.flush()
                    channel.shutDownWriting()
                })
        }
        let controller = source.destination.controller
        let hasEnded = controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10))
        try #require(hasEnded, "\(name), \(way): it does not end")
        for writer in writers { writer.join() }
        let status = controller.queryMigrate().status
        #expect(status == .failed || status == .completed, "\(name), \(way)")
        if let wanted { #expect(status == wanted, "\(name), \(way): \(source.destination.log.lines)") }
    }
}
