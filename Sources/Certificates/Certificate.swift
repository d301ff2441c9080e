import CGnuTLS
import ManagedObjects

/// A certificate that is being made, or that others are signed with.
@safe final class Certificate {
    // SAFETY: the handle is made by `init` and freed by `deinit` alone; GnuTLS uses what it is given until a call returns.
    private let handle: gnutls_x509_crt_t

    private static let failure = "a certificate cannot be made"

    private init() throws(CertificateError) {
        var made: gnutls_x509_crt_t?
        try checked(Self.failure, unsafe gnutls_x509_crt_init(&made))
        guard let made = unsafe made else {
            throw .library(step: Self.failure, GnuTLSError(code: GNUTLS_E_MEMORY_ERROR))
        }
        unsafe handle = unsafe made
    }

    deinit { unsafe gnutls_x509_crt_deinit(handle) }

    /// The one in a PEM text, which came from the file `path`.
    static func read(_ pem: [UInt8], path: String) throws(CertificateError) -> Certificate {
        let certificate = try Certificate()
        let code = unsafe pem.withUnsafeBytes { bytes in
            unsafe bytes.withDatum {
                unsafe gnutls_x509_crt_import(certificate.handle, &$0, GNUTLS_X509_FMT_PEM)
            }
        }
        try checked("\(path) cannot be used", code)
        return certificate
    }

    /// One that nobody has signed yet: version 3, with a random serial number, for `key`.
    convenience init(subject: SubjectName, key: PrivateKey, valid: ClosedRange<Int>) throws(CertificateError) {
        try self.init()
        // Positive, and no byte of it is superfluous.
        var serial = try randomBytes(16, GNUTLS_RND_NONCE)
        serial[0] = serial[0] & 0x7f | 0x40
        let identifier = try key.identifier()
        try checked(Self.failure, unsafe gnutls_x509_crt_set_version(handle, 3))
        try checked(Self.failure, unsafe gnutls_x509_crt_set_serial(handle, serial, serial.count))
        try checked(
            Self.failure,
            unsafe gnutls_x509_crt_set_dn_by_oid(
                handle, GNUTLS_OID_X520_COMMON_NAME, 0, subject.text, UInt32(subject.text.utf8.count)))
        try checked(Self.failure, unsafe gnutls_x509_crt_set_activation_time(handle, valid.lowerBound))
        try checked(Self.failure, unsafe gnutls_x509_crt_set_expiration_time(handle, valid.upperBound))
        try checked(Self.failure, unsafe gnutls_x509_crt_set_key(handle, key.handle))
        try checked(Self.failure, unsafe gnutls_x509_crt_set_subject_key_id(handle, identifier, identifier.count))
    }

    /// Makes it an authority's, for certificates that sign no others.
    func becomeAuthority() throws(CertificateError) {
        try checked(Self.failure, unsafe gnutls_x509_crt_set_basic_constraints(handle, 1, 0))
        try setUsage(GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN)
    }

    /// Makes it that of one end of a connection.
    func become(_ use: CertificateUse, of hosts: [HostIdentity]) throws(CertificateError) {
        try checked(Self.failure, unsafe gnutls_x509_crt_set_basic_constraints(handle, 0, -1))
        // QEMU 7.2 wants both.
        try setUsage(GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT)
        let purpose = use == .server ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT
        try checked(Self.failure, unsafe gnutls_x509_crt_set_key_purpose_oid(handle, purpose, 0))
        for host in hosts {
            let (kind, bytes) =
                switch host {
                case .name(let name): (GNUTLS_SAN_DNSNAME, Array(name.utf8))
                case .address(let bytes, _): (GNUTLS_SAN_IPADDRESS, bytes)
                }
            let code = unsafe gnutls_x509_crt_set_subject_alt_name(
                handle, kind, bytes, UInt32(bytes.count), UInt32(GNUTLS_FSAN_APPEND))
            try checked(Self.failure, code)
        }
    }

    private func setUsage(_ usage: Int32) throws(CertificateError) {
        try checked(Self.failure, unsafe gnutls_x509_crt_set_key_usage(handle, UInt32(usage)))
    }

    /// Signs it with the key of `issuer`, which may be the certificate itself.
    func sign(by issuer: Certificate, _ key: PrivateKey) throws(CertificateError) {
        let identifier = try key.identifier()
        try checked(
            Self.failure, unsafe gnutls_x509_crt_set_authority_key_id(handle, identifier, identifier.count))
        try checked(
            Self.failure, unsafe gnutls_x509_crt_sign2(handle, issuer.handle, key.handle, GNUTLS_DIG_SHA256, 0))
    }

    /// As PEM text.
    func pem() throws(CertificateError) -> [UInt8] {
        try unsafe exported("a certificate cannot be written") { bytes, size in
            unsafe gnutls_x509_crt_export(handle, GNUTLS_X509_FMT_PEM, bytes, size)
        }
    }

    /// Whether it is an authority's.
    var isAuthority: Bool { unsafe gnutls_x509_crt_get_basic_constraints(handle, nil, nil, nil) > 0 }

    /// From when to when it is valid, in seconds since 1970.
    var valid: ClosedRange<Int> {
        let begin = unsafe gnutls_x509_crt_get_activation_time(handle)
        return begin...max(begin, unsafe gnutls_x509_crt_get_expiration_time(handle))
    }

    /// What tells its key from others.
    func keyIdentifier() throws(CertificateError) -> [UInt8] {
        try unsafe exported("a key cannot be named") { bytes, size in
            unsafe gnutls_x509_crt_get_key_id(handle, 0, bytes, size)
        }
    }
}
