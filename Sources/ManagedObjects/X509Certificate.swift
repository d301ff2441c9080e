public import CGnuTLS
import Glibc

/// A certificate that was read in order to be checked.
@safe final class X509Certificate {
    let handle: gnutls_x509_crt_t

    // SAFETY: the handle is owned from here on, and freed by `deinit` alone.
    fileprivate init(owning handle: gnutls_x509_crt_t) { unsafe self.handle = unsafe handle }

    // SAFETY: the handle is owned, and nobody else has it.
    deinit { unsafe gnutls_x509_crt_deinit(handle) }

    /// The one certificate in a PEM text. Throws GnuTLS's error code.
    static func one(pem: UnsafeRawBufferPointer) throws(GnuTLSError) -> X509Certificate {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        var handle: gnutls_x509_crt_t?
        try unsafe GnuTLSError.check(gnutls_x509_crt_init(&handle))
        guard let handle = unsafe handle else { throw GnuTLSError(code: GNUTLS_E_MEMORY_ERROR) }
        let certificate = unsafe X509Certificate(owning: handle)
        try unsafe pem.withDatum { datum throws(GnuTLSError) in
            try unsafe GnuTLSError.check(gnutls_x509_crt_import(handle, &datum, GNUTLS_X509_FMT_PEM))
        }
        return certificate
    }

    /// All certificates of a PEM text, at most as many as an authority file may hold.
    static func list(pem: UnsafeRawBufferPointer) throws(GnuTLSError) -> [X509Certificate] {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        var handles = unsafe [gnutls_x509_crt_t?](repeating: nil, count: maximumAuthorityCount)
        var count = unsafe UInt32(handles.count)
        try unsafe pem.withDatum { datum throws(GnuTLSError) in
            try unsafe GnuTLSError.check(gnutls_x509_crt_list_import(&handles, &count, &datum, GNUTLS_X509_FMT_PEM, 0))
        }
        // On success exactly the first `count` handles were made, and they are ours to free.
        return unsafe handles.prefix(Int(count)).compactMap { unsafe $0.map { unsafe X509Certificate(owning: $0) } }
    }

    private static let maximumAuthorityCount = 16

    /// Throws unless the certificate of file `path` is valid now and fit for `role`.
    func check(_ role: CertificateRole, path: String) throws(CredentialsError) {
        if let first = faults(role, path: path).first { throw first }
    }

    /// Everything that keeps the certificate of file `path` from being valid now and fit for `role`.
    func faults(_ role: CertificateRole, path: String) -> [CredentialsError] {
        [Check.time, .basicConstraints, .keyUsage, .purpose].compactMap { one in
            do throws(CredentialsError) {
                try check(one, role, path)
                return nil
            } catch { return error }
        }
    }

    private enum Check { case time, basicConstraints, keyUsage, purpose }

    private func check(_ what: Check, _ role: CertificateRole, _ path: String) throws(CredentialsError) {
        switch what {
        case .time: try checkTime(role, path)
        case .basicConstraints: try checkBasicConstraints(role, path)
        case .keyUsage: try checkKeyUsage(role, path)
        case .purpose: if case .own(let endpoint) = role { try checkPurpose(endpoint, path) }
        }
    }

    private func checkTime(_ role: CertificateRole, _ path: String) throws(CredentialsError) {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        let now = time(nil)
        if unsafe gnutls_x509_crt_get_expiration_time(handle) < now {
            throw .certificate(path: path, .expired(role))
        }
        if unsafe gnutls_x509_crt_get_activation_time(handle) > now {
            throw .certificate(path: path, .notYetActive(role))
        }
    }

    private func checkBasicConstraints(_ role: CertificateRole, _ path: String) throws(CredentialsError) {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        let status = unsafe gnutls_x509_crt_get_basic_constraints(handle, nil, nil, nil)
        switch (role, status) {
        case (.own(let endpoint), 1...): throw .certificate(path: path, .authorityInsteadOf(endpoint))
        case (.authority, 0): throw .certificate(path: path, .noAuthority)
        case (.authority, GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE):
            throw .certificate(path: path, .noBasicConstraints)
        case (_, 0...), (_, GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE): return
        default: throw .certificate(path: path, .unreadable(.basicConstraints, GnuTLSError(code: status)))
        }
    }

