// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// The families of sockets.
public enum SocketAddressType: String, SchemaValue, CaseIterable {
    /// TCP over IPv4 or IPv6.
    case inet
    /// A socket in the file system, or an abstract name.
    case unix
    /// A socket between a host and its guests.
    case vsock
    /// A descriptor that this process already has.
    case fd
}

/// A TCP socket.
public struct InetSocketAddress: SchemaObject, Hashable {
    /// Host name or address literal; empty means every local address when listening.
    public var host: String
    /// Port number as text, or a service name.
    public var port: String
    /// True if `host` and `port` are literals, so that no resolver is asked.
    public var numeric: Bool?
    /// When listening, the last port to try after `port`.
    public var to: UInt16?
    /// Whether IPv4 is used; by default what the host name yields.
    public var ipv4: Bool?
    /// Whether IPv6 is used; by default what the host name yields.
    public var ipv6: Bool?
    /// Whether idle connections are probed (since 4.2).
    public var keepAlive: Bool?
    /// Whether several paths are used at once (since 6.1).
    public var mptcp: Bool?

    /// Put together from its members.
    public init(
        host: String,
        port: String,
        numeric: Bool? = nil,
        to: UInt16? = nil,
        ipv4: Bool? = nil,
        ipv6: Bool? = nil,
        keepAlive: Bool? = nil,
        mptcp: Bool? = nil
    ) {
        self.host = host
        self.port = port
        self.numeric = numeric
        self.to = to
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.keepAlive = keepAlive
        self.mptcp = mptcp
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        host = try reader.required("host")
        port = try reader.required("port")
        numeric = try reader.optional("numeric")
        to = try reader.optional("to")
        ipv4 = try reader.optional("ipv4")
        ipv6 = try reader.optional("ipv6")
        keepAlive = try reader.optional("keep-alive")
        mptcp = try reader.optional("mptcp")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("host", host)
        writer.add("port", port)
        writer.add("numeric", numeric)
        writer.add("to", to)
        writer.add("ipv4", ipv4)
        writer.add("ipv6", ipv6)
        writer.add("keep-alive", keepAlive)
        writer.add("mptcp", mptcp)
    }
}

/// A local socket.
public struct UnixSocketAddress: SchemaObject, Hashable {
    /// Where it is in the file system, or its abstract name.
    public var path: String
    /// True if `path` is an abstract name; default false (since 5.1).
    public var abstract: Bool?
    /// For abstract names, whether the name ends with the text rather than with the whole address field; default true
    /// (since 5.1).
    public var tight: Bool?

    /// Put together from its members.
    public init(path: String, abstract: Bool? = nil, tight: Bool? = nil) {
        self.path = path
        self.abstract = abstract
        self.tight = tight
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        path = try reader.required("path")
        abstract = try reader.optional("abstract")
        tight = try reader.optional("tight")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("path", path)
        writer.add("abstract", abstract)
        writer.add("tight", tight)
    }
}

/// A socket between a host and its guests.
public struct VsockSocketAddress: SchemaObject, Hashable {
    /// Context number of the host or guest, as text.
    public var cid: String
    /// Port number, as text.
    public var port: String

    /// Put together from its members.
    public init(cid: String, port: String) {
        self.cid = cid
        self.port = port
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        cid = try reader.required("cid")
        port = try reader.required("port")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("cid", cid)
        writer.add("port", port)
    }
}

/// A descriptor that this process already has.
public struct FdSocketAddress: SchemaObject, Hashable {
    /// The name that getfd gave it, or its number.
    public var str: String

    /// Put together from its members.
    public init(str: String) {
        self.str = str
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        str = try reader.required("str")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("str", str)
    }
}

/// Where a socket is connected to or listens.
public struct SocketAddress: SchemaObject, Hashable {
    /// What depends on `type`.
    public enum Variant: Sendable, Hashable {
        /// TCP over IPv4 or IPv6.
        case inet(InetSocketAddress)
        /// A socket in the file system, or an abstract name.
        case unix(UnixSocketAddress)
        /// A socket between a host and its guests.
        case vsock(VsockSocketAddress)
        /// A descriptor that this process already has.
        case fd(FdSocketAddress)
    }

    /// What depends on `type`.
    public var variant: Variant

    /// Put together from its members.
    public init(variant: Variant) {
        self.variant = variant
    }

    /// Which family; it decides which other members there are.
    public var type: SocketAddressType {
        switch variant {
        case .inet: .inet
        case .unix: .unix
        case .vsock: .vsock
        case .fd: .fd
        }
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        let tag: SocketAddressType = try reader.required("type")
        switch tag {
        case .inet: variant = .inet(try .init(reading: &reader))
        case .unix: variant = .unix(try .init(reading: &reader))
        case .vsock: variant = .vsock(try .init(reading: &reader))
        case .fd: variant = .fd(try .init(reading: &reader))
        }
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("type", type)
        switch variant {
        case .inet(let branch): branch.write(into: &writer)
        case .unix(let branch): branch.write(into: &writer)
        case .vsock(let branch): branch.write(into: &writer)
        case .fd(let branch): branch.write(into: &writer)
        }
    }
}
