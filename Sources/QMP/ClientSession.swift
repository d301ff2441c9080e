/// The client's side of one connection: reads greeting, replies and events.
public struct ClientSession: Sendable {
    /// Something the server said.
    public enum Message: Sendable, Hashable {
        /// The first thing on every connection.
        case greeting(JSONObject)
        /// A command succeeded.
        case success(JSONValue, id: JSONValue?)
        /// A command failed.
        case failure(CommandError, id: JSONValue?)
        /// Something happened.
        case event(Event)
    }

    /// An event as received.
    public struct Event: Sendable, Hashable {
        /// Which one.
        public var name: String
        /// Its members; empty if it has none.
        public var data: JSONObject
        /// When it happened, in microseconds since 1970.
        public var microseconds: Int64
        /// All of it as received.
        public var json: JSONValue
    }

    private var parser: JSONStreamParser

    /// A connection that was just made.
    public init(limits: JSONLimits = .standard) { parser = JSONStreamParser(limits: limits) }

    /// What a client has to send before anything else; with `outOfBand` it may ask for out-of-band execution after it.
    public static func negotiation(outOfBand: Bool = false) -> [UInt8] {
        Reply.encode(Request("qmp_capabilities", outOfBand ? ["enable": ["oob"]] : [:]).json)
    }

    /// Takes the next bytes from the server. Throws if what comes is not QMP.
    public mutating func receive(_ bytes: [UInt8]) throws(JSONError) -> [Message] {
        var messages: [Message] = []
        for result in parser.consume(bytes) { messages.append(try Self.message(try result.get())) }
        return messages
    }

    private static func message(_ value: JSONValue) throws(JSONError) -> Message {
        guard let object = value.object else { throw JSONError("the server sent something that is not an object") }
        let id = object["id"]
        if let result = object["return"] { return .success(result, id: id) }
        if let greeting = object["QMP"]?.object { return .greeting(greeting) }
        if let error = object["error"]?.object {
            let name = error["class"]?.string ?? ""
            let text = error["desc"]?.string ?? "unknown error"
            return .failure(CommandError(ErrorClass(rawValue: name) ?? .generic, text), id: id)
        }
        if let name = object["event"]?.string {
            let seconds = clamped(object["timestamp"]?["seconds"])
            let fraction = clamped(object["timestamp"]?["microseconds"])
            let event = Event(
                name: name, data: object["data"]?.object ?? [:], microseconds: seconds &* 1_000_000 &+ fraction,
                json: value)
            return .event(event)
        }
        throw JSONError("the server sent neither greeting, reply nor event")
    }

    private static func clamped(_ value: JSONValue?) -> Int64 { max(0, value?.integer ?? 0) }
}
