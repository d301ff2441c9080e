import SystemCalls

/// Where a migration channel leads: what the `uri` of `migrate` and `migrate-incoming` says.
public enum MigrationAddress: Hashable, Sendable, CustomStringConvertible {
    /// TCP; the host may be empty (any address) when listening, the port is a number or a service name.
    case tcp(host: String, port: String)
    /// A unix socket.
    case unix(path: String)
    /// A socket between guests and their host: context id and port, not yet held to be numbers.
    case vsock(cid: String, port: String)
    /// A shell command, whose standard input or output the stream is.
    case exec(command: String)
    /// A descriptor that a client has passed under that name.
    case fd(name: String)

    /// Reads `tcp:HOST:PORT`, `tcp:[V6]:PORT`, `unix:PATH`, `vsock:CID:PORT`, `exec:COMMAND` or `fd:NAME`; options behind
    /// the comma of a TCP address are ignored. `rdma:` is recognised and refused.
    public init(_ uri: String) throws(TransportError) {
        guard let colon = uri.firstIndex(of: ":") else { throw .unknownScheme(uri: uri) }
        let rest = uri[uri.index(after: colon)...]
        switch uri[..<colon] {
        case "tcp": self = try Self.parseTCP(rest)
        case "unix":
            guard !rest.isEmpty else { throw .badAddress("invalid Unix socket address") }
            self = .unix(path: String(rest))
        case "vsock":
            guard let colon = rest.firstIndex(of: ":") else {
                throw .badAddress("error parsing address '\(rest)'")
            }
            let port = rest[rest.index(after: colon)...].prefix { $0 != "," }
            self = .vsock(cid: String(rest[..<colon]), port: String(port))
        case "exec": self = .exec(command: String(rest))
        case "fd": self = .fd(name: String(rest))
        case "rdma":
            guard rest.contains(":") else { throw .badAddress("RDMA ERROR: bad RDMA migration address '\(rest)'") }
            throw .noRDMA
        default: throw .unknownScheme(uri: uri)
        }
    }

    /// The host ends at the first colon, the port at the first comma; both have a length that clients know.
    private static func parseTCP(_ text: Substring) throws(TransportError) -> MigrationAddress {
        if text.hasPrefix("[") {
            let failure = TransportError.badAddress("error parsing IPv6 address '\(text)'")
            guard let end = text.firstIndex(of: "]") else { throw failure }
            let host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            let port = rest.dropFirst().prefix { $0 != "," }
            guard !host.isEmpty, host.utf8.count <= hostLimit, rest.hasPrefix(":"), !port.isEmpty else {
                throw failure
            }
            return .tcp(host: String(host), port: String(port.prefix(portLimit)))
        }
        let failure = TransportError.badAddress("error parsing address '\(text)'")
        guard let colon = text.firstIndex(of: ":") else { throw failure }
        let host = text[..<colon]
        let port = text[text.index(after: colon)...].prefix { $0 != "," }
        guard !host.isEmpty || !port.isEmpty else {
            throw .badAddress("error parsing port in address '\(text)'")
        }
        guard host.utf8.count <= hostLimit, !port.isEmpty else { throw failure }
        return .tcp(host: String(host), port: String(port.prefix(portLimit)))
    }

    private static let hostLimit = 64
    private static let portLimit = 32

    /// Whether it is a descriptor that somebody has to hand over.
    public var isDescriptor: Bool { if case .fd = self { true } else { false } }

    /// Whether a migration can have more channels than one there.
    public var hasSeveralChannels: Bool {
        switch self {
        case .tcp, .unix, .vsock: true
        case .exec, .fd: false
        }
    }

    /// Whether a resolver has to be asked for what it stands for, which may take its time.
    public var isToBeLookedUp: Bool {
        guard case .tcp(let host, let port) = self else { return false }
        return NameLookup.inDigits(.init(host: host, port: port, isPassive: true)) == nil
    }

    /// The host that a connection leads to, if it is one that certificates can name.
    public var host: String? { if case .tcp(let host, _) = self, !host.isEmpty { host } else { nil } }

    /// The address as error texts name it: `HOST:PORT`, the path, the command.
    public var name: String {
        switch self {
        case .tcp(let host, let port), .vsock(let host, let port): "\(host):\(port)"
        case .unix(let path): path
        case .exec(let command): command
        case .fd(let name): name
        }
    }

    /// The address as a URI.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .vsock(let cid, let port): "vsock:\(cid):\(port)"
        case .exec(let command): "exec:\(command)"
        case .fd(let name): "fd:\(name)"
        }
    }
}
