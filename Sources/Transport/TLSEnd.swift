public import CGnuTLS

/// Which end of a TLS connection this side is.
public enum TLSRole: Sendable { case client, server }

/// What somebody decided of a peer that has proved who it is.
public enum TLSAuthorization: Sendable, Equatable {
    /// It may connect.
    case allowed
    /// It may not.
    case denied
    /// Nobody can decide: the list of that name is not there.
    case unknownList(String)
    /// Nobody can decide: the object of that name is no such list.
    case noList(String)
}

/// This side of a TLS connection: what it proves itself with, and what it wants of its peer.
///
/// It is made for one connection, from the objects as they are then, and keeps what it refers to alive as long as the
/// connection lasts.
@safe public struct TLSEnd: Sendable {
    // SAFETY: a session is lent to `apply` for the length of one call, and the credentials that it then refers to are kept
    // alive by the closure.
    /// How the two sides know each other.
    public enum Proof: Sendable {
        /// By certificates.
        case certificate
        /// By a key that both have.
        case sharedKey
        /// By a key that both have made for this connection alone.
        case sessionKey
        /// Not at all.
        case anonymous
    }

    /// Client or server.
    public var role: TLSRole
    /// How the peer is known.
    public var proof: Proof
    /// Whether the peer's certificate must prove who it is.
    public var verifiesPeer: Bool
    /// GnuTLS's priority string without what `proof` adds to it; nil for `TLSEnd.defaultPriority`.
    public var priority: String?
    /// The name that a client finds in the server's certificate.
    public var hostname: String?
    /// Decides whether a server's peer may connect, by the distinguished name of its certificate, or the name that its
    /// key goes by; nil if all may.
    public var authorize: (@Sendable (String) -> TLSAuthorization)?
    /// Gives a session its credentials: gnutls_credentials_set(3). Returns GnuTLS's code.
    public let apply: @Sendable (gnutls_session_t) -> Int32

    /// An end with every part given.
    public init(
        role: TLSRole, proof: Proof, verifiesPeer: Bool = true, priority: String? = nil, hostname: String? = nil,
        authorize: (@Sendable (String) -> TLSAuthorization)? = nil,
        apply: @escaping @Sendable (gnutls_session_t) -> Int32
    ) {
        self.role = role
        self.proof = proof
        self.verifiesPeer = verifiesPeer
        self.priority = priority
        self.hostname = hostname
        self.authorize = authorize
        unsafe self.apply = unsafe apply
    }

    /// TLS 1.2 and 1.3 with authenticated ciphers; first the one that costs least where the processor has AES.
    public static let defaultPriority =
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"

    /// Two ends of one program agree on the newest: TLS 1.3, with a secret of the connection's own beside the key, so that
    /// what was recorded stays secret when the key is lost.
    private static let sessionKeyPriority =
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-KX-ALL:+ECDHE-PSK"
        + ":%SERVER_PRECEDENCE"

    /// The whole priority string. A server chooses by its own order.
    var priorityText: String {
        if proof == .sessionKey { return priority ?? Self.sessionKeyPriority }
        var text = priority ?? Self.defaultPriority
        switch proof {
        case .certificate, .sessionKey: break
        case .sharedKey: text += ":+ECDHE-PSK:+DHE-PSK:+PSK"
        case .anonymous: text += ":+ANON-ECDH:+ANON-DH"
        }
        return priority == nil && role == .server ? text + ":%SERVER_PRECEDENCE" : text
    }
}
