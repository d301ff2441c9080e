import CGnuTLS
import ManagedObjects

/// A private key of the curve P-256.
@safe final class PrivateKey {
    // SAFETY: the handle is made by `init` and freed by `deinit` alone; GnuTLS uses what it is given until a call returns.
    let handle: gnutls_x509_privkey_t

    private init() throws(CertificateError) {
        var made: gnutls_x509_privkey_t?
        try checked("a key cannot be made", unsafe gnutls_x509_privkey_init(&made))
        guard let made = unsafe made else {
            throw .library(step: "a key cannot be made", GnuTLSError(code: GNUTLS_E_MEMORY_ERROR))
        }
        unsafe handle = unsafe made
    }

    deinit { unsafe gnutls_x509_privkey_deinit(handle) }

    /// A new one.
    static func random() throws(CertificateError) -> PrivateKey {
        let key = try PrivateKey()
        // What the macro GNUTLS_CURVE_TO_BITS makes of a curve.
        let curve = UInt32(1) << 31 | UInt32(GNUTLS_ECC_CURVE_SECP256R1.rawValue)
        try checked(
            "a key cannot be made", unsafe gnutls_x509_privkey_generate(key.handle, GNUTLS_PK_ECDSA, curve, 0))
        return key
    }

    /// The one in a PEM text, which came from the file `path`.
    static func read(_ pem: [UInt8], path: String) throws(CertificateError) -> PrivateKey {
        let key = try PrivateKey()
        let code = unsafe pem.withUnsafeBytes { bytes in
            unsafe bytes.withDatum { unsafe gnutls_x509_privkey_import2(key.handle, &$0, GNUTLS_X509_FMT_PEM, nil, 0) }
        }
        try checked("\(path) cannot be used", code)
        return key
    }

    /// As PEM text.
    func pem() throws(CertificateError) -> [UInt8] {
        try unsafe exported("a key cannot be written") { bytes, size in
            unsafe gnutls_x509_privkey_export_pkcs8(
                handle, GNUTLS_X509_FMT_PEM, nil, GNUTLS_PKCS_PLAIN.rawValue, bytes, size)
        }
    }

    /// What tells this key from others, also in a certificate: the hash of its public half.
    func identifier() throws(CertificateError) -> [UInt8] {
        try unsafe exported("a key cannot be named") { bytes, size in
            unsafe gnutls_x509_privkey_get_key_id(handle, 0, bytes, size)
        }
    }
}

/// Throws the error that GnuTLS returned, if it did.
func checked(_ step: String, _ code: Int32) throws(CertificateError) {
    do throws(GnuTLSError) { try GnuTLSError.check(code) } catch { throw .library(step: step, error) }
}

/// What a call of GnuTLS writes into memory of the caller's.
func exported(
    _ step: String, _ call: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int>) -> Int32
) throws(CertificateError) -> [UInt8] {
    // SAFETY: the call writes no more than `size` bytes, which the array has; PEM text of the largest key is smaller.
    var bytes = [UInt8](repeating: 0, count: 65_536)
    var size = bytes.count
    let code = unsafe bytes.withUnsafeMutableBufferPointer { unsafe call($0.baseAddress, &size) }
    try checked(step, code)
    return Array(bytes.prefix(size))
}

/// Bytes that nobody can guess.
func randomBytes(_ count: Int, _ level: gnutls_rnd_level_t) throws(CertificateError) -> [UInt8] {
    // SAFETY: GnuTLS fills the array, whose length it is given.
    var bytes = [UInt8](repeating: 0, count: count)
    try checked("there are no random bytes", unsafe gnutls_rnd(level, &bytes, count))
    return bytes
}
