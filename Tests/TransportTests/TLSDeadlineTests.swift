import Environment
import Glibc
import PairLab
import SystemCalls
import Testing

@testable import Transport

/// Peers that do not play along, and who ends what.
struct TLSDeadlineTests {
    private static let short = Nanoseconds.milliseconds(200)

    private static func secure(
        _ channel: Channel, _ end: TLSEnd, within limit: Nanoseconds = short, _ cancellation: Cancellation? = nil
    ) throws -> Channel {
        try channel.secured(as: end, cancellation: cancellation ?? Cancellation(), within: limit)
    }

    @Test func aPeerThatIsSilentInTheHandshakeIsGivenUp() throws {
        let kit = try TLSKit.sharedKey()
        for end in [kit.client, kit.server] {
            let peer = try RawTLSPeer()
            #expect(throws: TransportError.tls(.handshakeStalled(milliseconds: 200))) {
                _ = try Self.secure(peer.channel, end)
            }
        }
    }

    @Test func aPeerThatTricklesIsGivenUpAsWell() throws {
        let peer = try RawTLSPeer()
        let stop = try Cancellation()
        let trickle = try Thread(name: "trickle") {
            // A handshake record of 16 KiB that never becomes whole.
            peer.sendPlain([22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc])
            while waitReady(-1, 0, until: SystemClock().now() + .milliseconds(5), cancellation: stop.descriptor)
                == .timedOut
            { peer.sendPlain([0]) }
        }
        #expect(throws: TransportError.tls(.handshakeStalled(milliseconds: 200))) {
            _ = try Self.secure(peer.channel, TLSKit.sharedKey().server)
        }
        stop.cancel()
        trickle.join()
    }

    @Test(arguments: [true, false]) func theHandshakeCanBeEnded(byCancellation: Bool) throws {
        let peer = try RawTLSPeer()
        let cancellation = try Cancellation()
        let handshake = Handshake(peer.channel, try TLSKit.sharedKey().client, cancellation)
        if byCancellation { cancellation.cancel() } else { peer.channel.shutDown() }
        #expect(handshake.error == .cancelled)
    }

    @Test func plainBytesAreNoHandshake() throws {
        let peer = try RawTLSPeer()
        peer.sendPlain(Array("QEVM".utf8) + [0, 0, 0, 3])
        #expect(
            throws: TransportError.tls(.handshake(reason: "An unexpected TLS packet was received."))
        ) { _ = try Self.secure(peer.channel, TLSKit.sharedKey().server) }
    }

    @Test func aPeerThatHangsUpIsToldOfInKnownWords() throws {
        let peer = try RawTLSPeer()
        peer.hangUp()
        #expect {
            _ = try Self.secure(peer.channel, TLSKit.sharedKey().client)
        } throws: {
            "\($0)" == "TLS handshake failed: The TLS connection was non-properly terminated."
        }
    }

    @Test func differentKeysDoNotComeToTerms() throws {
        let pair = try ChannelPair()
        let (one, other) = (try TLSKit.sharedKey(), try TLSKit.anonymous())
        let server = Handshake(pair.right, other.server, try Cancellation())
        #expect(throws: TransportError.self) {
            _ = try Self.secure(pair.left, one.client, within: .seconds(1))
        }
        pair.left.shutDown()
        guard case .tls(.handshake)? = server.error else {
            Issue.record("\(String(describing: server.error))")
            return
        }
    }

    @Test func aPriorityThatIsNoneIsNamed() throws {
        let peer = try RawTLSPeer()
        #expect {
            _ = try Self.secure(peer.channel, TLSKit.sharedKey(priority: "NONSENSE").client)
        } throws: {
            "\($0)".hasPrefix("Unable to set TLS session priority NONSENSE:")
        }
    }

    @Test func aPeerThatTakesNothingIsGivenUp() throws {
        let pair = try TLSPair()
        pair.left.stallDeadline = .milliseconds(30)
        let block = [UInt8](repeating: 1, count: 1 << 20)
        #expect {
            for _ in 0..<64 {
                try pair.left.write(block)
                try pair.left.flush()
            }
        } throws: {
            "\($0)".hasPrefix("Cannot write to TLS channel: no progress for")
        }
    }

    @Test func shutDownAndBreakOffMeanWhatTheyMeanWithoutTLS() throws {
        let pair = try TLSPair()
        let reader = try ReaderThread(pair.left, count: 1)
        pair.left.shutDown()
        #expect(reader.awaitedError == .cancelled)
        let other = try TLSPair()
        let waiting = try ReaderThread(other.left, count: 1)
        other.left.breakOff()
        #expect(waiting.awaitedError == .closedByPeer)
        #expect(throws: TransportError.failed(action: "Cannot write to TLS channel", reason: "Input/output error")) {
            try other.left.write([1])
            try other.left.flush()
        }
        #expect(!other.left.isShutDown)
    }

    @Test func commandsCarryTLSAndFilesDoNot() throws {
        let folder = try TemporaryFolder()
        let (there, back) = (folder.path("there"), folder.path("back"))
        for path in [there, back] { #expect(mkfifo(path, 0o600) == 0) }
        let left = try Channel.execute("cat \(back) & exec cat > \(there)")
        let right = try Channel.execute("cat \(there) & exec cat > \(back)")
        let pair = try TLSPair(.sharedKey(), left, right)
        let reader = try ReaderThread(pair.right, count: 1 << 20)
        try pair.left.write([UInt8](repeating: 5, count: 1 << 20))
        try pair.left.flush()
        #expect(reader.result() == [UInt8](repeating: 5, count: 1 << 20))
        try pair.left.finishWriting(deadline: SystemClock().now() + .seconds(10))
        #expect(try pair.right.next() == [])
        let file = try Channel.adopt(.open("/proc/self/exe", flags: O_RDONLY), name: "file")
        #expect(throws: TransportError.tls(.oneWay)) { _ = try Self.secure(file, TLSKit.sharedKey().client) }
    }

    @Test func theSecuredChannelTakesTheRoleOfTheOther() throws {
        let kit = try TLSKit.sharedKey()
        let set = try ChannelSet()
        let listener = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        let plain = try set.connect(.data(1), to: listener.address)
        let far = Handshake(try listener.accept(cancellation: Cancellation()), kit.server, try Cancellation())
        let secured = try set.secure(plain, as: kit.client)
        #expect(set[.data(1)] === secured)
        #expect(set.count == 1)
        let channel = try far.channel()
        try secured.write([1, 2])
        try secured.flush()
        #expect(set.bytesSent == 2)
        set.yank()
        #expect(try channel.next() == [1, 2])
        #expect(try channel.next() == [])
        set.cancel()
        #expect(secured.isShutDown)
    }

    @Test func cancellingASetEndsItsHandshakes() throws {
        let set = try ChannelSet()
        let listener = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        let plain = try set.connect(.main, to: listener.address)
        let end = try TLSKit.sharedKey().client
        let canceller = try Thread(name: "cancel") { set.cancel() }
        #expect(throws: TransportError.cancelled) { _ = try set.secure(plain, as: end) }
        canceller.join()
        #expect(set[.main] === plain)
    }
}
