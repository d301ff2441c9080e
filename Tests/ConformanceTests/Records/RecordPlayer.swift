import PairLab
import QMP

/// Makes recorded calls, each to a server in its first state.
///
/// A server serves another record only if what it answered cannot have changed it (an error or a query) and all that
/// can be read of its state still reads as it did at the start; otherwise a new one is started.
final class RecordPlayer {
    private let program: Program
    private var servers: [Bool: (server: Server, firstState: [JSONValue])] = [:]

    private let replyLimit: Duration
    private static let stateQueries = [
        "query-status", "query-migrate", "query-migrate-capabilities", "query-migrate-parameters", "query-jobs",
        "query-dirty-rate",
    ]

    /// A player that takes what is not answered within `replyLimit` for not answered at all.
    init(_ program: Program, replyLimit: Duration = .seconds(10)) {
        self.program = program
        self.replyLimit = replyLimit
    }

    /// What the server answers to the call: a reply, or a list of as many as were recorded.
    func play(_ record: Record) throws -> JSONValue {
        let (server, firstState) = try server(incoming: record.isIncoming)
        let replies = try call(record, server)
        let isHarmless = replies.allSatisfy { $0["error"] != nil } || record.call.contains("\"query-")
        if try !isHarmless || Self.state(of: server) != firstState { servers[record.isIncoming] = nil }
        return record.reply.array == nil ? replies.first ?? .null : .array(replies)
    }

    private func server(incoming: Bool) throws -> (Server, [JSONValue]) {
        if let kept = servers[incoming] { return kept }
        let server = try Server(program, StartOptions(incoming: incoming ? "defer" : nil))
        let fresh = (server, try Self.state(of: server))
        servers[incoming] = fresh
        return fresh
    }

    private func call(_ record: Record, _ server: Server) throws -> [JSONValue] {
        let monitor =
            record.isNegotiated ? try server.connect(outOfBand: record.isOutOfBand) : try server.connectSilently()
        try monitor.connection.send(record.sent)
        return try (0..<record.replyCount).map { _ in try monitor.reply(within: replyLimit) }
    }

    private static func state(of server: Server) throws -> [JSONValue] {
        let monitor = try server.connect()
        return try stateQueries.map { try monitor.ask(Call.text($0)) }
    }
}
