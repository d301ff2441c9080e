import CGnuTLS

/// The files of `tls-creds-x509`, found but not yet read.
struct CertificateFiles {
    // SAFETY: the bytes of a file are borrowed for the length of one call of `CredentialFile.withBytes`; GnuTLS copies
    // what it keeps of them.
    private let endpoint: TLSEndpoint
    private let directory: String
    private let authority: CredentialFile
    private let revocations: CredentialFile?
    private let certificate: CredentialFile?
    private let key: CredentialFile?

    /// Finds them. A server needs its certificate and key, a client can do without.
    init(_ settings: TLSSettings) throws(CredentialsError) {
        directory = try settings.requiredDirectory()
        endpoint = settings.endpoint
        authority = try CredentialFile.require("ca-cert.pem", in: directory)
        let isServer = endpoint == .server
        let side = endpoint.rawValue
        revocations = isServer ? try CredentialFile.find("ca-crl.pem", in: directory, required: false) : nil
        certificate = try CredentialFile.find("\(side)-cert.pem", in: directory, required: isServer)
        key = try CredentialFile.find("\(side)-key.pem", in: directory, required: isServer)
    }

    /// Throws unless the certificates suit their roles and ours was issued by the authority.
    func check() throws(CredentialsError) {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        let own: (certificate: X509Certificate, path: String)?
        if let certificate {
            let step = CredentialsError.Step.readCertificate(path: certificate.path, endpoint)
            own = (try unsafe Self.read(certificate, step, X509Certificate.one), certificate.path)
        } else {
            own = nil
        }
        let authorities = try unsafe Self.read(authority, .readAuthorities(path: authority.path), X509Certificate.list)
        try own?.certificate.check(.own(endpoint), path: own?.path ?? "")
        for certificate in authorities { try certificate.check(.authority, path: authority.path) }
        if let own, !authorities.isEmpty {
            try own.certificate.verify(authorities, path: own.path, authorityPath: authority.path)
        }
    }

    /// What their certificates say of themselves; those that cannot be read are left out.
    var summaries: [CertificateSummary] {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        let authorities = try? unsafe Self.read(
            authority, .readAuthorities(path: authority.path), X509Certificate.list)
        let own = certificate.flatMap { file in
            try? unsafe Self.read(file, .readCertificate(path: file.path, endpoint), X509Certificate.one)
        }
        return (authorities ?? []).map { $0.summary(path: authority.path) }
            + [own].compactMap { $0?.summary(path: certificate?.path ?? "") }
    }

    /// Hands them to GnuTLS.
    func load() throws(CredentialsError) -> CredentialsHandle {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        let handle = try CredentialsHandle(.certificate)
        try unsafe Self.take(authority, .loadAuthorities(path: authority.path)) {
            unsafe gnutls_certificate_set_x509_trust_mem(handle.pointer, &$0, GNUTLS_X509_FMT_PEM)
        }
        if let certificate, let key {
            let step = CredentialsError.Step.loadCertificate(path: certificate.path, keyPath: key.path)
            let code = try unsafe Self.bytes(of: certificate, step) { chain throws(CredentialsError) in
                try unsafe Self.bytes(of: key, step) { secret throws(CredentialsError) in
                    unsafe chain.withDatum { chain in
                        unsafe secret.withDatum { secret in
                            unsafe gnutls_certificate_set_x509_key_mem2(
                                handle.pointer, &chain, &secret, GNUTLS_X509_FMT_PEM, nil, 0)
                        }
                    }
                }
            }
            guard code >= 0 else { throw .failed(step, .library(GnuTLSError(code: code))) }
        }
        if let revocations {
            try unsafe Self.take(revocations, .loadRevocations(path: revocations.path)) {
                unsafe gnutls_certificate_set_x509_crl_mem(handle.pointer, &$0, GNUTLS_X509_FMT_PEM)
            }
        }
        if endpoint == .server { try handle.useParameters(of: directory) }
        return handle
    }

    private static func take(
        _ file: CredentialFile, _ step: CredentialsError.Step, _ body: (inout gnutls_datum_t) -> Int32
    ) throws(CredentialsError) {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        let code = try unsafe bytes(of: file, step) { unsafe $0.withDatum(body) }
        guard code >= 0 else { throw .failed(step, .library(GnuTLSError(code: code))) }
    }

    static func read<Value>(
        _ file: CredentialFile, _ step: CredentialsError.Step,
        _ parse: (UnsafeRawBufferPointer) throws(GnuTLSError) -> Value
    ) throws(CredentialsError) -> Value {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        try unsafe bytes(of: file, step) { bytes throws(CredentialsError) in
            do throws(GnuTLSError) { return try unsafe parse(bytes) } catch { throw .failed(step, .library(error)) }
        }
    }

    private static func bytes<Value>(
        of file: CredentialFile, _ step: CredentialsError.Step,
        _ body: (UnsafeRawBufferPointer) throws(CredentialsError) -> Value
    ) throws(CredentialsError) -> Value {
        // SAFETY: GnuTLS uses what it is given until the call returns; handles live as long as the objects that own
        // them.
        let result: Result<Value, CredentialsError>
        do throws(CredentialFileError) {
            result = try unsafe file.withBytes { bytes in
                do throws(CredentialsError) { return unsafe .success(try body(bytes)) } catch { return .failure(error) }
            }
        } catch {
            throw .failed(step, .file(error))
        }
        return try result.get()
    }
}
