import ByteCoding
public import Environment

/// Computes the keyed code of bytes (HMAC-SHA256, 32 bytes) with the pair's pre-shared key.
public protocol MessageAuthenticator: Sendable {
    /// The 32-byte code of `bytes`.
    func code(for bytes: [UInt8]) -> [UInt8]
    /// Whether `code` is that of `bytes`, by any key that is accepted; tells nothing by its duration about a key.
    func accepts(_ code: [UInt8], for bytes: [UInt8]) -> Bool
    /// The mark of the key that is accepted beside the one that codes are made with: 24 bits; 0 if there is none.
    var secondKeyMark: UInt32 { get }
}

/// What has one key.
extension MessageAuthenticator {
    /// Whether `code` is the one that this side would have made.
    public func accepts(_ code: [UInt8], for bytes: [UInt8]) -> Bool {
        HeartbeatCoding.isEqualInConstantTime(self.code(for: bytes), code)
    }

    /// None.
    public var secondKeyMark: UInt32 { 0 }
}

/// Who speaks: the same on every connection of a process.
public struct HeartbeatIdentity: Sendable, Equatable {
    /// Which host this is.
    public var member: PairMember
    /// Drawn at random when the process starts, so that a restart is noticed; never 0.
    public var instance: UInt64
    /// The pair's name, at most 255 bytes of UTF-8; the same on both sides.
    public var pair: String
    /// What has to be equal on both sides.
    public var profile: PairProfile

    /// The identity of a process.
    public init(member: PairMember, instance: UInt64, pair: String, profile: PairProfile = PairProfile()) {
        self.member = member
        self.instance = instance
        self.pair = pair
        self.profile = profile
    }
}

/// One heartbeat message.
public struct HeartbeatMessage: Sendable, Equatable {
    /// The sender's clock when it sent this; rises from message to message of one process.
    public var sentAt: Nanoseconds
    /// The newest `sentAt` that the sender has read from this peer process; 0 if none.
    public var echo: Nanoseconds
    /// The sender's heartbeat timeout.
    public var timeout: Nanoseconds
    /// What the sender says about itself.
    public var report: PairReport

    /// A message.
    public init(sentAt: Nanoseconds, echo: Nanoseconds, timeout: Nanoseconds, report: PairReport) {
        self.sentAt = sentAt
        self.echo = echo
        self.timeout = timeout
        self.report = report
    }
}

/// Why a connection's bytes were refused.
public enum HeartbeatFault: Error, Sendable, Equatable {
    /// A frame is longer than `HeartbeatCoding.maximumFrame`, or empty.
    case frameLength(UInt32)
    /// A frame has a type that is unknown or out of place.
    case unexpectedFrame(UInt8)
    /// The peer speaks something else.
    case notOurProtocol
    /// The peer speaks this version of the heartbeat.
    case version(UInt16)
    /// The peer's file names another pair.
    case otherPair(String)
    /// The peer has the role of this side.
    case sameRole
    /// Our own greeting came back.
    case ownGreeting
    /// The code of a message is wrong: the peer has another key, or somebody tampered with the bytes.
    case notAuthentic
    /// The sequence number does not rise: a replay.
    case replayed(UInt64)
    /// A field cannot be read or has no meaning.
    case malformed(String)
}

/// The bytes of the heartbeat protocol, version 2; all integers are big-endian.
///
///     frame    be32 length of what follows (1 to 4096), u8 type, payload
///     hello    type 1: "colodHB1" (8 bytes), be16 version, u8 member (1, 2), be64 instance, 16 bytes nonce,
///              u8 length + pair name, u8 count of profile entries, for each u8 length + name, u8 length + value
///     report   type 2: be64 sequence, body, 32 bytes code
///     body     be64 sentAt ns, be64 echo ns, be32 timeout ms, be64 term, u8 state, u8 flags, be16 impairments,
///              u8 leaving, be24 second key, u8 extensions, be64 run, be64 checkpoint, u8 request, be64 request's term
///     flags    1 serving, 2 protected, 4 ready, 8 has a complete checkpoint, 16 promises, 32 enters a term,
///              64 the guest is stopped; 128 is not used
///     leaving  the numbers of `Leaving`; impairments and extensions are the bits of `Impairments`, `PairExtensions`
///     second key  the mark of the key that the sender accepts beside its own, 0 for none: during an exchange of keys
///     request  0 none, 1 continue alone, 2 take over, 3 start, 4 hand over; the term is 0 for 0 and 4
///
/// Both sides send one hello at once and reports from then on, in any number. The code of a report is HMAC-SHA256 over
/// the sender's hello payload, the receiver's hello payload, the sequence and the body. It so covers both nonces and the
/// direction, and nothing recorded on another connection, or sent back to its sender, is ever authentic. The sequence
/// starts at 1 and rises strictly. Magic and version stay at their place in every version. A hello alone proves nothing: a peer counts from its first authentic report on.
public enum HeartbeatCoding {
    /// The largest length field.
    public static let maximumFrame: UInt32 = 4096
    /// The length of a nonce in bytes.
    public static let nonceLength = 16
    /// The length of a code in bytes.
    public static let codeLength = 32
    static let magic = Array("colodHB1".utf8)
    /// The version of the protocol; another one is refused by name.
    public static let version: UInt16 = 2
    static let bodyLength = 8 + 8 + 4 + 8 + 1 + 1 + 2 + 1 + 4 + 8 + 8 + 1 + 8

