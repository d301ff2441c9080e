import PairLab
import QMP

/// What a client sends.
enum Call {
    /// The negotiation.
    static func negotiate(outOfBand: Bool) -> String {
        outOfBand
            ? #"{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}"# : #"{"execute":"qmp_capabilities"}"#
    }

    /// A command with arguments.
    static func text(_ command: String, _ arguments: JSONObject = [:]) -> String {
        var call: JSONObject = ["execute": .string(command)]
        if !arguments.isEmpty { call["arguments"] = .object(arguments) }
        return JSONValue.object(call).text()
    }
}

/// One connection to a management socket, message by message.
final class Monitor {
    /// The bytes below.
    let connection: MonitorConnection
    /// The events that came while a reply was awaited, oldest first.
    var events: [JSONValue] = []

    /// No wait is longer unless said.
    static let patience: Duration = .seconds(20)

    init(_ connection: MonitorConnection) { self.connection = connection }

    /// The next message of any kind; nil once the server has closed.
    func next(within limit: Duration = patience) throws -> JSONValue? {
        guard let line = try connection.nextLine(within: limit) else { return nil }
        let text = String(decoding: line, as: UTF8.self)
        do {
            return try JSONStreamParser.parse(text)
        } catch {
            throw LabError("not JSON (\(error)): \(text.prefix(400))")
        }
    }

    /// The next message that is no event.
    func reply(within limit: Duration = patience) throws -> JSONValue {
        while let message = try next(within: limit) {
            if message["event"] == nil { return message }
            events.append(message)
        }
        throw LabError("the connection was closed")
    }

    /// Sends `call` with a line end, and returns the reply.
    func ask(_ call: String, within limit: Duration = patience) throws -> JSONValue {
        try connection.send(call + "\n")
        return try reply(within: limit)
    }
}
