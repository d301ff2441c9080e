import Environment
import MigrationFormat
import PairLab
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// Who connects to a destination that waits for a source with data channels.
@Suite(.serialized) struct MultifdUnknownPeersTests {
    /// Connections that take no channel's place.
    enum UnknownPeer: CaseIterable {
        case silent, crowd, garbage, leaves, otherUUID

        func come(to source: HostileSource) {
            switch self {
            case .silent: source.connect([], thenEnds: false)
            case .crowd: for _ in 0..<24 { source.connect([], thenEnds: false) }
            case .garbage: source.connect(Array("GET / HTTP/1.0\r\n\r\n".utf8), thenEnds: false)
            case .leaves: source.connect([0x11, 0x22])
            case .otherUUID:
                source.connect(
                    MultifdOpening(uuid: [UInt8](repeating: 1, count: 16), channel: 0).bytes, thenEnds: false)
            }
        }

        var refusal: String? {
            switch self {
            case .silent, .crowd: nil
            case .garbage: "received packet magic 47455420"
            case .leaves: "The peer closed the channel"
            case .otherUUID: "multifd: the channel is of a machine with another UUID"
            }
        }
    }

    /// A source with as many channels as the destination wants gets its guest there.
    private func expectMigration(to destination: HostileSource, seed: UInt64) throws {
        let source = try TestMachine(megabytes: 1)
        source.fill(seed: seed)
        try source.machine.run()
        try MultifdTests.settings(source, channels: 2)
        try source.migrate(to: "tcp:127.0.0.1:\(destination.destination.port)")
        #expect(source.awaits("completed"), "\(source.log.lines)")
        #expect(try destination.outcome() == nil, "\(destination.destination.log.lines)")
        #expect(firstDifference(destination.destination.ram, source.ram) == nil)
    }

    @Test(arguments: UnknownPeer.allCases) func noneOfThemKeepsASourceAway(peer: UnknownPeer) throws {
        let destination = try HostileSource([.multifd])
        peer.come(to: destination)
        try expectMigration(to: destination, seed: 5)
    }

    /// Not a crowd, which may make the other channels go before they were looked at.
    @Test(arguments: UnknownPeer.allCases.filter { $0 != .crowd }) func aChannelThatNeverComesIsAFailure(
        peer: UnknownPeer
    ) throws {
        let source = try HostileSource([.multifd], dataChannels: .milliseconds(300))
        source.connect(source.stream(), thenEnds: false)
        source.connect(HostileSource.opening(1), thenEnds: false)
        peer.come(to: source)
        let failure = try #require(try source.outcome())
        #expect(failure.hasPrefix("multifd: 1 of 2 channels came within"), "\(failure)")
        if let refusal = peer.refusal { #expect(failure.contains(refusal), "\(failure)") }
    }

    /// Settings that differ: whatever arrives, no guest runs without pages that its source has sent.
    @Test(arguments: [1, 3]) func aSourceWithAnotherNumberOfChannelsFails(count: Int) throws {
        for seed: UInt64 in 0..<(count == 1 ? 1 : 20) {
            let destination = try HostileSource([.multifd], dataChannels: .milliseconds(300))
            let source = try TestMachine(megabytes: 1)
            source.fill(seed: seed)
            try source.machine.run()
            try MultifdTests.settings(source, channels: count)
            try source.migrate(to: "tcp:127.0.0.1:\(destination.destination.port)")
            let failure = try destination.outcome()
            #expect(failure?.hasPrefix("multifd: ") == true, "\(failure ?? "none") \(source.log.lines)")
            #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        }
    }

    /// Before the stream was seen, the newer one takes the place of the older one instead; so it is tried some times.
    @Test func aChannelThatComesTwiceIsClosed() throws {
        let wanted = "multifd: received id '1' already setup"
        var isTold = false
        for _ in 0..<10 where !isTold {
            let source = try HostileSource([.multifd], dataChannels: .milliseconds(300))
            source.connect(source.stream(), thenEnds: false)
            for _ in 0..<2 { source.connect(HostileSource.opening(1), thenEnds: false) }
            let failure = try #require(try source.outcome())
            #expect(failure.hasPrefix("multifd: 1 of 2 channels came within"), "\(failure)")
            isTold = failure.contains(wanted)
        }
        #expect(isTold)
    }

    @Test func aChannelWithTooHighANumberIsAFailureAtOnce() throws {
        let source = try HostileSource([.multifd])
        source.connect(HostileSource.opening(2), thenEnds: false)
        let failure = try #require(try source.outcome())
        #expect(failure.hasPrefix("multifd: received channel 2 of 2; capability 'multifd' and"), "\(failure)")
    }

    /// It leaves data channels behind, and the next one has the same numbers.
    @Test func aSourceThatGaveUpDoesNotKeepTheNextOneAway() throws {
        let destination = try HostileSource([.multifd])
        for index: UInt8 in 0..<2 { destination.connect(HostileSource.opening(index)) }
        destination.connect([])
        try expectMigration(to: destination, seed: 6)
    }

    /// The connections of a source must not hang on somebody who is still being looked at.
    @Test func aDestinationThatGivesUpClosesEveryConnection() throws {
        let source = try HostileSource([.multifd], dataChannels: .milliseconds(100))
        let silent = try #require(source.connect([], thenEnds: false))
        let main = try #require(source.connect(source.stream(), thenEnds: false))
        _ = try source.outcome()
        for channel in [silent, main] {
            var byte: [UInt8] = [0]
            do {
                let deadline = SystemClock().now() + .seconds(3)
                #expect(try byte.withUnsafeMutableBytes { try channel.read(into: $0, deadline: deadline) } == 0)
            } catch let error as TransportError {
                // A reset is fine: not all was read.
                if case .stalled = error { Issue.record("a connection is still open") }
            }
        }
    }
}
