import CGnuTLS

/// The file keys.psk: lines "NAME:KEY".
struct SharedKeyFile {
    /// The name that is meant when none is given.
    static let usualName = "qemu"

    let file: CredentialFile

    /// A server looks names up in the file at each handshake, a client's key is taken out of it now.
    func load(_ endpoint: TLSEndpoint, username: String?) throws(CredentialsError) -> CredentialsHandle {
        // SAFETY: the bytes of the file are borrowed for the length of one call, and GnuTLS copies the key that it is
        // given.
        switch endpoint {
        case .server:
            // Reading it once tells whether it can be read, and that it is a file and no pipe.
            try unsafe reading { _ in }
            let handle = try CredentialsHandle(.sharedKeyServer)
            try unsafe check(gnutls_psk_set_server_credentials_file(handle.pointer, file.path), endpoint)
            return handle
        case .client:
            let name = username ?? Self.usualName
            let handle = try CredentialsHandle(.sharedKeyClient)
            let code = try unsafe reading { bytes -> Int32? in
                guard !name.utf8.contains(0), let key = unsafe Self.key(of: name, in: bytes) else { return nil }
                return unsafe key.withDatum {
                    unsafe gnutls_psk_set_client_credentials(handle.pointer, name, &$0, GNUTLS_PSK_KEY_HEX)
                }
            }
            guard let code else { throw .noSharedKey(username: name, path: file.path) }
            try check(code, endpoint)
            return handle
        }
    }

    // SAFETY: the bytes of the file are borrowed for the length of one call of `CredentialFile.withBytes`; GnuTLS copies
    // the key that it is given.
    private func reading<Value>(_ body: (UnsafeRawBufferPointer) -> Value) throws(CredentialsError) -> Value {
        do throws(CredentialFileError) { return try unsafe file.withBytes(body) } catch {
            throw .sharedKeysNotRead(path: file.path, error)
        }
    }

    private func check(_ code: Int32, _ endpoint: TLSEndpoint) throws(CredentialsError) {
        guard code >= 0 else { throw .failed(.setSharedKey(endpoint), .library(GnuTLSError(code: code))) }
    }

    /// What follows "NAME:" at the beginning of a line.
    private static func key(of name: String, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        // SAFETY: the bytes of the file are borrowed for the length of one call, and GnuTLS copies the key that it is
        // given.
        let start = Array(name.utf8) + [UInt8(ascii: ":")]
        var rest = unsafe bytes[...]
        while unsafe !rest.isEmpty {
            let end = unsafe rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            let line = unsafe rest[..<end]
            if unsafe line.starts(with: start) {
                var key = unsafe line.dropFirst(start.count)
                while let last = unsafe key.last, last == UInt8(ascii: "\r") || last == UInt8(ascii: " ") {
                    unsafe key = unsafe key.dropLast()
                }
                return unsafe UnsafeRawBufferPointer(rebasing: key)
            }
            unsafe rest = unsafe end < rest.endIndex ? rest[(end + 1)...] : bytes[bytes.endIndex...]
        }
        return nil
    }
}