    enum FrameType: UInt8 { case hello = 1, report = 2 }

    struct Hello: Equatable {
        var identity: HeartbeatIdentity
        var nonce: [UInt8]
    }

    static func frame(_ type: FrameType, _ payload: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: payload.count + 5)
        writer.write(UInt32(payload.count + 1))
        writer.write(type.rawValue)
        writer.write(payload)
        return writer.bytes
    }

    static func encode(_ hello: Hello) -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.write(magic)
        writer.write(version)
        writer.write(hello.identity.member.rawValue)
        writer.write(hello.identity.instance)
        writer.write(hello.nonce)
        writer.writeString8(hello.identity.pair)
        hello.identity.profile.write(to: &writer)
        return writer.bytes
    }

    static func decodeHello(_ payload: [UInt8]) throws(HeartbeatFault) -> Hello {
        var reader = ByteReader(payload)
        do {
            guard try reader.readBytes(magic.count) == magic else { throw HeartbeatFault.notOurProtocol }
            let theirs = try reader.read(UInt16.self)
            guard theirs == version else { throw HeartbeatFault.version(theirs) }
            guard let member = PairMember(rawValue: try reader.read(UInt8.self)) else {
                throw HeartbeatFault.malformed("hello: member")
            }
            let instance = try reader.read(UInt64.self)
            let nonce = try reader.readBytes(nonceLength)
            let pair = try reader.readString8()
            let profile = try PairProfile.read(from: &reader)
            guard reader.isAtEnd else { throw HeartbeatFault.malformed("hello: \(reader.remaining) bytes too many") }
            return Hello(
                identity: HeartbeatIdentity(member: member, instance: instance, pair: pair, profile: profile),
                nonce: nonce)
        } catch let fault as HeartbeatFault {
            throw fault
        } catch {
            throw .malformed("hello: \(error)")
        }
    }

    static func encode(_ message: HeartbeatMessage) -> [UInt8] {
        let report = message.report
        var writer = ByteWriter(capacity: bodyLength)
        writer.write(message.sentAt.count)
        writer.write(message.echo.count)
        writer.write(UInt32(clamping: message.timeout.count / 1_000_000))
        writer.write(report.term.number)
        writer.write(report.state.rawValue)
        let flags = [
            report.isServing, report.isProtected, report.isReady, report.hasCheckpoint, report.promises,
            report.isEntering, report.isStopped,
        ]
        writer.write(flags.enumerated().reduce(UInt8(0)) { $0 | ($1.element ? 1 << $1.offset : 0) })
        writer.write(report.impairments.rawValue)
        writer.write(report.leaving.rawValue)
        writer.write(report.secondKeyMark << 8 | UInt32(report.extensions.rawValue))
        writer.write(report.run)
        writer.write(report.checkpoint)
        let kind: UInt8 =
            switch report.request {
            case .none: 0
            case .continueAlone: 1
            case .takeOver: 2
            case .start: 3
            case .handOver: 4
            }
        writer.write(kind)
        writer.write((report.request.term ?? .none).number)
        return writer.bytes
    }

    static func decodeMessage(_ body: [UInt8]) throws(HeartbeatFault) -> HeartbeatMessage {
        var reader = ByteReader(body)
        do {
            let sentAt = Nanoseconds(try reader.read())
            let echo = Nanoseconds(try reader.read())
            let timeout = Nanoseconds.milliseconds(UInt64(try reader.read(UInt32.self)))
            let term = Term(try reader.read())
            guard let state = PairState(rawValue: try reader.read()) else { throw HeartbeatFault.malformed("state") }
            let flags: UInt8 = try reader.read()
            guard flags < 128 else { throw HeartbeatFault.malformed("flags \(flags)") }
            var report = PairReport(term: term, state: state)
            report.isServing = flags & 1 != 0
            report.isProtected = flags & 2 != 0
            report.isReady = flags & 4 != 0
            report.hasCheckpoint = flags & 8 != 0
            report.promises = flags & 16 != 0
            report.isEntering = flags & 32 != 0
            report.isStopped = flags & 64 != 0
            report.impairments = Impairments(rawValue: try reader.read())
            guard let leaving = Leaving(rawValue: try reader.read()) else { throw HeartbeatFault.malformed("leaving") }
            report.leaving = leaving
            let keyAndExtensions: UInt32 = try reader.read()
            report.secondKeyMark = keyAndExtensions >> 8
            report.extensions = PairExtensions(rawValue: UInt8(truncatingIfNeeded: keyAndExtensions))
            report.run = try reader.read()
            report.checkpoint = try reader.read()
            let kind: UInt8 = try reader.read()
            let requested = Term(try reader.read())
            switch kind {
            case 0: report.request = .none
            case 1: report.request = .continueAlone(requested)
            case 2: report.request = .takeOver(requested)
            case 3: report.request = .start(requested)
            case 4: report.request = .handOver
            default: throw HeartbeatFault.malformed("request \(kind)")
            }
            guard reader.isAtEnd else { throw HeartbeatFault.malformed("report: \(reader.remaining) bytes too many") }
            return HeartbeatMessage(sentAt: sentAt, echo: echo, timeout: timeout, report: report)
        } catch let fault as HeartbeatFault {
            throw fault
        } catch {
            throw .malformed("report: \(error)")
        }
    }

    /// Compares without telling by its duration where the first difference is.
    static func isEqualInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
