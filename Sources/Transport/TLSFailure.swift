/// Why there is no TLS connection. The texts are those that clients of QEMU know, where it has any.
public enum TLSFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The named credentials cannot be used; the text says why.
    case credentials(String)
    /// GnuTLS has no session for us.
    case session(reason: String)
    /// The priority string means nothing to GnuTLS.
    case priority(String, reason: String)
    /// A file, or anything else that cannot answer.
    case oneWay
    /// The two sides did not come to terms.
    case handshake(reason: String)
    /// The peer did not finish the handshake in time.
    case handshakeStalled(milliseconds: UInt64)
    /// The peer's certificate could not be looked at.
    case verification(reason: String)
    /// The peer's certificate does not do.
    case certificate(CertificateFlaw)
    /// There is no name that the server's certificate could be held against.
    case noHostname
    /// The server's certificate is another host's.
    case hostnameMismatch(String)
    /// The peer proved who it is, and may not connect.
    case denied(identity: String)
    /// There is no list of that name to ask whether the peer may connect.
    case unknownList(String)
    /// The object of that name is no such list.
    case noList(String)
    /// A list decides on identities, and these credentials prove none.
    case noIdentity

    /// What is wrong with a certificate.
    public enum CertificateFlaw: String, Sendable {
        /// Nothing else is known.
        case untrusted = "The certificate is not trusted"
        /// Its issuer is none of the authorities.
        case unknownIssuer = "The certificate hasn't got a known issuer"
        /// Its authority took it back.
        case revoked = "The certificate has been revoked"
        /// It is signed in a way that proves nothing.
        case insecure = "The certificate uses an insecure algorithm"
        /// Its time is over.
        case expired = "The certificate has expired"
        /// Its time has not come.
        case notYetActive = "The certificate is not yet activated"
    }

    /// One line, as `error-desc` shows it.
    public var description: String {
        switch self {
        case .credentials(let text): text
        case .session(let reason): "Unable to set up a TLS session: \(reason)"
        case .priority(let text, let reason): "Unable to set TLS session priority \(text): \(reason)"
        case .oneWay: "TLS needs a channel that can be read and written"
        case .handshake(let reason): "TLS handshake failed: \(reason)"
        case .handshakeStalled(let limit): "TLS handshake failed: the peer did not finish it within \(limit) ms"
        case .verification(let reason): "Verify failed: \(reason)"
        case .certificate(let flaw): flaw.rawValue
        case .noHostname: "No hostname for certificate validation"
        case .hostnameMismatch(let name): "Certificate does not match the hostname \(name)"
        case .denied(let identity): "TLS x509 authz check for \(identity) is denied"
        case .unknownList(let name): "Cannot find QAuthZ object ID \(name)"
        case .noList(let name): "Object '\(name)' is not a QAuthZ subtype"
        case .noIdentity: "'tls-authz' needs credentials by which a client proves who it is"
        }
    }
}
