import QAPI
public import SystemCalls
public import Transport

/// What a migration takes from others: the objects and descriptors that clients have made known by name.
public struct MigrationResources: Sendable {
    /// Hands over a descriptor that a client has passed under a name; from then on it is known no more.
    public var takeDescriptor: @Sendable (String) -> Descriptor?
    /// Who looks up the names of hosts.
    public var lookup: NameLookup
    /// Makes one side of a TLS connection from the objects of the names that a request has.
    public var tlsEnd: @Sendable (TLSRequest) throws(TLSFailure) -> TLSEnd

    /// Resources with every part given; by default nothing is known by any name.
    public init(
        takeDescriptor: @escaping @Sendable (String) -> Descriptor? = { _ in nil },
        lookup: NameLookup = .system,
        tlsEnd: @escaping @Sendable (TLSRequest) throws(TLSFailure) -> TLSEnd = {
            request throws(TLSFailure) in
            throw .credentials("No TLS credentials with id '\(request.credentials)'")
        }
    ) {
        self.takeDescriptor = takeDescriptor
        self.lookup = lookup
        self.tlsEnd = tlsEnd
    }
}

extension MigrationController {
    /// `channel`, or what takes its place among `channels`: the same connection with TLS, if `settings` ask for it. The
    /// objects are looked up now, so that those that were made anew count. `host`: what the connection leads to, if that
    /// has a name. The same for every role.
    func secure(
        _ channel: Channel, of channels: ChannelSet, as role: TLSRole, host: String?, _ settings: MigrationSettings
    ) throws(TransportError) -> Channel {
        let names = settings.parameters
        guard !names.tlsCredentials.isEmpty else { return channel }
        let request = TLSRequest(
            credentials: names.tlsCredentials, role: role,
            hostname: names.tlsHostname.isEmpty ? host : names.tlsHostname, authorization: names.tlsAuthorization)
        let end: TLSEnd
        do throws(TLSFailure) { end = try resources.tlsEnd(request) } catch { throw .tls(error) }
        return try channels.secure(channel, as: end)
    }

    /// The same of a channel that somebody has just connected to this side. Whoever is sent away without having come to
    /// terms is told of in the log.
    func secureIncoming(_ channel: Channel, of channels: ChannelSet) throws(TransportError) -> Channel {
        do throws(TransportError) {
            return try secure(channel, of: channels, as: .server, host: nil, incomingSettings)
        } catch {
            if case .tls(let failure) = error {
                events.append(.incomingRefused(failure.description))
                events.deliver()
            }
            throw error
        }
    }
}
