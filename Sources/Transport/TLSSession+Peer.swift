import CGnuTLS

extension TLSSession {
    /// Whether the peer is who it should be, and may connect. To be called once, after the handshake.
    func checkPeer() throws(TransportError) {
        do throws(TLSFailure) {
            try authorize(try provenIdentity())
        } catch {
            throw .tls(error)
        }
    }

    /// Who the peer is, as far as it has proved that.
    private func provenIdentity() throws(TLSFailure) -> String? {
        // SAFETY: GnuTLS lends names and certificates as long as the session does not change, which it does no more.
        switch end.proof {
        case .anonymous: return nil
        case .sessionKey:
            guard unsafe gnutls_kx_get(pointer) == GNUTLS_KX_ECDHE_PSK else {
                throw .handshake(reason: "The peer did not show the key of the connection")
            }
            return nil
        case .sharedKey:
            guard end.role == .server, let name = unsafe gnutls_psk_server_get_username(pointer) else { return nil }
            return unsafe String(cString: name)
        case .certificate:
            guard end.verifiesPeer else { return nil }
            try checkChain()
            return try checkOwner()
        }
    }

    private func authorize(_ identity: String?) throws(TLSFailure) {
        guard end.role == .server, let authorize = end.authorize else { return }
        guard let identity else { throw .noIdentity }
        switch authorize(identity) {
        case .allowed: return
        case .denied: throw .denied(identity: identity)
        case .unknownList(let name): throw .unknownList(name)
        case .noList(let name): throw .noList(name)
        }
    }

    /// Whether an authority stands behind the certificate.
    private func checkChain() throws(TLSFailure) {
        // SAFETY: GnuTLS lends names and certificates as long as the session does not change, which it does no more.
        var status: UInt32 = 0
        let code = unsafe gnutls_certificate_verify_peers2(pointer, &status)
        guard code >= 0 else { throw .verification(reason: Self.reason(code)) }
        let flaws: [(gnutls_certificate_status_t, TLSFailure.CertificateFlaw)] = [
            (GNUTLS_CERT_INSECURE_ALGORITHM, .insecure), (GNUTLS_CERT_REVOKED, .revoked),
            (GNUTLS_CERT_SIGNER_NOT_FOUND, .unknownIssuer), (GNUTLS_CERT_EXPIRED, .expired),
            (GNUTLS_CERT_NOT_ACTIVATED, .notYetActive),
        ]
        if let flaw = flaws.first(where: { status & $0.0.rawValue != 0 })?.1 { throw .certificate(flaw) }
        guard status == 0 else { throw .certificate(.untrusted) }
    }

    /// The distinguished name in the peer's certificate; a client's must be that of the host.
    private func checkOwner() throws(TLSFailure) -> String {
        // SAFETY: GnuTLS lends names and certificates as long as the session does not change, which it does no more.
        var count: UInt32 = 0
        guard let chain = unsafe gnutls_certificate_get_peers(pointer, &count), count > 0 else {
            throw .verification(reason: Self.reason(GNUTLS_E_NO_CERTIFICATE_FOUND))
        }
        var made: gnutls_x509_crt_t?
        var code = unsafe gnutls_x509_crt_init(&made)
        guard code >= 0, let certificate = unsafe made else { throw .verification(reason: Self.reason(code)) }
        defer { unsafe gnutls_x509_crt_deinit(certificate) }
        code = unsafe gnutls_x509_crt_import(certificate, chain, GNUTLS_X509_FMT_DER)
        guard code >= 0 else { throw .verification(reason: Self.reason(code)) }
        if end.role == .client {
            guard let hostname = end.hostname else { throw .noHostname }
            guard unsafe gnutls_x509_crt_check_hostname(certificate, hostname) != 0 else {
                throw .hostnameMismatch(hostname)
            }
        }
        return try unsafe Self.name(of: certificate)
    }

    private static func name(of certificate: gnutls_x509_crt_t) throws(TLSFailure) -> String {
        // SAFETY: GnuTLS writes no more than `size` says, which is less than the text has room for.
        var size = 0
        _ = unsafe gnutls_x509_crt_get_dn(certificate, nil, &size)
        var text = [CChar](repeating: 0, count: size + 1)
        let code = unsafe gnutls_x509_crt_get_dn(certificate, &text, &size)
        guard code >= 0 else { throw .verification(reason: reason(code)) }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
