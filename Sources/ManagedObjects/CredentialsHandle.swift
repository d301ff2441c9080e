import CGnuTLS
import QMP

/// Owns credentials of GnuTLS, of one of its five types, and frees them once.
final class CredentialsHandle: @unchecked Sendable {
    // SAFETY: the pointer is set once and freed in deinit alone; what it points to is changed only by whoever makes the
    // credentials, before anybody else sees them, and GnuTLS lets many threads read it.
    enum Purpose {
        case certificate, sharedKeyServer, sharedKeyClient, anonymousServer, anonymousClient
    }

    let purpose: Purpose
    let pointer: OpaquePointer

    init(_ purpose: Purpose) throws(CommandError) {
        var pointer: OpaquePointer?
        let code =
            switch purpose {
            case .certificate: gnutls_certificate_allocate_credentials(&pointer)
            case .sharedKeyServer: gnutls_psk_allocate_server_credentials(&pointer)
            case .sharedKeyClient: gnutls_psk_allocate_client_credentials(&pointer)
            case .anonymousServer: gnutls_anon_allocate_server_credentials(&pointer)
            case .anonymousClient: gnutls_anon_allocate_client_credentials(&pointer)
            }
        guard code >= 0, let pointer else {
            throw .generic("Cannot allocate credentials: \(GnuTLSError(code: code).message)")
        }
        self.purpose = purpose
        self.pointer = pointer
    }

    convenience init(anonymous endpoint: TLSEndpoint) throws(CommandError) {
        try self.init(endpoint == .server ? .anonymousServer : .anonymousClient)
        if purpose == .anonymousServer { try useKnownParameters() }
    }

    deinit {
        switch purpose {
        case .certificate: gnutls_certificate_free_credentials(pointer)
        case .sharedKeyServer: gnutls_psk_free_server_credentials(pointer)
        case .sharedKeyClient: gnutls_psk_free_client_credentials(pointer)
        case .anonymousServer: gnutls_anon_free_server_credentials(pointer)
        case .anonymousClient: gnutls_anon_free_client_credentials(pointer)
        }
    }

    /// What gnutls_credentials_set(3) calls these.
    var type: gnutls_credentials_type_t {
        switch purpose {
        case .certificate: GNUTLS_CRD_CERTIFICATE
        case .sharedKeyServer, .sharedKeyClient: GNUTLS_CRD_PSK
        case .anonymousServer, .anonymousClient: GNUTLS_CRD_ANON
        }
    }

    /// Gives a server the Diffie-Hellman groups of RFC 7919.
    func useKnownParameters() throws(CommandError) {
        let code =
            switch purpose {
            case .certificate: gnutls_certificate_set_known_dh_params(pointer, GNUTLS_SEC_PARAM_MEDIUM)
            case .sharedKeyServer: gnutls_psk_set_server_known_dh_params(pointer, GNUTLS_SEC_PARAM_MEDIUM)
            case .anonymousServer: gnutls_anon_set_server_known_dh_params(pointer, GNUTLS_SEC_PARAM_MEDIUM)
            case .sharedKeyClient, .anonymousClient: Int32(0)
            }
        guard code >= 0 else { throw .generic("Unable to set DH parameters: \(GnuTLSError(code: code).message)") }
    }
}
