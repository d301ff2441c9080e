import Environment
import ReplicationCore
import Testing

@testable import Replication

/// Exchanging the key of a pair while both sides hear each other.
struct PairKeysTests {
    private static let old = Array("the old key of the pair".utf8)
    private static let new = Array("the new key of the pair".utf8)
    private static let message = Array("a message".utf8)

    /// One side, and what it hears of the other.
    private struct Side {
        let keys: PairKeys

        func hears(_ other: Side) -> Bool { keys.accepts(other.keys.code(for: message), for: message) }

        func report() -> PairReport {
            var report = PairReport(term: .none, state: .waiting)
            report.secondKeyMark = keys.secondKeyMark
            return report
        }
    }

    /// The three rounds of an exchange, in every order of the two sides.
    @Test(arguments: 0..<8)
    func bothSidesUnderstandEachOtherAtEveryStep(order: Int) throws {
        let sides = [Side(keys: PairKeys([Self.old])), Side(keys: PairKeys([Self.old]))]
        let rounds = [[Self.old, Self.new], [Self.new, Self.old], [Self.new]]
        for (round, keys) in rounds.enumerated() {
            let first = (order >> round) & 1
            for side in [first, 1 - first] {
                #expect(sides[0].hears(sides[1]) && sides[1].hears(sides[0]))
                try sides[side].keys.exchange(for: keys, peer: sides[1 - side].report())
                #expect(sides[0].hears(sides[1]) && sides[1].hears(sides[0]))
            }
        }
        let stranger = Side(keys: PairKeys([Self.old]))
        #expect(!sides[0].hears(stranger) && !stranger.hears(sides[0]))
    }

    @Test func aStepThatWouldCutTheSidesOffIsRefused() throws {
        let (here, there) = (Side(keys: PairKeys([Self.old])), Side(keys: PairKeys([Self.old])))
        #expect(here.hears(there))
        let oldMark = SharedKeyAuthenticator(key: Self.old).mark
        let newMark = SharedKeyAuthenticator(key: Self.new).mark
        #expect(throws: PairKeys.Refusal.peerUses(oldMark)) {
            try here.keys.exchange(for: [Self.new], peer: there.report())
        }
        #expect(throws: PairKeys.Refusal.peerDoesNotAccept(newMark)) {
            try here.keys.exchange(for: [Self.new, Self.old], peer: there.report())
        }
        #expect(here.keys.marks == [oldMark])
        // Nobody can be cut off from a peer that is not heard.
        try here.keys.exchange(for: [Self.new], peer: nil)
        #expect(here.keys.marks == [newMark])
    }

    /// What a heartbeat message carries of it, and that everything else of the report stays in its place.
    @Test func theSecondKeyIsToldInTheHeartbeat() throws {
        let (one, two) = (PairKeys([Self.old, Self.new]), PairKeys([Self.old]))
        var sender = HeartbeatConnection(
            identity: .init(member: .first, instance: 1, pair: "web"), nonce: [UInt8](repeating: 1, count: 16),
            authenticator: one)
        var receiver = HeartbeatConnection(
            identity: .init(member: .second, instance: 2, pair: "web"), nonce: [UInt8](repeating: 2, count: 16),
            authenticator: two)
        #expect(receiver.receive(sender.greeting) == [.ready])
        #expect(sender.receive(receiver.greeting) == [.ready])
        var report = PairReport(term: .none, state: .synchronising)
        report.extensions = .own
        report.run = 77
        let sent = sender.send(HeartbeatMessage(sentAt: .zero, echo: .zero, timeout: .zero, report: report))
        let bytes = try #require(sent)
        report.secondKeyMark = SharedKeyAuthenticator(key: Self.new).mark
        guard case .message(let message, _) = receiver.receive(bytes).first else {
            Issue.record("the message is not authentic")
            return
        }
        #expect(message.report == report)
        #expect(two.peerMark == SharedKeyAuthenticator(key: Self.old).mark)
    }

    /// The key of a channel's TLS is another one for every proof, and not the proof.
    @Test func eachProofHasAKeyOfItsOwn() {
        let key = SharedKeyAuthenticator(key: Self.old)
        let keys = (0..<4).map { run in
            ReplicationProof(
                pair: "web", term: .none, sender: .init(member: .first, instance: 1, run: UInt64(run)),
                receiver: .init(member: .second, instance: 2, run: 1), challenge: [UInt8](repeating: 9, count: 16),
                authenticator: key
            ).sessionKey(key)
        }
        #expect(Set(keys).count == 4 && keys.allSatisfy { $0.count == 32 })
    }
}
