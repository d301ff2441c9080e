/// What a certificate speaks for.
public enum CertificateRole: Equatable, Sendable {
    /// Who vouches for others.
    case authority
    /// One end of a connection.
    case own(TLSEndpoint)
}

/// Why a certificate does not do for its role.
public enum CertificateFault: Equatable, Sendable {
    /// A part of a certificate that is examined.
    public enum Part: String, Equatable, Sendable {
        /// Whether it is an authority's.
        case basicConstraints = "basic constraints"
        /// What its key may be used for.
        case keyUsage = "key usage"
        /// Which kind of connection it is for.
        case keyPurpose = "key purpose"
    }

    /// Why nobody vouches for it.
    public enum Distrust: Equatable, Sendable {
        /// By an algorithm that can be forged.
        case insecureAlgorithm
        /// The authority has taken it back.
        case revoked
        /// No authority that is known has issued it.
        case unknownIssuer
        /// The authority is not trusted.
        case untrusted
        /// For another reason.
        case invalid
    }

    /// Its time is over.
    case expired(CertificateRole)
    /// Its time has not come.
    case notYetActive(CertificateRole)
    /// It is an authority's, and one of that end is needed.
    case authorityInsteadOf(TLSEndpoint)
    /// It says that it is no authority's.
    case noAuthority
    /// It does not say whether it is an authority's.
    case noBasicConstraints
    /// GnuTLS does not understand a part.
    case unreadable(Part, GnuTLSError)
    /// Its key may not sign certificates.
    case forbidsCertificateSigning
    /// Its key may not sign.
    case forbidsSignature
    /// It is not for connections of that end.
    case otherPurpose(TLSEndpoint)
    /// GnuTLS could not tell whether somebody vouches for it.
    case notVerified(GnuTLSError)
    /// None of the authorities in that file vouches for it.
    case distrusted(authorityPath: String, Distrust)

    /// What is wrong with the certificate of file `path`.
    func text(_ path: String) -> String {
        switch self {
        case .expired(let role): "The \(role.text) certificate \(path) has expired"
        case .notYetActive(let role): "The \(role.text) certificate \(path) is not yet active"
        case .authorityInsteadOf(let endpoint):
            "The certificate \(path) basic constraints show a CA, but we need one for a \(endpoint.rawValue)"
        case .noAuthority: "The certificate \(path) basic constraints do not show a CA"
        case .noBasicConstraints: "The certificate \(path) is missing basic constraints for a CA"
        case .unreadable(let part, let error): "Unable to query certificate \(path) \(part.rawValue): \(error)"
        case .forbidsCertificateSigning: "Certificate \(path) usage does not permit certificate signing"
        case .forbidsSignature: "Certificate \(path) usage does not permit digital signature"
        case .otherPurpose(let endpoint):
            "Certificate \(path) purpose does not allow use with a TLS \(endpoint.rawValue)"
        case .notVerified(let error): "Unable to verify certificate \(path): \(error)"
        case .distrusted(let authorityPath, let reason):
            "Our own certificate \(path) failed validation against \(authorityPath): \(reason.text)"
        }
    }
}

extension CertificateRole {
    fileprivate var text: String {
        switch self {
        case .authority: "CA"
        case .own(let endpoint): endpoint.rawValue
        }
    }
}

extension CertificateFault.Distrust {
    fileprivate var text: String {
        switch self {
        case .insecureAlgorithm: "The certificate uses an insecure algorithm"
        case .revoked: "The certificate has been revoked"
        case .unknownIssuer: "The certificate hasn't got a known issuer"
        case .untrusted: "The certificate is not trusted"
        case .invalid: "Invalid certificate"
        }
    }
}
