import Environment
import SystemCalls
import Testing

@testable import Transport

struct ChannelSetTests {
    private static let soon = Nanoseconds.seconds(10)

    /// A set with two connected channels, and their other ends.
    private struct Connected {
        let set: ChannelSet
        let peers: [Channel]

        init() throws {
            set = try ChannelSet()
            let listener = try Listener(.tcp(host: "127.0.0.1", port: "0"), backlog: 4)
            let other = try Cancellation()
            var peers: [Channel] = []
            for role in [ChannelRole.main, .data(0)] {
                _ = try set.connect(role, to: listener.address)
                peers.append(try listener.accept(cancellation: other, deadline: SystemClock().now() + soon))
            }
            self.peers = peers
        }

        func channel(_ role: ChannelRole) throws -> Channel { try #require(set[role]) }
    }

    @Test func channelsAreKnownByTheirRole() throws {
        let connected = try Connected()
        #expect(connected.set.count == 2)
        #expect(try connected.channel(.main) !== connected.channel(.data(0)))
        #expect(connected.set[.preempt] == nil && connected.set[.data(1)] == nil)
        let main = try connected.channel(.main)
        try connected.set.insert(main, as: .main)
        #expect(connected.set.count == 2, "the same channel again is no second one")
        #expect(throws: TransportError.roleTaken("data 0")) { try connected.set.insert(main, as: .data(0)) }
    }

    @Test func anAcceptedChannelHasNoRoleUntilItIsGivenOne() throws {
        let set = try ChannelSet()
        let listener = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        let peer = try Channel.connect(to: listener.address, cancellation: try Cancellation())
        let channel = try set.accept(from: listener, deadline: SystemClock().now() + Self.soon)
        #expect(set.count == 1 && set[.main] == nil)
        try set.insert(channel, as: .main)
        #expect(set.count == 1 && set[.main] === channel)
        set.remove(channel)
        #expect(set.count == 0 && channel.isShutDown)
        peer.shutDown()
    }

    @Test func theCountersAreSumsAndKeepWhatIsGone() throws {
        let connected = try Connected()
        try connected.channel(.main).write([1, 2, 3])
        try connected.channel(.main).flush()
        try connected.channel(.data(0)).write([4, 5])
        try connected.channel(.data(0)).flush()
        for (peer, count) in zip(connected.peers, [3, 2]) {
            let reader = try ReaderThread(peer, count: count)
            #expect(reader.result().count == count)
            try peer.write([9])
            try peer.flush()
        }
        for role in [ChannelRole.main, .data(0)] {
            #expect(try ReaderThread(connected.channel(role), count: 1).result() == [9])
        }
        #expect(connected.set.bytesSent == 5 && connected.set.bytesReceived == 2)
        connected.set.remove(try connected.channel(.data(0)))
        #expect(connected.set.bytesSent == 5 && connected.set.bytesReceived == 2)
        connected.set.release()
        #expect(connected.set.count == 0)
        #expect(connected.set.bytesSent == 5 && connected.set.bytesReceived == 2)
    }

    @Test func cancellingEndsEveryWaitNowAndLater() throws {
        let connected = try Connected()
        let readers = try [ChannelRole.main, .data(0)].map { try ReaderThread(connected.channel($0), count: 1) }
        connected.set.cancel()
        for reader in readers {
            #expect(reader.result() == [])
            #expect(reader.error == .cancelled)
        }
        let late = try ChannelPair()
        try connected.set.insert(late.left, as: .preempt)
        #expect(late.left.isShutDown)
        let listener = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        #expect(throws: TransportError.cancelled) { _ = try connected.set.accept(from: listener) }
    }

    @Test func whatIsYankedLooksBrokenAndNotCancelled() throws {
        let connected = try Connected()
        let readers = try [ChannelRole.main, .data(0)].map { try ReaderThread(connected.channel($0), count: 1) }
        connected.set.yank()
        for reader in readers {
            #expect(reader.result() == [])
            #expect(reader.error == .closedByPeer)
        }
        #expect(!connected.set.isCancelled)
    }

    @Test func deadlinesAreThoseOfItsChannels() throws {
        let set = try ChannelSet()
        set.deadlines.stall = .milliseconds(20)
        let pair = try ChannelPair()
        try set.insert(pair.left, as: .main)
        var byte: UInt8 = 0
        #expect {
            try withUnsafeMutableBytes(of: &byte) { raw throws(TransportError) in _ = try pair.left.read(into: raw) }
        } throws: {
            "\($0)".hasPrefix("Unable to read from socket: no progress for")
        }
    }
}
