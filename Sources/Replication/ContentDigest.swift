import CGnuTLS
import Glibc
public import SystemCalls

/// SHA-256 (FIPS 180-4) of what two hosts have to have in common, computed by GnuTLS; told by its first 8 bytes, which is
/// enough to notice that two files differ by mistake.
public enum ContentDigest {
    /// The digest of a file's content.
    public static func ofFile(_ path: String) throws(SystemError) -> String {
        let file = try Descriptor.open(path, flags: O_RDONLY)
        var hash: gnutls_hash_hd_t?
        guard unsafe gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) == 0, let hash = unsafe hash else {
            throw SystemError(code: ENOMEM, call: "gnutls_hash_init", subject: path)
        }
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            // SAFETY: reads at most the length of `chunk` into it, and hashes as much as was read.
            let count = unsafe read(file.number, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let error = SystemError(code: errno, call: "read", subject: path)
                _ = unsafe finish(hash)
                throw error
            }
            if count == 0 { return unsafe text(finish(hash)) }
            unsafe gnutls_hash(hash, chunk, count)
        }
    }

    /// The digest of a text.
    public static func of(_ content: String) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        let bytes = Array(content.utf8)
        // SAFETY: the digest has the 32 bytes that SHA-256 yields; the text is passed with its length.
        let status = unsafe gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, bytes.count, &digest)
        precondition(status == 0, "GnuTLS cannot compute SHA-256")
        return text(digest)
    }

    private static func finish(_ hash: gnutls_hash_hd_t) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        // SAFETY: the digest has the 32 bytes that SHA-256 yields; the handle is not used again.
        unsafe gnutls_hash_deinit(hash, &digest)
        return digest
    }

    private static func text(_ digest: [UInt8]) -> String {
        digest.prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
