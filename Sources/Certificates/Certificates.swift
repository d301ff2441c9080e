// Certificates: what a migration over TLS needs, made with GnuTLS: an authority of one's own, the certificates that it
// signs for hosts, and shared keys. The files have the names that the objects tls-creds-x509 and tls-creds-psk want.
//
// - Keys are of the curve P-256, signatures use SHA-256, serial numbers are random.
// - A certificate is valid from an hour before it was made on, because the clocks of hosts differ, and never longer than
//   its authority's.
// - Secrets are written with the mode 0600 before they have a name that anybody uses, and nothing that is there is
//   replaced unless that is asked for.

/// The files of credentials, as the objects of the management protocol look for them.
public enum CredentialName {
    /// Whom to trust.
    public static let authority = "ca-cert.pem"
    /// What the authority signs with; no object wants it.
    public static let authorityKey = "ca-key.pem"
    /// Shared keys.
    public static let sharedKeys = "keys.psk"

    /// A host's certificate for one end of a connection.
    public static func certificate(_ use: CertificateUse) -> String { "\(use.rawValue)-cert.pem" }

    /// The key of that certificate.
    public static func key(_ use: CertificateUse) -> String { "\(use.rawValue)-key.pem" }
}

/// Which end of a connection a certificate is for.
public enum CertificateUse: String, Sendable, CaseIterable {
    /// The end that listens: the destination of a migration.
    case server
    /// The end that connects: its source.
    case client
}