    private func checkKeyUsage(_ role: CertificateRole, _ path: String) throws(CredentialsError) {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        var usage: UInt32 = 0
        var critical: UInt32 = 0
        let status = unsafe gnutls_x509_crt_get_key_usage(handle, &usage, &critical)
        // Without the extension everything is permitted; without the mark "critical" it is advice.
        if status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE { return }
        guard status >= 0 else {
            throw .certificate(path: path, .unreadable(.keyUsage, GnuTLSError(code: status)))
        }
        guard critical != 0 else { return }
        switch role {
        case .authority where usage & UInt32(GNUTLS_KEY_KEY_CERT_SIGN) == 0:
            throw .certificate(path: path, .forbidsCertificateSigning)
        case .own where usage & UInt32(GNUTLS_KEY_DIGITAL_SIGNATURE) == 0:
            throw .certificate(path: path, .forbidsSignature)
        default: return
        }
    }

    private func checkPurpose(_ endpoint: TLSEndpoint, _ path: String) throws(CredentialsError) {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        let wanted = [
            endpoint == .server ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT, GNUTLS_KP_ANY,
        ]
        var isCritical = false
        var index: UInt32 = 0
        while true {
            var text = [UInt8](repeating: 0, count: 256)
            var size = text.count
            var critical: UInt32 = 0
            let status = unsafe gnutls_x509_crt_get_key_purpose_oid(handle, index, &text, &size, &critical)
            if status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE { break }
            guard status >= 0 else {
                throw .certificate(path: path, .unreadable(.keyPurpose, GnuTLSError(code: status)))
            }
            if wanted.contains(String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)) { return }
            if critical != 0 { isCritical = true }
            index += 1
        }
        if index > 0, isCritical { throw .certificate(path: path, .otherPurpose(endpoint)) }
    }

    /// Throws unless one of `authorities`, from file `authorityPath`, vouches for the certificate of file `path`. Whether
    /// their time is right `check` tells better.
    func verify(
        _ authorities: [X509Certificate], path: String, authorityPath: String
    ) throws(CredentialsError) {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        var own: [gnutls_x509_crt_t?] = unsafe [handle]
        var trusted: [gnutls_x509_crt_t?] = unsafe authorities.map(unsafe \.handle)
        var status: UInt32 = 0
        // All handles live until the call returns: they belong to `self` and `authorities`.
        let code = withExtendedLifetime((self, authorities)) {
            unsafe gnutls_x509_crt_list_verify(
                &own, 1, &trusted, UInt32(trusted.count), nil, 0, GNUTLS_VERIFY_DISABLE_TIME_CHECKS.rawValue, &status)
        }
        guard code >= 0 else { throw .certificate(path: path, .notVerified(GnuTLSError(code: code))) }
        guard status != 0 else { return }
        throw .certificate(path: path, .distrusted(authorityPath: authorityPath, Self.distrust(status)))
    }

    private static func distrust(_ status: UInt32) -> CertificateFault.Distrust {
        let reasons: [(gnutls_certificate_status_t, CertificateFault.Distrust)] = [
            (GNUTLS_CERT_INSECURE_ALGORITHM, .insecureAlgorithm), (GNUTLS_CERT_REVOKED, .revoked),
            (GNUTLS_CERT_SIGNER_NOT_FOUND, .unknownIssuer), (GNUTLS_CERT_INVALID, .untrusted),
        ]
        return reasons.first { status & $0.0.rawValue != 0 }?.1 ?? .invalid
    }
}

/// A GnuTLS call's error code.
public struct GnuTLSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The code, negative.
    public let code: Int32

    /// The error of that code.
    public init(code: Int32) { self.code = code }

    /// Throws `code` if it is one of an error.
    public static func check(_ code: Int32) throws(GnuTLSError) { if code < 0 { throw GnuTLSError(code: code) } }

    /// What it means: gnutls_strerror(3).
    public var description: String {
        // SAFETY: the library's texts are constant and terminated.
        unsafe gnutls_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes in the shape that GnuTLS takes; it does not write to them.
    public func withDatum<Result, Failure: Error>(
        _ body: (inout gnutls_datum_t) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // SAFETY: the datum is only valid inside `body`, as the bytes are; GnuTLS takes it as constant.
        let bytes = unsafe UnsafeMutablePointer(mutating: baseAddress?.assumingMemoryBound(to: UInt8.self))
        var datum = unsafe gnutls_datum_t(data: bytes, size: UInt32(count))
        return try unsafe body(&datum)
    }
}
