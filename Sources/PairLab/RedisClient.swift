/// A reply of a Redis server (RESP2).
public enum RedisReply: Sendable, Equatable {
    /// "+OK"
    case status(String)
    /// "-ERR ..."
    case error(String)
    /// ":5"
    case integer(Int64)
    /// A string, or nil for a missing value.
    case string(String?)
    /// A list.
    case array([RedisReply])
}

/// One connection to a Redis server, blocking, with a deadline on every wait. It never reconnects by itself.
public final class RedisClient {
    private let socket: StreamSocket
    private var received: [UInt8] = []
    private var offset = 0

    /// The largest reply accepted, in bytes.
    static let replyLimit = 64 << 20

    /// Connects from `host` to a server.
    public init(_ address: String, port: UInt16 = 6379, from host: LabHost, within limit: Duration = .seconds(5)) throws
    {
        socket = try .tcp(address, port, from: host, within: limit)
    }

    /// Sends one command and waits for its reply.
    public func call(_ command: String..., within limit: Duration = .seconds(20)) throws -> RedisReply {
        try send([command], within: limit)
        return try reply(within: limit)
    }

    /// Sends commands without waiting for replies.
    public func send(_ commands: [[String]], within limit: Duration) throws {
        var bytes: [UInt8] = []
        for command in commands {
            bytes += "*\(command.count)\r\n".utf8
            for word in command { bytes += "$\(word.utf8.count)\r\n\(word)\r\n".utf8 }
        }
        try socket.send(bytes, within: limit)
    }

    /// The next reply.
    public func reply(within limit: Duration) throws -> RedisReply {
        let line = try line(within: limit)
        let rest = String(line.dropFirst())
        switch line.first {
        case "+": return .status(rest)
        case "-": return .error(rest)
        case ":":
            guard let number = Int64(rest) else { throw LabError("Redis sent no number: \(line)") }
            return .integer(number)
        case "$":
            let count = try length(rest)
            if count < 0 { return .string(nil) }
            let bytes = try take(count + 2, within: limit)
            return .string(String(decoding: bytes.dropLast(2), as: UTF8.self))
        case "*":
            let count = try length(rest)
            var items: [RedisReply] = []
            for _ in 0..<max(0, count) { items.append(try reply(within: limit)) }
            return .array(items)
        default: throw LabError("Redis sent something else than a reply: \(line.prefix(80))")
        }
    }

    private func length(_ text: String) throws -> Int {
        guard let count = Int(text), count >= -1, count <= Self.replyLimit else {
            throw LabError("Redis sent the length \(text)")
        }
        return count
    }

    private func line(within limit: Duration) throws -> String {
        while true {
            if let end = received[offset...].firstIndex(of: 10) {
                let text = String(decoding: received[offset..<end], as: UTF8.self)
                offset = end + 1
                return text.hasSuffix("\r") ? String(text.dropLast()) : text
            }
            try fill(within: limit)
        }
    }

    private func take(_ count: Int, within limit: Duration) throws -> ArraySlice<UInt8> {
        while received.count - offset < count { try fill(within: limit) }
        defer { offset += count }
        return received[offset..<offset + count]
    }

    private func fill(within limit: Duration) throws {
        if offset == received.count {
            received.removeAll(keepingCapacity: true)
            offset = 0
        }
        let bytes = try socket.receive(within: limit)
        guard !bytes.isEmpty else { throw LabError("Redis closed the connection") }
        received += bytes
    }
}
