/// The version that the greeting and `query-version` tell.
public struct ServerVersion: Sendable, Hashable {
    /// The interface's version that clients may count on (QEMU's numbering).
    public var major: Int64
    /// Its second number.
    public var minor: Int64
    /// Its third number.
    public var micro: Int64
    /// What really answers.
    public var package: String

    /// A version.
    public init(major: Int64, minor: Int64, micro: Int64, package: String) {
        self.major = major
        self.minor = minor
        self.micro = micro
        self.package = package
    }

    /// The version whose interface colod has, as answered by `package`.
    public static func compatible(package: String) -> ServerVersion {
        ServerVersion(major: 7, minor: 2, micro: 22, package: package)
    }

    /// The reply of `query-version`.
    public var json: JSONValue {
        [
            "qemu": ["micro": .integer(micro), "minor": .integer(minor), "major": .integer(major)],
            "package": .string(package),
        ]
    }
}

/// The server's side of one connection: reads requests, negotiates, and answers what needs no command.
public struct MonitorSession: Sendable {
    /// What the server has to do, in this order.
    public enum Action: Sendable, Hashable {
        /// Send this once everything before it was answered.
        case reply(JSONValue)
        /// Send this at once: what was asked for out of band is refused.
        case replyOutOfBand(JSONValue)
        /// Send this, and from then on events too.
        case negotiated(JSONValue)
        /// Run the command and send its reply.
        case execute(Request)
    }

    /// Whether `qmp_capabilities` has succeeded.
    public private(set) var isNegotiated = false
    /// Whether the client asked for out-of-band execution.
    public private(set) var outOfBandEnabled = false
    private var parser: JSONStreamParser

    /// A connection that was just accepted.
    public init(limits: JSONLimits = .standard) { parser = JSONStreamParser(limits: limits) }

    /// What the server says first.
    public static func greeting(_ version: ServerVersion) -> JSONValue {
        ["QMP": ["version": version.json, "capabilities": ["oob"]]]
    }

    /// What the next request of `bytes` from `offset` on asks for; nil if they are used up before one is complete.
    ///
    /// The bytes after it stay unread, so that a client cannot have more requests waiting than it is allowed.
    public mutating func next(_ bytes: Span<UInt8>, _ offset: inout Int) -> Action? {
        switch parser.next(bytes, &offset) {
        case nil: nil
        case .success(let value): handle(value)
        case .failure(let error): .reply(Reply.failure(.generic(error.description), id: nil))
        }
    }

    /// Takes the next bytes from the client; returns what all of its complete requests ask for.
    public mutating func receive(_ bytes: [UInt8]) -> [Action] {
        var actions: [Action] = []
        var offset = 0
        while let action = next(bytes.span, &offset) { actions.append(action) }
        return actions
    }

    private mutating func handle(_ value: JSONValue) -> Action {
        do throws(CommandError) {
            let request = try Request.parse(value, outOfBandEnabled: outOfBandEnabled)
            guard request.command == "qmp_capabilities" else {
                guard isNegotiated else { throw Self.negotiationExpected }
                return .execute(request)
            }
            let enabled = try Negotiation.parse(request.arguments)
            guard !request.outOfBand else {
                throw .generic("The command qmp_capabilities does not support OOB")
            }
            guard !isNegotiated else { throw Self.alreadyNegotiated }
            isNegotiated = true
            outOfBandEnabled = enabled
            return .negotiated(Reply.success([:], id: request.id))
        } catch {
            let reply = Reply.failure(error, id: value["id"])
            let isOutOfBand = outOfBandEnabled && value["exec-oob"] != nil && value["execute"] == nil
            return isOutOfBand ? .replyOutOfBand(reply) : .reply(reply)
        }
    }

    private static let negotiationExpected = CommandError(
        .commandNotFound, "Expecting capabilities negotiation with 'qmp_capabilities'")
    private static let alreadyNegotiated = CommandError(
        .commandNotFound, "Capabilities negotiation is already complete, command ignored")
}

/// The arguments of `qmp_capabilities`.
private enum Negotiation {
    /// Whether out-of-band execution is asked for.
    static func parse(_ arguments: JSONObject) throws(CommandError) -> Bool {
        var outOfBand = false
        if let enable = arguments["enable"] {
            guard let names = enable.array else {
                throw .generic("Invalid parameter type for 'enable', expected: array")
            }
            for (index, name) in names.enumerated() {
                guard let name = name.string else {
                    throw .generic("Invalid parameter type for 'enable[\(index)]', expected: string")
                }
                // An element of a list has no name of its own.
                guard name == "oob" else { throw .generic("Parameter 'null' does not accept value '\(name)'") }
                outOfBand = true
            }
        }
        for member in arguments.members where member.key != "enable" {
            throw .generic("Parameter '\(member.key)' is unexpected")
        }
        return outOfBand
    }
}
