import CGnuTLS
import Environment
import Glibc
import PairLab
import SystemCalls
import Testing

@testable import Transport

/// The far end of a connection in the hands of the test: bytes as they are, or a session of GnuTLS with no code of ours
/// in it. Its calls wait.
final class RawTLSPeer: @unchecked Sendable {
    let channel: Channel
    private let number: Int32
    private var session: gnutls_session_t?

    /// A connection; `channel` is the near end.
    init() throws {
        var numbers: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &numbers) == 0 else {
            throw LabError("no socket pair")
        }
        channel = Channel(Descriptor(owning: numbers[0]), name: "peer")
        number = numbers[1]
    }

    deinit {
        if let session { gnutls_deinit(session) }
        close(number)
    }

    /// Sends bytes as they are.
    func sendPlain(_ bytes: [UInt8]) { _ = Glibc.send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// Closes the connection without a word.
    func hangUp() { shutdown(number, Int32(SHUT_RDWR)) }

    /// Becomes a server, and performs the handshake.
    func serve(_ end: TLSEnd, priority: String? = nil) throws {
        try check(gnutls_init(&session, GNUTLS_SERVER.rawValue | GNUTLS_NO_SIGNAL.rawValue))
        guard let session else { return }
        try check(gnutls_priority_set_direct(session, priority ?? end.priorityText, nil))
        try check(end.apply(session))
        gnutls_transport_set_int2(session, number, number)
        try check(gnutls_handshake(session))
    }

    /// Asks the client for another handshake.
    func askForHandshake() throws { if let session { try check(gnutls_rehandshake(session)) } }

    /// Asks for new keys, and for those of the peer (TLS 1.3).
    func changeKeys() throws { if let session { try check(gnutls_session_key_update(session, 1)) } }

    /// Sends one record.
    func send(_ bytes: [UInt8]) throws {
        if let session { try check(Int32(clamping: gnutls_record_send(session, bytes, bytes.count))) }
    }

    /// The next record.
    func receive() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32 << 10)
        guard let session else { return [] }
        var count = Int(GNUTLS_E_AGAIN)
        // That is said of what came and is no data, too.
        while count == Int(GNUTLS_E_AGAIN) { count = gnutls_record_recv(session, &bytes, bytes.count) }
        try check(Int32(clamping: count))
        return Array(bytes.prefix(count))
    }

    /// Says that nothing more comes.
    func sayEnd() throws { if let session { try check(gnutls_bye(session, GNUTLS_SHUT_WR)) } }

    private func check(_ code: Int32) throws {
        guard code >= 0 else { throw LabError(String(cString: gnutls_strerror(code))) }
    }
}

extension RawTLSPeer {
    /// The near end with TLS, this being the server.
    func connect(_ kit: TLSKit, priority: String? = nil) throws -> Channel {
        let client = Handshake(channel, kit.client, try Cancellation())
        try serve(kit.server, priority: priority)
        return try client.channel()
    }
}
