public import SystemCalls

/// Which end of a TLS connection this side is.
public enum TLSRole: Sendable { case client, server }

/// What a migration takes from others: the objects and descriptors that clients have made known by name.
public struct MigrationResources: Sendable {
    /// Hands over a descriptor that a client has passed under a name; from then on it is known no more.
    public var takeDescriptor: @Sendable (String) -> Descriptor?
    /// Who looks up the names of hosts.
    public var lookup: NameLookup
    /// Why TLS credentials of that name cannot be used for that end of a connection; nil if they can.
    public var refuseCredentials: @Sendable (String, TLSRole) -> String?

    /// Resources with every part given; by default nothing is known by any name.
    public init(
        takeDescriptor: @escaping @Sendable (String) -> Descriptor? = { _ in nil },
        lookup: NameLookup = .system,
        refuseCredentials: @escaping @Sendable (String, TLSRole) -> String? = { name, _ in
            "No TLS credentials with id '\(name)'"
        }
    ) {
        self.takeDescriptor = takeDescriptor
        self.lookup = lookup
        self.refuseCredentials = refuseCredentials
    }
}

extension MigrationController {
    /// Why a connection cannot be made with the TLS credentials of a name; nil if none are asked for. They are looked up
    /// when there is a connection to use them on.
    func tlsRefusal(_ name: String, as role: TLSRole) -> String? {
        guard !name.isEmpty else { return nil }
        return resources.refuseCredentials(name, role) ?? "TLS is not supported on migration channels"
    }
}
