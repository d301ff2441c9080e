import Environment
public import QAPI
public import QMP
import SystemCalls

/// An error that a QMP server answered.
public struct QMPError: Error, CustomStringConvertible, Sendable, Equatable {
    /// "GenericError", "CommandNotFound".
    public let errorClass: String
    /// The sentence for people.
    public let text: String
    /// Class and sentence.
    public var description: String { "\(errorClass): \(text)" }
}

/// One connection to a QMP socket, blocking, with a deadline on every wait. Events are kept until asked for.
public final class QMPClient {
    private let socket: StreamSocket
    private var parser = JSONStreamParser()
    private var waiting: [JSONValue] = []
    private var nextIdentifier = 0
    /// The events received and not yet taken, oldest first.
    public private(set) var events: [JSONValue] = []
    /// What has happened so far: the names of all events received, with what each says of a status or a pass.
    public private(set) var history: [String] = []

    /// How long a client tries to connect to a socket that is not there yet before it looks again.
    private static let connectInterval: Duration = .milliseconds(10)

    /// Connects to the socket at `path`, waiting for it to appear, and negotiates.
    public init(path: String, within limit: Duration = .seconds(10)) throws {
        let clock = SystemClock()
        let deadline = clock.now() + Nanoseconds(limit)
        while true {
            do {
                socket = try .unix(path, within: limit)
                break
            } catch {
                guard clock.now() < deadline else { throw error }
                pause(Self.connectInterval)
            }
        }
        guard try next(until: deadline)["QMP"] != nil else { throw LabError("no greeting on \(path)") }
        try execute("qmp_capabilities", within: limit)
    }

    /// Executes a command and returns what it answered; throws `QMPError` if that is an error.
    @discardableResult
    public func execute(
        _ command: String, _ arguments: JSONObject = [:], passing descriptor: Int32? = nil,
        within limit: Duration = .seconds(5)
    ) throws -> JSONValue {
        nextIdentifier += 1
        let identifier = JSONValue(nextIdentifier)
        var request: JSONObject = ["execute": .string(command), "id": identifier]
        if !arguments.isEmpty { request["arguments"] = .object(arguments) }
        var text = JSONText()
        text.write(.object(request))
        let bytes = text.bytes + [10]
        if let descriptor {
            try socket.send(bytes, passing: descriptor)
        } else {
            try socket.send(bytes, within: limit)
        }
        let deadline = SystemClock().now() + Nanoseconds(limit)
        while true {
            let answer = try next(until: deadline)
            if answer["event"] != nil {
                note(answer)
            } else if answer["id"] == identifier {
                if let value = answer["return"] { return value }
                throw QMPError(
                    errorClass: answer["error"]?["class"]?.string ?? "?", text: answer["error"]?["desc"]?.string ?? "?")
            }
        }
    }

    private func note(_ event: JSONValue) {
        events.append(event)
        let data = event["data"]
        let detail = data?["status"]?.string ?? data?["pass"]?.integer.map { "\($0)" }
        history.append((event["event"]?.string ?? "?") + (detail.map { " \($0)" } ?? ""))
    }

    /// Takes the first event of that name for which `matches` is true, and all before it, waiting for it to come.
    /// What `matches` throws ends the wait.
    public func waitForEvent(
        _ name: String, within limit: Duration, where matches: (JSONValue) throws -> Bool = { _ in true }
    ) throws -> JSONValue {
        let deadline = SystemClock().now() + Nanoseconds(limit)
        while true {
            if let index = try events.firstIndex(where: { try $0["event"]?.string == name && matches($0) }) {
                let event = events[index]
                events.removeFirst(index + 1)
                return event
            }
            let answer = try next(until: deadline)
            if answer["event"] != nil { note(answer) }
        }
    }

    /// Sends bytes as they are, for tests of bad input.
    public func sendRaw(_ bytes: [UInt8]) throws { try socket.send(bytes, within: .seconds(5)) }

    /// The next message of any kind, for tests of bad input.
    public func nextMessage(within limit: Duration) throws -> JSONValue {
        try next(until: SystemClock().now() + Nanoseconds(limit))
    }

    private func next(until deadline: Nanoseconds) throws -> JSONValue {
        while waiting.isEmpty {
            let left = deadline - SystemClock().now()
            guard left > .zero else { throw LabError("QMP: no answer in time") }
            let bytes = try socket.receive(within: .nanoseconds(Int64(clamping: left.count)))
            guard !bytes.isEmpty else { throw LabError("QMP: the connection was closed") }
            for result in parser.consume(bytes) { waiting.append(try result.get()) }
        }
        return waiting.removeFirst()
    }
}

extension QMPClient {
    /// What the colod says about itself and its pair (`x-colod-status`).
    public func status(within limit: Duration = .seconds(5)) throws -> ColodStatus {
        let reply = try execute("x-colod-status", within: limit)
        guard let status = ColodStatus(reply: reply) else {
            throw LabError("x-colod-status was answered with \(reply.text())")
        }
        return status
    }

    /// How many pauses for checkpoints were of each length, which is in microseconds (`x-colod-pauses`).
    public func pauses(within limit: Duration = .seconds(5)) throws -> [UInt64: UInt64] {
        guard case .array(let values) = try execute("x-colod-pauses", within: limit) else {
            throw LabError("x-colod-pauses was not answered with a list")
        }
        return try values.reduce(into: [:]) { counts, value in
            guard let pause = ColodPauseCount(reply: value) else {
                throw LabError("x-colod-pauses told \(value.text())")
            }
            counts[pause.microseconds, default: 0] += pause.count
        }
    }

    /// Whether the guest's vCPUs turn here (`query-status`).
    public func guestRuns(within limit: Duration = .seconds(5)) throws -> Bool {
        try execute("query-status", within: limit)["running"]?.boolean ?? false
    }
}
