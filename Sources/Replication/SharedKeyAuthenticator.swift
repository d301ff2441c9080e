import CGnuTLS
public import ReplicationCore

/// HMAC-SHA256 (RFC 2104, FIPS 198-1) with the pair's shared key, computed by GnuTLS. The key never leaves this type.
public struct SharedKeyAuthenticator: MessageAuthenticator {
    private let key: [UInt8]
    /// 24 bits by which people and the peer tell keys apart. Never 0, which stands for no key.
    let mark: UInt32

    /// Authenticates with `key`, which must not be empty.
    public init(key: [UInt8]) {
        self.key = key
        let code = Self.code(for: Array("colod key mark".utf8), key)
        mark = max(1, code.prefix(3).reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// The 32-byte code.
    public func code(for bytes: [UInt8]) -> [UInt8] { Self.code(for: bytes, key) }

    private static func code(for bytes: [UInt8], _ key: [UInt8]) -> [UInt8] {
        // SAFETY: the digest buffer has the 32 bytes that SHA-256 yields; key and text are passed with their lengths.
        unsafe [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
            let status = unsafe gnutls_hmac_fast(
                GNUTLS_MAC_SHA256, key, key.count, bytes, bytes.count, digest.baseAddress)
            precondition(status == 0, "GnuTLS cannot compute HMAC-SHA256")
            count = 32
        }
    }
}
