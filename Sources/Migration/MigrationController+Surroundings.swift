import SystemCalls

/// What a name of TLS credentials leads to.
public enum TLSCredentialsLookup: Sendable {
    /// There is no object of that name.
    case missing
    /// The object is something else.
    case notCredentials
    /// Credentials for one of the two ends of a connection.
    case credentials(forClient: Bool)
}

/// What a migration takes from others: the objects and descriptors that clients have made known by name.
public struct MigrationSurroundings: Sendable {
    /// Hands over a descriptor that a client has passed under a name; from then on it is known no more.
    public var takeDescriptor: @Sendable (String) -> Descriptor?
    /// What TLS credentials of a name are.
    public var credentials: @Sendable (String) -> TLSCredentialsLookup

    /// Surroundings with every part given; by default nothing is known by any name.
    public init(
        takeDescriptor: @escaping @Sendable (String) -> Descriptor? = { _ in nil },
        credentials: @escaping @Sendable (String) -> TLSCredentialsLookup = { _ in .missing }
    ) {
        self.takeDescriptor = takeDescriptor
        self.credentials = credentials
    }
}

extension MigrationController {
    /// Why a connection cannot be made with these TLS credentials; nil if none are asked for. Credentials are looked
    /// up when there is a connection to use them on.
    func tlsRefusal(_ name: String, asClient: Bool) -> String? {
        guard !name.isEmpty else { return nil }
        switch surroundings.credentials(name) {
        case .missing: return "No TLS credentials with id '\(name)'"
        case .notCredentials: return "Object with id '\(name)' is not TLS credentials"
        case .credentials(let forClient) where forClient != asClient:
            return "Expected TLS credentials for a \(asClient ? "client" : "server") endpoint"
        case .credentials: return "TLS is not supported on migration channels"
        }
    }
}
