import QMP
import Synchronization
import Testing

@testable import ManagementServer

/// Commands that overtake others, and how many may wait.
@Suite struct OutOfBandTests {
    private static let hang = #"{"execute":"migrate","arguments":{"uri":"hang"},"id":"slow"}"#
    private static let quick = #"{"execute":"query-name","id":"quick"}"#
    private static let overtaking = #"{"exec-oob":"query-yank","id":"oob"}"#

    /// The id of the next reply; an event's name.
    private static func next(_ client: TestClient) throws -> String {
        switch try client.next() {
        case .success(_, let id), .failure(_, let id): id?.string ?? "none"
        case .event(let event): event.name
        case .greeting: "greeting"
        }
    }

    @Test func anOutOfBandCommandOvertakesThoseThatRunAndWait() async throws {
        try await withServer { _, commands, path in
            try await onThread {
                let client = try TestClient(path, outOfBand: true)
                client.send(Self.hang + Self.quick + Self.overtaking)
                #expect(try Set([Self.next(client), Self.next(client)]) == ["MIGRATION", "oob"])
                client.send(Self.overtaking)
                #expect(try Self.next(client) == "oob")
                commands.release()
                for expected in ["slow", "quick"] { #expect(try Self.next(client) == expected) }
            }
        }
    }

    @Test func eightCommandsMayWaitAndNothingIsReadBehindThem() async throws {
        try await withServer { _, commands, path in
            try await onThread {
                let client = try TestClient(path, outOfBand: true)
                let other = try TestClient(path)
                client.send(Self.hang)
                #expect(try Self.next(client) == "MIGRATION")
                #expect(try Self.next(other) == "MIGRATION")
                client.send(String(repeating: Self.quick, count: 8) + Self.overtaking)
                // Whatever comes before this answer was dealt with before.
                for _ in 0..<3 { #expect(try other.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#) }
                #expect(!client.hasInput)
                commands.release()
                for expected in ["slow", "quick", "oob"] + Array(repeating: "quick", count: 7) {
                    #expect(try Self.next(client) == expected)
                }
            }
        }
    }

    @Test func withoutNegotiationTheNextRequestIsNotLookedAt() async throws {
        try await withServer { _, commands, path in
            try await onThread {
                let client = try TestClient(path)
                let other = try TestClient(path, outOfBand: true)
                client.send(Self.hang)
                #expect(try Self.next(client) == "MIGRATION")
                #expect(try Self.next(other) == "MIGRATION")
                client.send("}" + Self.overtaking)
                for _ in 0..<3 {
                    other.send(Self.overtaking)
                    #expect(try Self.next(other) == "oob")
                }
                #expect(!client.hasInput)
                commands.release()
                #expect(try Self.next(client) == "slow")
                #expect(try client.reply() == "JSON parse error, expecting value")
                #expect(try client.reply() == "QMP input member 'exec-oob' is unexpected")
            }
        }
    }

    @Test func onlyCommandsThatAllowItRunOutOfBand() async throws {
        try await withServer { _, _, path in
            try await onThread {
                let client = try TestClient(path, outOfBand: true)
                let status = #"{"exec-oob":"query-status"}"#
                #expect(try client.ask(status) == "The command query-status does not support OOB")
                #expect(try client.ask(#"{"exec-oob":"nope"}"#) == "The command nope has not been found")
                for command in ["qmp_capabilities", "query-commands", "query-qmp-schema"] {
                    #expect(
                        try client.ask(#"{"exec-oob":"\#(command)"}"#) == "The command \(command) does not support OOB")
                }
                #expect(try client.ask(#"{"execute":"query-yank"}"#) == "[]")
            }
        }
    }

    @Test func mistakesKeepTheirPlaceInTheOrder() async throws {
        try await withServer { _, commands, path in
            try await onThread {
                let client = try TestClient(path, outOfBand: true)
                client.send(Self.hang)
                #expect(try Self.next(client) == "MIGRATION")
                client.send("]" + #"{"execute":"query-yank","id":"bad","x":1}"# + Self.quick)
                client.send(#"{"exec-oob":"query-yank","id":"oob","x":1}{"exec-oob":"query-yank"}"#)
                // What was meant to overtake does so with its mistake too.
                for expected in ["oob", "none"] { #expect(try Self.next(client) == expected) }
                #expect(!client.hasInput)
                commands.release()
                for expected in ["slow", "none", "bad", "quick"] { #expect(try Self.next(client) == expected) }
            }
        }
    }

    @Test func oneConnectionMayRunOneOutOfBandCommandAtATime() async throws {
        try await withServer { _, commands, path in
            try await onThread {
                let client = try TestClient(path, outOfBand: true)
                commands.pauseHangs.withLock { $0 = true }
                client.send(#"{"exec-oob":"migrate-pause","id":"first"}"# + Self.overtaking + Self.quick)
                let other = try TestClient(path, outOfBand: true)
                other.send(Self.overtaking)
                #expect(try Self.next(other) == "oob")
                #expect(!client.hasInput)
                commands.release()
                for expected in ["first", "oob", "quick"] { #expect(try Self.next(client) == expected) }
            }
        }
    }
}
