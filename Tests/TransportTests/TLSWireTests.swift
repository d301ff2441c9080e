import Environment
import Glibc
import PairLab
import SystemCalls
import Testing

@testable import Transport

/// What a channel with TLS carries.
struct TLSWireTests {
    private static let only12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2"
    private static let only13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3"

    private static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes += $0 } }
        return Array(bytes.prefix(count))
    }

    private static func send(_ bytes: [UInt8], _ channel: Channel) throws {
        try bytes.withUnsafeBytes { raw in
            try channel.write([1, 2, 3])
            if let base = raw.baseAddress { try channel.writeReference(base, count: raw.count) }
            for index in 0..<2000 { try channel.write([UInt8(index & 255)]) }
            try channel.flush()
        }
    }

    @Test(arguments: [
        (nil, "TLS1.3 AES-128-GCM"), (only12, "TLS1.2 "), (only13, "TLS1.3 "),
    ])
    func muchGoesBothWaysAtOnce(priority: String?, agreement: String) throws {
        let pair = try TLSPair(.sharedKey(priority: priority))
        for channel in [pair.left, pair.right] {
            #expect(channel.encryption?.hasPrefix(agreement) == true, "\(channel.encryption ?? "none")")
        }
        let sent = (Self.noise(24 << 20, seed: 1), Self.noise(24 << 20, seed: 2))
        let count = 3 + sent.0.count + 2000
        let readers = (try ReaderThread(pair.right, count: count), try ReaderThread(pair.left, count: count))
        let right = pair.right
        let writer = try Thread(name: "writer") { try? Self.send(sent.1, right) }
        try Self.send(sent.0, pair.left)
        writer.join()
        let tail = (0..<2000).map { UInt8($0 & 255) }
        #expect(readers.0.result() == [1, 2, 3] + sent.0 + tail)
        #expect(readers.1.result() == [1, 2, 3] + sent.1 + tail)
        // The counters tell what was given to the channels, not what it became.
        for channel in [pair.left, pair.right] {
            #expect(channel.bytesSent == UInt64(count))
            #expect(channel.bytesReceived == UInt64(count))
        }
    }

    @Test func theWireShowsNothingOfWhatIsSent() throws {
        let peer = try RawTLSPeer()
        let channel = try peer.connect(.anonymous())
        #expect(channel.encryption?.hasPrefix("TLS1.2") == true)
        let secret = Array("a page of the guest".utf8)
        try channel.write(secret)
        try channel.flush()
        #expect(try peer.receive() == secret)
    }

    @Test func smallPiecesAndPagesFillRecords() throws {
        let peer = try RawTLSPeer()
        let channel = try peer.connect(.sharedKey())
        let page = Self.noise(4096, seed: 3)
        let count = 40
        try page.withUnsafeBytes { raw in
            for _ in 0..<count {
                try channel.write(word: 0x0102_0304_0506_0708, tail: 9)
                if let base = raw.baseAddress { try channel.writeReference(base, count: raw.count) }
            }
            try channel.flush()
        }
        let total = count * (9 + page.count)
        var sizes: [Int] = []
        var all: [UInt8] = []
        while all.count < total {
            let record = try peer.receive()
            sizes.append(record.count)
            all += record
        }
        #expect(sizes.dropLast().allSatisfy { $0 == 16 << 10 }, "\(sizes)")
        #expect(all == (0..<count).flatMap { _ in [8, 7, 6, 5, 4, 3, 2, 1, 9] + page })
    }

    @Test func keysMayBeChangedWhileBothWrite() throws {
        let peer = try RawTLSPeer()
        let channel = try peer.connect(.sharedKey(priority: Self.only13))
        let reader = try ReaderThread(channel, count: 8)
        try peer.send([1, 2, 3, 4])
        try peer.changeKeys()
        try peer.send([5, 6, 7, 8])
        #expect(reader.result() == [1, 2, 3, 4, 5, 6, 7, 8])
        try channel.write([9])
        try channel.flush()
        #expect(try peer.receive() == [9])
    }

    @Test func renegotiationIsRefused() throws {
        let peer = try RawTLSPeer()
        let channel = try peer.connect(.sharedKey(priority: Self.only12))
        try peer.askForHandshake()
        #expect(
            throws: TransportError.failed(
                action: "Cannot read from TLS channel", reason: "The peer wants to negotiate anew, which is refused")
        ) { _ = try channel.next() }
    }

    @Test(arguments: [false, true]) func theEndIsAnEndWhetherOrNotItWasSaid(isSaid: Bool) throws {
        let peer = try RawTLSPeer()
        let channel = try peer.connect(.sharedKey())
        try peer.send([1])
        if isSaid { try peer.sayEnd() }
        peer.hangUp()
        for expected in [[1], [], []] as [[UInt8]] { #expect(try channel.next() == expected) }
    }

    @Test func aSourceSaysThatItHasSentEverything() throws {
        let pair = try TLSPair()
        try pair.left.write([7])
        try pair.left.flush()
        try pair.left.finishWriting(deadline: .never)
        for expected in [[7], []] as [[UInt8]] { #expect(try pair.right.next() == expected) }
        // It still hears.
        try pair.right.write([8])
        try pair.right.flush()
        #expect(try pair.left.next() == [8])
    }

    @Test func whatIsNoRecordBreaksTheChannel() throws {
        let peer = try RawTLSPeer()
        let channel = try peer.connect(.sharedKey())
        peer.sendPlain([23, 3, 3, 0, 40] + [UInt8](repeating: 1, count: 40))
        #expect {
            _ = try channel.next()
        } throws: {
            "\($0)".hasPrefix("Cannot read from TLS channel: ")
        }
    }

    /// A key of the connection is the only thing that counts: neither another key, nor another way to agree.
    @Test func whoDoesNotHaveTheKeyOfTheConnectionIsRefused() throws {
        let key = [UInt8](repeating: 3, count: 32)
        let pair = try TLSPair(TLSKit(client: .keyed(.client, key: key), server: .keyed(.server, key: key)))
        #expect(pair.left.encryption == "TLS1.3 AES-128-GCM")
        let others = [
            try TLSEnd.keyed(.server, key: key.map { $0 ^ 1 }), try TLSKit.anonymous().server,
            try TLSKit.sharedKey().server,
        ]
        for other in others {
            #expect(throws: TransportError.self) {
                try TLSPair(TLSKit(client: .keyed(.client, key: key), server: other))
            }
        }
    }
}
