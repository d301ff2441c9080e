public import CGnuTLS
import QMP

/// Which end of a connection credentials are for.
public enum TLSEndpoint: String, Sendable, CaseIterable {
    /// The one that connects.
    case client
    /// The one that listens.
    case server
}

/// What `object-add` says of TLS credentials, whatever their kind.
public struct TLSSettings: Sendable, Hashable {
    /// The directory of the files; needed but for anonymous credentials.
    public var directory: String?
    /// Which end they are for.
    public var endpoint: TLSEndpoint
    /// Whether the peer must prove who it is.
    public var verifyPeer: Bool
    /// GnuTLS's priority string; nil for the default.
    public var priority: String?

    /// Settings.
    public init(
        directory: String? = nil, endpoint: TLSEndpoint = .client, verifyPeer: Bool = true, priority: String? = nil
    ) {
        self.directory = directory
        self.endpoint = endpoint
        self.verifyPeer = verifyPeer
        self.priority = priority
    }
}

/// Credentials for TLS connections, loaded: certificates (`tls-creds-x509`), a shared key (`tls-creds-psk`), or none at
/// all (`tls-creds-anon`).
///
/// The GnuTLS handle lives as long as this object. GnuTLS permits many sessions, on any threads, to use the same
/// credentials as long as nobody changes them, and nobody does after `init`.
public final class TLSCredentials: ManagedObject {
    /// Who is trusted, and why.
    public enum Kind: Sendable, Hashable {
        /// By certificate; `sanityCheck`: they were examined when the object was made.
        case certificate(sanityCheck: Bool)
        /// By a key that both sides have; a client also has a name, nil for the usual one.
        case sharedKey(username: String?)
        /// Nobody is.
        case anonymous
    }

    /// What the object was made from.
    public let settings: TLSSettings
    /// The kind.
    public let kind: Kind
    /// The certificates among the files, as they were when the object was made: the authorities' and this side's.
    public let certificates: [CertificateSummary]
    private let handle: CredentialsHandle

    /// Which end of a connection they are for.
    public var endpoint: TLSEndpoint { settings.endpoint }

    /// `tls-creds-x509`: ca-cert.pem, ca-crl.pem, and SIDE-cert.pem with SIDE-key.pem of the directory; a client may do
    /// without the last two. `passwordID` would name the secret that the key is encrypted with.
    public convenience init(
        certificates settings: TLSSettings, sanityCheck: Bool = true, passwordID: String? = nil
    ) throws(CredentialsError) {
        let files = try CertificateFiles(settings)
        if sanityCheck { try files.check() }
        if let passwordID { throw .noSecret(passwordID) }
        self.init(settings, .certificate(sanityCheck: sanityCheck), try files.load(), files.summaries)
    }

    /// `tls-creds-psk`: keys.psk of the directory, lines "NAME:KEY" with the key in hexadecimal digits.
    public convenience init(
        sharedKey settings: TLSSettings, username: String? = nil
    ) throws(CredentialsError) {
        if settings.endpoint == .server, username != nil { throw .usernameOfServer }
        let directory = try settings.requiredDirectory()
        let keys = try CredentialFile.require("keys.psk", in: directory)
        let handle = try SharedKeyFile(file: keys).load(settings.endpoint, username: username)
        if settings.endpoint == .server { try handle.useParameters(of: directory) }
        self.init(settings, .sharedKey(username: username), handle)
    }

    /// `tls-creds-anon`: encryption without knowing who is there.
    public convenience init(anonymous settings: TLSSettings) throws(CredentialsError) {
        self.init(settings, .anonymous, try CredentialsHandle(anonymous: settings))
    }

    private init(
        _ settings: TLSSettings, _ kind: Kind, _ handle: CredentialsHandle, _ certificates: [CertificateSummary] = []
    ) {
        self.settings = settings
        self.kind = kind
        self.certificates = certificates
        self.handle = handle
    }

    /// Gives these credentials to `session`, which must not outlive this object: gnutls_credentials_set(3). Returns
    /// GnuTLS's error code, negative if it failed.
    public func apply(to session: gnutls_session_t) -> Int32 {
        // SAFETY: the handle is of the type that its kind says, and lives as long as `self`.
        unsafe gnutls_credentials_set(session, handle.type, UnsafeMutableRawPointer(handle.pointer))
    }

    /// Calls `body` with the handle as a certificate credential, for callers that verify the peer's certificate
    /// themselves; nil for the other kinds.
    public func withCertificateCredentials<Result>(
        _ body: (gnutls_certificate_credentials_t) -> Result
    ) -> Result? {
        // SAFETY: the pointer is lent to `body` while the handle that owns it is held.
        guard case .certificate = kind else { return nil }
        return unsafe body(handle.pointer)
    }

    /// The name of the type.
    public var typeName: String {
        switch kind {
        case .certificate: "tls-creds-x509"
        case .sharedKey: "tls-creds-psk"
        case .anonymous: "tls-creds-anon"
        }
    }

    /// What it was made from; nothing of what the files hold.
    public var properties: [ObjectProperty] {
        let common = [
            ObjectProperty("endpoint", "QCryptoTLSCredsEndpoint", .string(endpoint.rawValue)),
            ObjectProperty("dir", settings.directory ?? ""),
            ObjectProperty("verify-peer", settings.verifyPeer),
            ObjectProperty("priority", settings.priority ?? ""),
        ]
        let own =
            switch kind {
            case .certificate(let sanityCheck):
                [ObjectProperty("sanity-check", sanityCheck), ObjectProperty("passwordid", "")]
            case .sharedKey(let username): [ObjectProperty("username", username ?? "")]
            case .anonymous: [ObjectProperty]()
            }
        return common + own + [ObjectProperty("loaded", true)]
    }
}

extension TLSSettings {
    /// The longest path of a directory in bytes.
    static let longestDirectory = 4000

    /// The directory. Throws if there is none, or it cannot be the name of one.
    func requiredDirectory() throws(CredentialsError) -> String {
        guard let directory else { throw .noDirectory }
        guard directory.utf8.count <= Self.longestDirectory, !directory.utf8.contains(0) else {
            throw .invalidDirectory
        }
        return directory
    }
}
