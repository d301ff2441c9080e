/// What management says of TLS on a connection, by the names of objects.
public struct TLSRequest: Sendable, Hashable {
    /// The credentials.
    public var credentials: String
    /// The end that they are wanted for.
    public var role: TLSRole
    /// The name that the server's certificate must carry.
    public var hostname: String?
    /// The list that says which clients may connect.
    public var authorization: String?

    /// A request; empty texts ask for nothing.
    public init(credentials: String, role: TLSRole, hostname: String? = nil, authorization: String? = nil) {
        self.credentials = credentials
        self.role = role
        self.hostname = hostname.flatMap { $0.isEmpty ? nil : $0 }
        self.authorization = authorization.flatMap { $0.isEmpty ? nil : $0 }
    }
}
