import Environment
import PairLab
import ReplicationCore
import SystemCalls
import Testing
import Transport

@testable import Replication

/// Who gets through to the replication port.
struct ReplicationChannelsTests {
    private static let deadline = Nanoseconds.seconds(20)
    private let clock = SystemClock()

    /// Somebody between the two sides lets them exchange their proof and speaks for one of them then.
    @Test func aProofThatWasPassedOnIsOfNoUseWithoutTheKey() throws {
        let folder = try TemporaryFolder(prefix: "colod-channels")
        let address = MigrationAddress.unix(path: folder.path("port"))
        let channels = ReplicationChannels()
        defer { channels.shutDown() }
        let refusals = ThreadGate<[String]>([])
        let taken = ThreadGate(0)
        let proof = [UInt8](repeating: 7, count: ReplicationProof.length)
        let key = [UInt8](repeating: 1, count: 32)
        try channels.listen(
            on: address,
            .init(
                admission: { offered, _, _, _ in offered == proof ? .encrypted(key: key) : nil },
                take: { channel in
                    taken.withLock { $0 += 1 }
                    return channel.encryption?.hasPrefix("TLS1.3 ") == true
                }, refused: { text in refusals.withLock { $0.append(text) } }, failed: { _ in }))
        #expect(throws: TransportError.self) {
            try ReplicationChannels().connect(to: address) { _ in
                ChannelProof(bytes: proof, protection: .encrypted(key: key.map { $0 ^ 1 }))
            }
        }
        let refusal = refusals.wait(until: clock.now() + Self.deadline) { $0.first }
        #expect(refusal?.contains("said nothing that counts: TLS handshake failed") == true, "\(refusal ?? "none")")
        #expect(taken.withLock { $0 } == 0)
        let peer = try ReplicationChannels().connect(to: address) { _ in
            ChannelProof(bytes: proof, protection: .encrypted(key: key))
        }
        #expect(peer.encryption == "TLS1.3 AES-128-GCM")
        #expect(taken.wait(until: clock.now() + Self.deadline) { $0 == 1 ? true : nil } == true)
        peer.shutDown()
    }

    /// Whoever connects and says nothing, on as many connections as are allowed, does not keep the peer out.
    @Test func silentConnectionsKeepNobodyOut() throws {
        let folder = try TemporaryFolder(prefix: "colod-channels")
        let address = MigrationAddress.unix(path: folder.path("port"))
        let channels = ReplicationChannels()
        defer { channels.shutDown() }
        let taken = ThreadGate(0)
        let proof = [UInt8](repeating: 7, count: ReplicationProof.length)
        try channels.listen(
            on: address,
            .init(
                admission: { offered, _, _, _ in offered == proof ? ChannelProtection.none : nil },
                take: { _ in
                    taken.withLock { $0 += 1 }
                    return true
                }, refused: { _ in }, failed: { _ in }))
        var silent: [Channel] = []
        for _ in 0..<ReplicationChannels.visitorLimit {
            silent.append(
                try Channel.connect(to: address, cancellation: try Cancellation(), within: .seconds(5)))
        }
        let peer = try ReplicationChannels().connect(to: address) { _ in ChannelProof(bytes: proof, protection: .none) }
        let wasTaken = taken.wait(until: clock.now() + Self.deadline) { $0 == 1 ? true : nil }
        #expect(wasTaken == true)
        for channel in silent + [peer] { channel.shutDown() }
    }
}
