import Environment
import MigrationFormat
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// Data channels of a source that does what it should not.
@Suite(.serialized) struct MultifdHostileTests {
    /// What the first of two data channels carries behind its opening.
    enum Bad: CaseIterable {
        case magic, version, flags, tooManyPages, hugePayload, unaligned, beyondBlock, hugeOffset, unknownBlock, method
        case cutHeader, cutPayload, endsBeforeSync

        func bytes(_ source: HostileSource) -> [UInt8] {
            var packet = source.pages([4096])
            func put(_ place: Int, _ value: [UInt8]) {
                packet.replaceSubrange(place..<place + value.count, with: value)
            }
            switch self {
            case .magic: put(0, [0x51])
            case .version: put(7, [2])
            case .flags: put(8, [0x80])
            case .tooManyPages: put(16, [0, 0, 0, 129])
            case .hugePayload: put(20, [0xff, 0xff, 0xff, 0xff])
            case .unaligned: put(327, [1])
            case .beyondBlock: put(320, [0, 0, 0, 0, 0, 0x10, 0, 0])
            case .hugeOffset: put(320, [0xff])
            case .unknownBlock: put(64, Array("nobody".utf8) + [0])
            case .method: put(11, [2])
            case .cutHeader: packet = Array(packet[..<700])
            case .cutPayload: packet = Array(packet[..<4000])
            case .endsBeforeSync: break
            }
            return HostileSource.sync + packet
        }

        var failure: String {
            let packet = "multifd channel 0, packet at offset 1408: "
            return switch self {
            case .magic: packet + "multifd: received packet magic 51223344, expected 11223344 (at its byte 0)"
            case .version: packet + "multifd: received packet version 2, expected 1"
            case .flags: packet + "multifd: unknown flags"
            case .tooManyPages: packet + "multifd: a packet of 129 pages with room for 128 (at its byte 12)"
            case .hugePayload: packet + "multifd: 4294967295 bytes of 1 pages"
            case .unaligned: packet + "multifd: page offset 1001 (at its byte 320)"
            case .beyondBlock: packet + "offset 0x100000 is beyond block"
            case .hugeOffset: packet + "offset 0xff00000000001000 is beyond block"
            case .unknownBlock: packet + "unknown ram block nobody"
            case .method: packet + "multifd: packet 0 has its pages compressed with 'zlib'"
            case .cutHeader, .cutPayload: packet + "The peer closed the channel"
            case .endsBeforeSync: "multifd: channel 0 was closed before it had brought what belongs to a part"
            }
        }
    }

    @Test(arguments: Bad.allCases) func whatIsWrongIsNamedWithItsChannelAndPlace(bad: Bad) throws {
        let source = try HostileSource([.multifd])
        source.connect(source.stream())
        source.connect(HostileSource.opening(0) + bad.bytes(source))
        source.connect(HostileSource.opening(1) + HostileSource.sync + HostileSource.sync)
        let failure = try #require(try source.outcome())
        #expect(failure.hasPrefix(bad.failure), "\(failure)")
    }

    /// What is unusual and allowed.
    enum Odd: CaseIterable {
        case emptyWithoutSync, syncWithPages, stale, syncTooMany, numbers, twiceTheSamePage

        func bytes(_ source: HostileSource) -> [UInt8] {
            let sync = HostileSource.sync
            let page = source.pages([4096])
            let empty = MultifdPacket(number: 9).bytes
            switch self {
            case .emptyWithoutSync: return empty + sync + empty + page + sync + empty
            case .syncWithPages: return sync + source.pages([4096], sync: true) + empty
            case .stale:
                var old = sync
                old.replaceSubrange(20..<24, with: [0xff, 0xff, 0xff, 0xff])
                for place in 64..<MultifdPacket.size { old[place] = 0xee }
                return old + page + old
            case .syncTooMany: return sync + page + sync + sync
            case .numbers:
                return sync + source.pages([8192], number: 7) + source.pages([4096], number: .max) + sync
            case .twiceTheSamePage: return sync + source.pages([4096, 4096, 4096]) + sync
            }
        }
    }

    @Test(arguments: Odd.allCases) func whatIsAllowedIsTaken(odd: Odd) throws {
        let source = try HostileSource([.multifd])
        source.connect(HostileSource.opening(0) + odd.bytes(source))
        source.connect(source.stream())
        source.connect(HostileSource.opening(1) + HostileSource.sync + HostileSource.sync)
        #expect(try source.outcome() == nil, "\(source.destination.log.lines)")
        #expect(source.destination.ram[4096..<8192].allSatisfy { $0 == 7 })
    }

    @Test func pagesBehindTheLastSynchronisationDoNotReachTheGuest() throws {
        for _ in 0..<20 {
            let source = try HostileSource([.multifd], channels: 1)
            source.connect(
                HostileSource.opening(0) + HostileSource.sync + HostileSource.sync + source.pages([0, 4096, 8192]))
            source.connect(source.stream())
            #expect(try source.outcome() == nil)
            #expect(source.destination.ram.allSatisfy { $0 == 0 })
        }
    }

    @Test func aDataChannelThatSaysNothingEndsThePart() throws {
        let source = try HostileSource([.multifd], stall: .milliseconds(200))
        source.connect(source.stream(), thenEnds: false)
        for index: UInt8 in 0..<2 {
            source.connect(
                HostileSource.opening(index) + (index == 0 ? HostileSource.sync + HostileSource.sync : []),
                thenEnds: false)
        }
        #expect(
            try source.outcome()
                == "multifd: channel 1 brought nothing for 200 ms, and lacks what belongs to a part")
    }

    /// While pages come on data channels, the stream itself may have nothing to say for as long as a pass takes.
    @Test func aStreamIsNotStalledWhileDataChannelsMove() throws {
        let source = try HostileSource([.multifd], channels: 1, stall: .milliseconds(400))
        let stream = source.stream()
        // All but the end of the last part.
        let start = Array(stream.prefix(stream.count - 14))
        let main = try #require(source.connect(start, thenEnds: false))
        let data = try #require(source.connect(HostileSource.opening(0) + HostileSource.sync, thenEnds: false))
        let pause = ThreadGate(())
        for page: UInt64 in 0..<12 {
            _ = pause.wait(until: SystemClock().now() + .milliseconds(100)) { _ -> Bool? in nil }
            try data.write(source.pages([page * 4096]))
            try data.flush()
        }
        try data.write(HostileSource.sync)
        try data.flush()
        try main.write(Array(stream[start.count...]))
        try main.flush()
        main.shutDownWriting()
        #expect(try source.outcome() == nil, "\(source.destination.log.lines)")
    }
}
