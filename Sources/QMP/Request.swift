/// A command as a client asked for it.
public struct Request: Sendable, Hashable {
    /// The command's name.
    public var command: String
    /// Its arguments; empty if none were given.
    public var arguments: JSONObject
    /// What the reply must carry back, if anything.
    public var id: JSONValue?
    /// Whether the client wants it to overtake commands that wait.
    public var outOfBand: Bool

    /// A request for `command`.
    public init(_ command: String, _ arguments: JSONObject = [:], id: JSONValue? = nil, outOfBand: Bool = false) {
        self.command = command
        self.arguments = arguments
        self.id = id
        self.outOfBand = outOfBand
    }

    /// The request as a client sends it.
    public var json: JSONValue {
        var object: JSONObject = [outOfBand ? "exec-oob" : "execute": .string(command)]
        if !arguments.isEmpty { object["arguments"] = .object(arguments) }
        object["id"] = id
        return .object(object)
    }

    /// Reads what a client sent. `exec-oob` is a member only where out-of-band execution was negotiated.
    public static func parse(_ value: JSONValue, outOfBandEnabled: Bool) throws(CommandError) -> Request {
        guard case .object(let object) = value else { throw .generic("QMP input must be a JSON object") }
        do throws(CommandError) {
            return try read(object.members, object["id"], outOfBandEnabled)
        } catch {
            // Of several mistakes the one is told that comes first in the order of the keys' hashes.
            return try read(MemberOrder.sorted(object.members), object["id"], outOfBandEnabled)
        }
    }

    private static func read(
        _ members: [JSONObject.Member], _ id: JSONValue?, _ outOfBandEnabled: Bool
    ) throws(CommandError) -> Request {
        var request = Request("", id: id)
        var hasVerb = false
        for member in members {
            switch member.key {
            case "execute", "exec-oob":
                guard outOfBandEnabled || member.key == "execute" else { throw .input(member.key, "is unexpected") }
                guard let name = member.value.string else { throw .input(member.key, "must be a string") }
                guard !hasVerb else { throw .input("execute", "clashes with 'exec-oob'") }
                hasVerb = true
                request.command = name
                request.outOfBand = member.key == "exec-oob"
            case "arguments":
                guard let arguments = member.value.object else { throw .input("arguments", "must be an object") }
                request.arguments = arguments
            case "id": break
            default: throw .input(member.key, "is unexpected")
            }
        }
        guard hasVerb else { throw .generic("QMP input lacks member 'execute'") }
        return request
    }
}

/// The order in which QEMU goes through the members of a request: that of a hash table with 512 chains, the youngest
/// member of a chain first. It decides which of several mistakes a client is told of.
private enum MemberOrder {
    private static let chains: UInt32 = 512

    static func sorted(_ members: [JSONObject.Member]) -> [JSONObject.Member] {
        members.reversed().enumerated()
            .map { (place: (chain(of: $1.key), $0), member: $1) }
            .sorted { $0.place < $1.place }.map(\.member)
    }

    /// The hash of GDBM, over the bytes of the key; a zero is two of them.
    private static func chain(of key: String) -> UInt32 {
        let bytes = key.utf8.flatMap { $0 == 0 ? [0xc0, 0x80] : [$0] }
        var value = UInt32(truncatingIfNeeded: bytes.count) &* 0x238f_13af
        for (index, byte) in bytes.enumerated() { value = value &+ (UInt32(byte) << UInt32(index * 5 % 24)) }
        return (value &* 1_103_515_243 &+ 12_345) % chains
    }
}

extension CommandError {
    fileprivate static func input(_ member: String, _ problem: String) -> CommandError {
        .generic("QMP input member '\(member)' \(problem)")
    }
}

/// What the server sends, as values.
public enum Reply {
    /// The answer of a command that succeeded.
    public static func success(_ value: JSONValue, id: JSONValue?) -> JSONValue {
        var object: JSONObject = ["return": value]
        object["id"] = id
        return .object(object)
    }

    /// The answer of a command that did not.
    public static func failure(_ error: CommandError, id: JSONValue?) -> JSONValue {
        var object = JSONObject()
        object["id"] = id
        object["error"] = ["class": .string(error.errorClass.rawValue), "desc": .string(error.description)]
        return .object(object)
    }

    /// An event that happened at `seconds` and `microseconds` since 1970.
    public static func event(_ name: String, data: JSONObject?, seconds: Int64, microseconds: Int64) -> JSONValue {
        var object: JSONObject = [
            "timestamp": ["seconds": .integer(seconds), "microseconds": .integer(microseconds)],
            "event": .string(name),
        ]
        if let data, !data.isEmpty { object["data"] = .object(data) }
        return .object(object)
    }

    /// `value` as it goes over the wire: with its line end.
    public static func encode(_ value: JSONValue, pretty: Bool = false) -> [UInt8] {
        var text = JSONText(style: pretty ? .pretty(newline: "\r\n") : .compact)
        text.write(value)
        text.endLine()
        return text.bytes
    }
}
