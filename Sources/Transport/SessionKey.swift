import CGnuTLS

/// The credentials of one end of a connection that both sides have made a key for: GnuTLS's, and the key itself.
@safe private final class SessionKey: @unchecked Sendable {
    // SAFETY: the pointer is set once and freed in deinit alone, and nobody changes what it points to after `init`. GnuTLS
    // calls back during a handshake, while the session's end keeps this object alive.
    private static let name = "colod"

    private let role: TLSRole
    private let key: [UInt8]
    private let credentials: OpaquePointer

    init(_ key: [UInt8], _ role: TLSRole) throws(TransportError) {
        self.key = key
        self.role = role
        var made: OpaquePointer?
        let code =
            switch role {
            case .client: unsafe gnutls_psk_allocate_client_credentials(&made)
            case .server: unsafe gnutls_psk_allocate_server_credentials(&made)
            }
        guard code >= 0, let made = unsafe made else { throw .tls(.session(reason: TLSSession.reason(code))) }
        unsafe credentials = unsafe made
        guard role == .client else {
            unsafe gnutls_psk_set_server_credentials_function(made) { session, name, place in
                unsafe SessionKey.answer(session, name, place)
            }
            return
        }
        var bytes = key
        let set = unsafe bytes.withUnsafeMutableBufferPointer {
            var datum = unsafe gnutls_datum_t(data: $0.baseAddress, size: UInt32($0.count))
            return unsafe gnutls_psk_set_client_credentials(made, Self.name, &datum, GNUTLS_PSK_KEY_RAW)
        }
        // The object is whole, so that deinit frees the credentials.
        guard set >= 0 else { throw .tls(.session(reason: TLSSession.reason(set))) }
    }

    deinit {
        switch role {
        case .client: unsafe gnutls_psk_free_client_credentials(credentials)
        case .server: unsafe gnutls_psk_free_server_credentials(credentials)
        }
    }

    func apply(to session: gnutls_session_t) -> Int32 {
        unsafe gnutls_session_set_ptr(session, Unmanaged.passUnretained(self).toOpaque())
        return unsafe gnutls_credentials_set(session, GNUTLS_CRD_PSK, UnsafeMutableRawPointer(credentials))
    }

    /// GnuTLS asks for the key of the name that the client gave: gnutls_psk_set_server_credentials_function(3).
    private static func answer(
        _ session: gnutls_session_t?, _ name: UnsafePointer<CChar>?, _ place: UnsafeMutablePointer<gnutls_datum_t>?
    ) -> Int32 {
        guard let session = unsafe session, let pointer = unsafe gnutls_session_get_ptr(session),
            let name = unsafe name, unsafe String(cString: name) == Self.name, let place = unsafe place
        else { return -1 }
        let key = unsafe Unmanaged<SessionKey>.fromOpaque(pointer).takeUnretainedValue().key
        // GnuTLS frees it.
        guard let copy = unsafe colod_gnutls_allocate(key.count) else { return -1 }
        unsafe copy.copyMemory(from: key, byteCount: key.count)
        unsafe place.pointee = unsafe gnutls_datum_t(
            data: copy.assumingMemoryBound(to: UInt8.self), size: UInt32(key.count))
        return 0
    }
}

extension TLSEnd {
    /// An end of a connection that both sides have made `key` for, of 32 bytes: nothing else is asked of the peer.
    public static func keyed(_ role: TLSRole, key: [UInt8]) throws(TransportError) -> TLSEnd {
        // SAFETY: the session is lent for the length of one call.
        let key = try SessionKey(key, role)
        return unsafe TLSEnd(role: role, proof: .sessionKey) { unsafe key.apply(to: $0) }
    }
}
