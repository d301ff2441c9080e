// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// What becomes of a client.
public enum QAuthZListPolicy: String, SchemaValue, CaseIterable {
    /// It is turned away.
    case deny
    /// It is let in.
    case allow
}

/// How a rule is compared with a client's identity.
public enum QAuthZListFormat: String, SchemaValue, CaseIterable {
    /// They have to be equal.
    case exact
    /// The rule may contain * and ?
    case glob
}

/// A rule about clients.
public struct QAuthZListRule: SchemaObject, Hashable {
    /// The identity, such as the distinguished name of a certificate.
    public var match: String
    /// What becomes of a client with that identity.
    public var policy: QAuthZListPolicy
    /// How they are compared; default exact.
    public var format: QAuthZListFormat?

    /// Put together from its members.
    public init(match: String, policy: QAuthZListPolicy, format: QAuthZListFormat? = nil) {
        self.match = match
        self.policy = policy
        self.format = format
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        match = try reader.required("match")
        policy = try reader.required("policy")
        format = try reader.optional("format")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("match", match)
        writer.add("policy", policy)
        writer.add("format", format)
    }
}

/// A list of rules, of which the first that matches decides.
public struct AuthZListProperties: SchemaObject, Hashable {
    /// What becomes of a client that no rule matches; default deny.
    public var policy: QAuthZListPolicy?
    /// The rules; default none.
    public var rules: [QAuthZListRule]?

    /// Put together from its members.
    public init(policy: QAuthZListPolicy? = nil, rules: [QAuthZListRule]? = nil) {
        self.policy = policy
        self.rules = rules
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        policy = try reader.optional("policy")
        rules = try reader.optional("rules")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("policy", policy)
        writer.add("rules", rules)
    }
}

/// A list of rules in a file.
public struct AuthZListFileProperties: SchemaObject, Hashable {
    /// The file, which contains the properties of an authz-list.
    public var filename: String
    /// Whether it is read again when it changes; default true.
    public var refresh: Bool?

    /// Put together from its members.
    public init(filename: String, refresh: Bool? = nil) {
        self.filename = filename
        self.refresh = refresh
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        filename = try reader.required("filename")
        refresh = try reader.optional("refresh")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("filename", filename)
        writer.add("refresh", refresh)
    }
}

/// The host's PAM decides.
public struct AuthZPAMProperties: SchemaObject, Hashable {
    /// The PAM service.
    public var service: String

    /// Put together from its members.
    public init(service: String) {
        self.service = service
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        service = try reader.required("service")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("service", service)
    }
}

/// One client is let in.
public struct AuthZSimpleProperties: SchemaObject, Hashable {
    /// Its identity, such as the distinguished name of its certificate.
    public var identity: String

    /// Put together from its members.
    public init(identity: String) {
        self.identity = identity
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        identity = try reader.required("identity")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("identity", identity)
    }
}
