public import Transport

extension ObjectRegistry {
    /// One side of a TLS connection, made from the objects that a request names, as they are now. The list that decides
    /// on clients is looked up only once there is one to decide on.
    public func tlsEnd(for request: TLSRequest) throws(TLSFailure) -> TLSEnd {
        let credentials: TLSCredentials
        do throws(ObjectError) {
            credentials = try tlsCredentials(request.credentials, for: request.role == .client ? .client : .server)
        } catch {
            throw .credentials(error.description)
        }
        var end = credentials.end
        end.hostname = request.hostname
        if let name = request.authorization {
            end.authorize = { [self] identity in
                guard let object = object(name) else { return .unknownList(name) }
                guard let list = object as? AuthorizationList else { return .noList(name) }
                return list.allows(identity) ? .allowed : .denied
            }
        }
        return end
    }
}

extension TLSCredentials {
    /// A connection's end with these credentials, which stay alive as long as it.
    public var end: TLSEnd {
        // SAFETY: the session is lent for the call, and refers to credentials that the closure keeps.
        let proof: TLSEnd.Proof =
            switch kind {
            case .certificate: .certificate
            case .sharedKey: .sharedKey
            case .anonymous: .anonymous
            }
        return unsafe TLSEnd(
            role: endpoint == .client ? .client : .server, proof: proof, verifiesPeer: settings.verifyPeer,
            priority: settings.priority.flatMap { $0.isEmpty ? nil : $0 }
        ) { [self] session in unsafe apply(to: session) }
    }
}
