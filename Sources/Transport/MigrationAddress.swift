/// Where a migration channel leads: what the `uri` of `migrate` and `migrate-incoming` says.
public enum MigrationAddress: Hashable, Sendable, CustomStringConvertible {
    /// TCP; the host may be empty (any address) when listening, the port is a number or a service name.
    case tcp(host: String, port: String)
    /// A unix socket.
    case unix(path: String)

    /// Reads `tcp:HOST:PORT`, `tcp:[V6]:PORT` or `unix:PATH`; options behind a comma are ignored. `exec:`, `fd:`,
    /// `vsock:` and `rdma:` are recognised and refused.
    public init(_ uri: String) throws(TransportError) {
        guard let colon = uri.firstIndex(of: ":") else { throw .unknownScheme(uri: uri) }
        let rest = uri[uri.index(after: colon)...]
        switch uri[..<colon] {
        case "tcp": self = try Self.parseTCP(rest)
        case "unix":
            let path = rest.prefix { $0 != "," }
            guard !path.isEmpty else { throw .badAddress("invalid Unix socket address") }
            self = .unix(path: String(path))
        case "fd": throw .badAddress("File descriptor named '\(rest)' has not been found")
        case "exec", "vsock", "rdma": throw .unsupportedScheme(String(uri[..<colon]))
        default: throw .unknownScheme(uri: uri)
        }
    }

    private static func parseTCP(_ text: Substring) throws(TransportError) -> MigrationAddress {
        let address = text.prefix { $0 != "," }
        let failure = TransportError.badAddress("error parsing address '\(address)'")
        if address.hasPrefix("[") {
            guard let end = address.firstIndex(of: "]") else { throw failure }
            let rest = address[address.index(after: end)...]
            guard rest.hasPrefix(":"), rest.count > 1 else { throw failure }
            return .tcp(
                host: String(address[address.index(after: address.startIndex)..<end]), port: String(rest.dropFirst()))
        }
        guard let colon = address.firstIndex(of: ":") else { throw failure }
        let port = address[address.index(after: colon)...]
        guard !port.isEmpty, !port.contains(":") else { throw failure }
        return .tcp(host: String(address[..<colon]), port: String(port))
    }

    /// The address as error texts name it: `HOST:PORT`, or the path.
    public var name: String {
        switch self {
        case .tcp(let host, let port): "\(host):\(port)"
        case .unix(let path): path
        }
    }

    /// The address as a URI.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
