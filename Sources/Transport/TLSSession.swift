import CGnuTLS
import Environment
import Glibc
import Synchronization
import SystemCalls

/// One session of GnuTLS, from the handshake on.
///
/// One thread reads and one writes. GnuTLS would let them do so at the same time, but for the changes of keys that TLS 1.3
/// makes by itself in the middle of the data; so each call on the session has its turn. None of them waits, and
/// each moves one record at most.
@safe final class TLSSession: @unchecked Sendable {
    // SAFETY: the pointer is set once and freed in deinit alone. The handshake belongs to the thread that makes the
    // session; afterwards every use is made in its turn. Memory is lent to GnuTLS for the length of a call.
    let pointer: gnutls_session_t
    let end: TLSEnd
    private let carrier: TLSCarrier
    private let turn = Mutex(())

    /// A session over `wire`, before the handshake.
    init(over wire: Wire, as end: TLSEnd) throws(TransportError) {
        // Sessions are not resumed; a ticket that a source never reads would only make the kernel reset its connection.
        let flags: [gnutls_init_flags_t] = [
            end.role == .client ? GNUTLS_CLIENT : GNUTLS_SERVER, GNUTLS_NONBLOCK, GNUTLS_NO_TICKETS,
        ]
        var made: gnutls_session_t?
        let code = unsafe gnutls_init(&made, flags.reduce(0) { $0 | $1.rawValue })
        guard code >= 0, let made = unsafe made else { throw .tls(.session(reason: Self.reason(code))) }
        unsafe pointer = unsafe made
        self.end = end
        carrier = TLSCarrier(wire)
        try configure()
    }

    deinit { unsafe gnutls_deinit(pointer) }

    /// The wire below.
    var wire: Wire { carrier.wire }

    private func configure() throws(TransportError) {
        let priority = end.priorityText
        let code = unsafe gnutls_priority_set_direct(pointer, priority, nil)
        guard code >= 0 else { throw .tls(.priority(priority, reason: Self.reason(code))) }
        let applied = unsafe end.apply(pointer)
        guard applied >= 0 else { throw .tls(.session(reason: Self.reason(applied))) }
        if end.proof == .certificate, end.role == .server {
            // One that has none is told so by name when it is looked at.
            unsafe gnutls_certificate_server_set_request(pointer, GNUTLS_CERT_REQUEST)
        }
        unsafe carrier.attach(to: pointer)
    }

    /// What GnuTLS calls an error.
    static func reason(_ code: Int32) -> String {
        unsafe gnutls_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    // MARK: Handshake

    /// Comes to terms with the peer, within `limit` however slowly it goes on. `isEnded`: the channel was shut down.
    func handshake(
        within limit: Nanoseconds, cancellation: Cancellation, isEnded: () -> Bool
    ) throws(TransportError) {
        let clock = SystemClock()
        let deadline = clock.now() + limit
        while true {
            let code = unsafe gnutls_handshake(pointer)
            if cancellation.isCancelled || isEnded() { throw .cancelled }
            if code >= 0 { return }
            guard gnutls_error_is_fatal(code) == 0 else {
                throw .tls(.handshake(reason: handshakeReason(code)))
            }
            guard clock.now() < deadline else {
                throw .tls(.handshakeStalled(milliseconds: UInt64(limit.inMilliseconds)))
            }
            guard code == GNUTLS_E_AGAIN else { continue }
            switch wire.wait(for: direction, until: deadline, orUntil: cancellation.descriptor) {
            case .cancelled: throw .cancelled
            case .ready, .timedOut: break
            }
        }
    }

    /// A peer that has gone is just that, whichever way the kernel tells.
    private func handshakeReason(_ code: Int32) -> String {
        let isOfWire = code == GNUTLS_E_PULL_ERROR || code == GNUTLS_E_PUSH_ERROR
        guard isOfWire else { return Self.reason(code) }
        let error = carrier.lastError
        return error == ECONNRESET || error == EPIPE
            ? Self.reason(GNUTLS_E_PREMATURE_TERMINATION) : systemReason(error)
    }

    private var direction: Wire.Direction { unsafe gnutls_record_get_direction(pointer) == 0 ? .reading : .writing }

    /// Version and cipher ("TLS1.3 AES-128-GCM").
    var agreement: String {
        turn.withLock { _ in
            let names = unsafe [
                gnutls_protocol_get_name(gnutls_protocol_get_version(pointer)),
                gnutls_cipher_get_name(gnutls_cipher_get(pointer)),
            ]
            return unsafe names.map { unsafe $0.map { unsafe String(cString: $0) } ?? "?" }.joined(separator: " ")
        }
    }

    // MARK: Records

    /// The largest record that the peer takes.
    var recordSize: Int { turn.withLock { _ in unsafe gnutls_record_get_max_size(pointer) } }

    /// Whether something has arrived and been deciphered that was not taken yet.
    var holdsBytes: Bool { turn.withLock { _ in unsafe gnutls_record_check_pending(pointer) > 0 } }

    /// Takes what there is of one record.
    func receive(_ place: UnsafeMutableRawPointer, _ count: Int) -> Wire.Outcome {
        turn.withLock { _ in outcome(unsafe gnutls_record_recv(pointer, place, count)) }
    }

    /// Sends one record. Once it is `.blocked`, GnuTLS has the record, and `sendRest` is to be called instead until it is
    /// not.
    func send(_ bytes: UnsafeRawPointer, _ count: Int) -> Wire.Outcome {
        turn.withLock { _ in outcome(unsafe gnutls_record_send(pointer, bytes, count)) }
    }

    /// Goes on with a record that left only in part; `.moved` tells the size of all of it.
    func sendRest() -> Wire.Outcome {
        turn.withLock { _ in outcome(unsafe gnutls_record_send(pointer, nil, 0)) }
    }

    /// Tells the peer that nothing more comes; false if that has to wait.
    func sayEnd() -> Bool {
        turn.withLock { _ in unsafe gnutls_bye(pointer, GNUTLS_SHUT_WR) != GNUTLS_E_AGAIN }
    }

    private func outcome(_ result: Int) -> Wire.Outcome {
        if result >= 0 { return .moved(result) }
        let code = Int32(clamping: result)
        switch code {
        case GNUTLS_E_AGAIN, GNUTLS_E_INTERRUPTED: return .blocked(direction)
        // Whether that was too soon is for the stream to say, which marks its own end.
        case GNUTLS_E_PREMATURE_TERMINATION: return .moved(0)
        case GNUTLS_E_PULL_ERROR: return .failed(carrier.lastError)
        // What QEMU calls any failure of this kind. A session is invalid once its connection was seen to be gone.
        case GNUTLS_E_PUSH_ERROR, GNUTLS_E_INVALID_SESSION: return .failed(EIO)
        case GNUTLS_E_REHANDSHAKE: return .broken("The peer wants to negotiate anew, which is refused")
        default: return .broken(Self.reason(code))
        }
    }
}
