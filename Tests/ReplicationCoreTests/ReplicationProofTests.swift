import ByteCoding
import ReplicationCore
import Testing

/// A keyed sum that is good enough to tell keys and texts apart.
private struct Sum: MessageAuthenticator {
    var key: UInt8
    func code(for bytes: [UInt8]) -> [UInt8] {
        var state: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(key)
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return (0..<32).map { UInt8(truncatingIfNeeded: state >> (UInt64($0) % 8 * 8)) }
    }
}

@Suite struct ReplicationProofTests {
    private func proof(
        key: UInt8 = 1, pair: String = "web", term: UInt64 = 3, sender: UInt64 = 100, senderRun: UInt64 = 7,
        receiver: UInt64 = 200, receiverRun: UInt64 = 4, challenge: UInt8 = 9, from member: PairMember = .first
    ) -> [UInt8] {
        ReplicationProof(
            pair: pair, term: Term(term), sender: .init(member: member, instance: sender, run: senderRun),
            receiver: .init(member: member.other, instance: receiver, run: receiverRun),
            challenge: [UInt8](repeating: challenge, count: ReplicationProof.challengeLength),
            authenticator: Sum(key: key)
        ).bytes
    }

    @Test func theSameChannelHasTheSameProof() {
        #expect(proof() == proof())
        #expect(proof().count == ReplicationProof.length)
    }

    /// Overheard on one channel, it is worth nothing on any other.
    @Test func everythingThatNamesTheChannelCounts() {
        let others = [
            proof(key: 2), proof(pair: "db"), proof(term: 5), proof(sender: 101), proof(senderRun: 8),
            proof(receiver: 201), proof(receiverRun: 5), proof(challenge: 8), proof(from: .second),
        ]
        for other in others { #expect(other != proof()) }
    }

    @Test func oneWrongByteIsNoProof() {
        let right = ReplicationProof(
            pair: "web", term: Term(3), sender: .init(member: .first, instance: 1, run: 1),
            receiver: .init(member: .second, instance: 2, run: 1), challenge: [], authenticator: Sum(key: 1))
        #expect(right.matches(right.bytes))
        for index in right.bytes.indices {
            var wrong = right.bytes
            wrong[index] ^= 1
            #expect(!right.matches(wrong))
        }
        #expect(!right.matches([]) && !right.matches(right.bytes + [0]))
    }
}

@Suite struct PairProfileTests {
    @Test func whatDiffersIsNamedWithBothValues() {
        let here = PairProfile([.init("memory", "268435456"), .init("kernel", "ab"), .init("mac 0", "52:54")])
        let there = PairProfile([.init("memory", "134217728"), .init("kernel", "ab"), .init("disk 0", "1 bytes")])
        #expect(
            here.differences(from: there) == [
                "memory: 268435456 here, 134217728 there", "mac 0: 52:54 here, none there",
                "disk 0: none here, 1 bytes there",
            ])
        #expect(here.differences(from: here) == [])
    }

    @Test func whatIsTooLongOrTooMuchIsCutOff() {
        let long = String(repeating: "é", count: 500)
        let profile = PairProfile((0..<100).map { .init("\($0)", long) })
        #expect(profile.entries.count == PairProfile.maximumEntries)
        #expect(profile.entries.allSatisfy { $0.value.utf8.count <= PairProfile.maximumText })
    }
}
