import ByteCoding
import Environment

/// One heartbeat connection: bytes in, authentic messages out. A peer that cannot authenticate gets nothing but our hello.
public struct HeartbeatConnection: Sendable {
    /// What the bytes gave.
    public enum Output: Sendable, Equatable {
        /// The peer's hello arrived: from now on messages can be sent. Nothing about the peer is proven yet.
        case ready
        /// An authentic message of the peer process with this instance number.
        case message(HeartbeatMessage, instance: UInt64)
        /// The connection is worth nothing any more: close it.
        case fault(HeartbeatFault)
    }

    private let hello: [UInt8]
    private let identity: HeartbeatIdentity
    private let nonce: [UInt8]
    private let authenticator: any MessageAuthenticator
    private var peerHello: [UInt8]?
    private var peerInstance: UInt64 = 0
    /// What the peer's hello says has to be equal; proven once a report is authentic.
    public private(set) var peerProfile = PairProfile()
    private var buffer: [UInt8] = []
    private var sentSequence: UInt64 = 0
    private var receivedSequence: UInt64 = 0
    private var hasFailed = false

    /// Whether an authentic message arrived.
    public var isAuthenticated: Bool { receivedSequence > 0 }

    /// A connection that has just been opened, with 16 fresh random bytes as nonce.
    public init(identity: HeartbeatIdentity, nonce: [UInt8], authenticator: any MessageAuthenticator) {
        self.identity = identity
        self.nonce = nonce
        self.authenticator = authenticator
        hello = HeartbeatCoding.encode(HeartbeatCoding.Hello(identity: identity, nonce: nonce))
    }

    /// The first bytes to send.
    public var greeting: [UInt8] { HeartbeatCoding.frame(.hello, hello) }

    /// The bytes of a message; `nil` before the peer's hello has arrived, because its nonce has to go in.
    public mutating func send(_ message: HeartbeatMessage) -> [UInt8]? {
        guard let peerHello, !hasFailed else { return nil }
        sentSequence += 1
        var message = message
        message.report.secondKeyMark = authenticator.secondKeyMark
        var payload = ByteWriter(capacity: 128)
        payload.write(sentSequence)
        payload.write(HeartbeatCoding.encode(message))
        let code = authenticator.code(for: hello + peerHello + payload.bytes)
        payload.write(code)
        return HeartbeatCoding.frame(.report, payload.bytes)
    }

    /// Takes received bytes, in pieces of any size.
    public mutating func receive(_ bytes: [UInt8]) -> [Output] {
        guard !hasFailed else { return [] }
        buffer += bytes
        var outputs: [Output] = []
        do throws(HeartbeatFault) {
            while let (type, payload) = try nextFrame() {
                outputs.append(try take(type, payload))
            }
        } catch {
            hasFailed = true
            buffer = []
            outputs.append(.fault(error))
        }
        return outputs
    }

    private mutating func nextFrame() throws(HeartbeatFault) -> (UInt8, [UInt8])? {
        guard buffer.count >= 4 else { return nil }
        let length = buffer[0..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard length >= 1, length <= HeartbeatCoding.maximumFrame else { throw .frameLength(length) }
        guard buffer.count >= 4 + Int(length) else { return nil }
        let type = buffer[4]
        let payload = Array(buffer[5..<4 + Int(length)])
        buffer.removeFirst(4 + Int(length))
        return (type, payload)
    }

    private mutating func take(_ type: UInt8, _ payload: [UInt8]) throws(HeartbeatFault) -> Output {
        switch HeartbeatCoding.FrameType(rawValue: type) {
        case .hello where peerHello == nil:
            try takeHello(payload)
            return .ready
        case .report where peerHello != nil:
            return .message(try takeReport(payload), instance: peerInstance)
        default:
            throw .unexpectedFrame(type)
        }
    }

    private mutating func takeHello(_ payload: [UInt8]) throws(HeartbeatFault) {
        let peer = try HeartbeatCoding.decodeHello(payload)
        guard peer.nonce != nonce else { throw .ownGreeting }
        guard peer.identity.pair == identity.pair else { throw .otherPair(peer.identity.pair) }
        guard peer.identity.member != identity.member else { throw .sameRole }
        guard peer.identity.instance != 0 else { throw .malformed("hello: instance 0") }
        peerHello = payload
        peerInstance = peer.identity.instance
        peerProfile = peer.identity.profile
    }

    private mutating func takeReport(_ payload: [UInt8]) throws(HeartbeatFault) -> HeartbeatMessage {
        let length = 8 + HeartbeatCoding.bodyLength
        guard payload.count == length + HeartbeatCoding.codeLength, let peerHello else {
            throw .malformed("report of \(payload.count) bytes")
        }
        let signed = Array(payload[..<length])
        guard authenticator.accepts(Array(payload[length...]), for: peerHello + hello + signed) else {
            throw .notAuthentic
        }
        let sequence = signed[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard sequence > receivedSequence else { throw .replayed(sequence) }
        receivedSequence = sequence
        return try HeartbeatCoding.decodeMessage(Array(signed[8...]))
    }
}
