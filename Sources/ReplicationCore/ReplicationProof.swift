import ByteCoding

/// Shows that a replication channel comes from the peer whose heartbeat is authentic, for this very run.
///
/// The receiving side begins with a challenge of 16 random bytes. The sending side answers, before QEMU's stream, with 40
/// bytes: "colodRP1" and HMAC-SHA256 with the pair's key over the pair's name, the term, the challenge, and for the sending
/// and the receiving side the process's instance and the run number that its heartbeat tells. So a proof is worth nothing
/// on another connection, for another run or for another process. A peer that cannot show it changes nothing on the receiving
/// side.
public struct ReplicationProof: Sendable, Equatable {
    /// The length in bytes.
    public static let length = 8 + HeartbeatCoding.codeLength
    private static let magic = Array("colodRP1".utf8)
    private static let keyLabel = Array("colodRK1".utf8)

    /// One end of a channel.
    public struct End: Sendable, Equatable {
        /// Which host.
        public var member: PairMember
        /// Its process (HeartbeatIdentity.instance).
        public var instance: UInt64
        /// Its replication run (PairReport.run).
        public var run: UInt64

        /// An end.
        public init(member: PairMember, instance: UInt64, run: UInt64) {
            self.member = member
            self.instance = instance
            self.run = run
        }
    }

    /// The bytes on the channel.
    public let bytes: [UInt8]

    /// The length of a challenge in bytes.
    public static let challengeLength = 16

    /// The answer to `challenge` on a channel in `term` from `sender` to `receiver`.
    public init(
        pair: String, term: Term, sender: End, receiver: End, challenge: [UInt8],
        authenticator: any MessageAuthenticator
    ) {
        var text = ByteWriter(capacity: 96)
        text.write(Self.magic)
        text.writeString8(pair)
        text.write(term.number)
        text.write(challenge)
        for end in [sender, receiver] {
            text.write(end.member.rawValue)
            text.write(end.instance)
            text.write(end.run)
        }
        bytes = Self.magic + authenticator.code(for: text.bytes)
    }

    /// The key of the TLS session that follows on the channel: the code of "colodRK1" and the proof. Since the proof is the
    /// code of pair, term, challenge and run, so is the key good for that connection and run alone.
    public func sessionKey(_ authenticator: any MessageAuthenticator) -> [UInt8] {
        authenticator.code(for: Self.keyLabel + bytes)
    }

    /// Whether these are the bytes of this proof; tells nothing by its duration.
    public func matches(_ offered: [UInt8]) -> Bool { HeartbeatCoding.isEqualInConstantTime(bytes, offered) }
}
