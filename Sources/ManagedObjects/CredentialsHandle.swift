import CGnuTLS

/// Owns credentials of GnuTLS, of one of its five types, and frees them once.
@safe final class CredentialsHandle: @unchecked Sendable {
    // SAFETY: the pointers are set once and freed in deinit alone; what they point to is changed only by the maker of the
    // credentials, before anybody else sees them, and GnuTLS lets many threads read it.
    enum Purpose {
        case certificate, sharedKeyServer, sharedKeyClient, anonymousServer, anonymousClient
    }

    let purpose: Purpose
    let pointer: OpaquePointer
    /// Diffie-Hellman parameters that the credentials refer to.
    private var parameters: gnutls_dh_params_t?

    init(_ purpose: Purpose) throws(CredentialsError) {
        var pointer: OpaquePointer?
        let code =
            switch purpose {
            case .certificate: unsafe gnutls_certificate_allocate_credentials(&pointer)
            case .sharedKeyServer: unsafe gnutls_psk_allocate_server_credentials(&pointer)
            case .sharedKeyClient: unsafe gnutls_psk_allocate_client_credentials(&pointer)
            case .anonymousServer: unsafe gnutls_anon_allocate_server_credentials(&pointer)
            case .anonymousClient: unsafe gnutls_anon_allocate_client_credentials(&pointer)
            }
        guard code >= 0, let pointer = unsafe pointer else {
            throw .failed(.allocate, .library(GnuTLSError(code: code)))
        }
        self.purpose = purpose
        unsafe self.pointer = unsafe pointer
    }

    convenience init(anonymous settings: TLSSettings) throws(CredentialsError) {
        try self.init(settings.endpoint == .server ? .anonymousServer : .anonymousClient)
        guard purpose == .anonymousServer else { return }
        if settings.directory == nil {
            try useKnownParameters()
        } else {
            try useParameters(of: try settings.requiredDirectory())
        }
    }

    deinit {
        switch purpose {
        case .certificate: unsafe gnutls_certificate_free_credentials(pointer)
        case .sharedKeyServer: unsafe gnutls_psk_free_server_credentials(pointer)
        case .sharedKeyClient: unsafe gnutls_psk_free_client_credentials(pointer)
        case .anonymousServer: unsafe gnutls_anon_free_server_credentials(pointer)
        case .anonymousClient: unsafe gnutls_anon_free_client_credentials(pointer)
        }
        if let parameters = unsafe parameters { unsafe gnutls_dh_params_deinit(parameters) }
    }

    /// What gnutls_credentials_set(3) calls these.
    var type: gnutls_credentials_type_t {
        switch purpose {
        case .certificate: GNUTLS_CRD_CERTIFICATE
        case .sharedKeyServer, .sharedKeyClient: GNUTLS_CRD_PSK
        case .anonymousServer, .anonymousClient: GNUTLS_CRD_ANON
        }
    }

    /// Gives a server the Diffie-Hellman parameters of dh-params.pem in `directory`, or the well-known ones without it.
    func useParameters(of directory: String) throws(CredentialsError) {
        guard let file = try CredentialFile.find("dh-params.pem", in: directory, required: false) else {
            return try useKnownParameters()
        }
        let step = CredentialsError.Step.loadParameters(path: file.path)
        var made: gnutls_dh_params_t?
        let code = unsafe gnutls_dh_params_init(&made)
        guard code >= 0, let made = unsafe made else { throw .failed(step, .library(GnuTLSError(code: code))) }
        unsafe parameters = unsafe made
        let imported: Int32
        do throws(CredentialFileError) {
            imported = try unsafe file.withBytes { bytes in
                unsafe bytes.withDatum { unsafe gnutls_dh_params_import_pkcs3(made, &$0, GNUTLS_X509_FMT_PEM) }
            }
        } catch { throw .failed(step, .file(error)) }
        guard imported >= 0 else { throw .failed(step, .library(GnuTLSError(code: imported))) }
        switch purpose {
        case .certificate: unsafe gnutls_certificate_set_dh_params(pointer, made)
        case .sharedKeyServer: unsafe gnutls_psk_set_server_dh_params(pointer, made)
        case .anonymousServer: unsafe gnutls_anon_set_server_dh_params(pointer, made)
        case .sharedKeyClient, .anonymousClient: break
        }
    }

    /// Gives a server the Diffie-Hellman groups of RFC 7919.
    private func useKnownParameters() throws(CredentialsError) {
        let code =
            switch purpose {
            case .certificate: unsafe gnutls_certificate_set_known_dh_params(pointer, GNUTLS_SEC_PARAM_MEDIUM)
            case .sharedKeyServer: unsafe gnutls_psk_set_server_known_dh_params(pointer, GNUTLS_SEC_PARAM_MEDIUM)
            case .anonymousServer: unsafe gnutls_anon_set_server_known_dh_params(pointer, GNUTLS_SEC_PARAM_MEDIUM)
            case .sharedKeyClient, .anonymousClient: Int32(0)
            }
        guard code >= 0 else { throw .failed(.setParameters, .library(GnuTLSError(code: code))) }
    }
}
