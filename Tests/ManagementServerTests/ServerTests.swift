import Glibc
import QAPI
import QMP
import Synchronization
import SystemCalls
import Testing

@testable import ManagementServer

/// Real sockets, a fake machine.
@Suite struct ServerTests {
    @Test func servesAClientThatSendsNoNewlines() async throws {
        try await withServer { _, _, path in
            try await onThread {
                let client = try TestClient(path)
                #expect(try client.ask(#"{"execute":"query-name","id":"__qmp#00000"}"#) == #"{"name": "fake"}"#)
                #expect(try client.ask(#"{"execute":"nope"}"#) == "The command nope has not been found")
            }
        }
    }

    @Test func answersPipelinedRequestsInOrder() async throws {
        try await withServer { _, _, path in
            try await onThread {
                let client = try TestClient(path)
                client.send((0..<500).map { "{\"execute\":\"query-name\",\"id\":\($0)}" }.joined() + "x ")
                for number in 0..<500 {
                    #expect(try client.next() == .success(["name": "fake"], id: JSONValue(number)))
                }
                #expect(try client.reply() == "JSON parse error, invalid keyword 'x'")
            }
        }
    }

    @Test func eventsComeBeforeTheReplyOfTheirCommandAndReachEveryNegotiatedClient() async throws {
        try await withServer { _, _, path in
            try await onThread {
                let asker = try TestClient(path)
                let other = try TestClient(path)
                let silent = try TestClient(path, negotiate: false)
                for _ in 0..<50 {
                    asker.send(#"{"execute":"stop"}{"execute":"stop"}{"execute":"cont"}"#)
                    for expected in ["STOP", "{}", "{}", "RESUME", "{}"] { #expect(try asker.reply() == expected) }
                    for expected in ["STOP", "RESUME"] { #expect(try other.reply() == expected) }
                }
                #expect(try silent.ask(#"{"execute":"stop"}"#).hasPrefix("Expecting capabilities negotiation"))
            }
        }
    }

    @Test func aCommandThatHangsHoldsUpNobodyElse() async throws {
        try await withServer { _, commands, path in
            try await onThread {
                let stuck = try TestClient(path)
                let other = try TestClient(path)
                stuck.send(#"{"execute":"migrate","arguments":{"uri":"hang"}}{"execute":"query-name"}"#)
                #expect(try other.reply() == "MIGRATION")
                #expect(try other.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
                commands.release()
                for expected in ["MIGRATION", "{}", #"{"name": "fake"}"#] { #expect(try stuck.reply() == expected) }
            }
        }
    }

    @Test func aClientThatReadsNothingIsClosedAndTheOthersGoOn() async throws {
        var limits = ManagementLimits()
        limits.unsentBytes = 64 << 10
        try await withServer(limits: limits) { server, commands, path in
            try await onThread {
                let reader = try TestClient(path)
                let idler = try TestClient(path)
                var rounds = 0
                while server.connectionCount == 2, rounds < 100_000 {
                    commands.hub.emit(.migrationPass(pass: Int64(rounds)))
                    #expect(try reader.reply() == "MIGRATION_PASS")
                    rounds += 1
                }
                #expect(server.connectionCount == 1)
                #expect(try reader.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
                _ = idler
            }
        }
    }

    @Test func answersWaitForAClientThatReadsLate() async throws {
        var limits = ManagementLimits()
        limits.readPauseBytes = 4096
        try await withServer(limits: limits) { _, _, path in
            try await onThread {
                let asker = try TestClient(path)
                let request = #"{"execute":"query-migrate-parameters"}"#
                // More answers than the sockets can hold; they all come once the client reads.
                let count = 2000
                asker.send(String(repeating: request, count: count))
                let other = try TestClient(path)
                #expect(try other.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
                for _ in 0..<count { #expect(try asker.reply().hasPrefix("{\"announce-initial\": 50")) }
            }
        }
    }

    @Test func quitIsAnsweredBeforeTheConnectionEnds() async throws {
        try await withServer { server, _, path in
            let client = try await onThread {
                let client = try TestClient(path)
                client.send(#"{"execute":"quit"}"#)
                #expect(try client.reply() == "SHUTDOWN")
                return Owned(client)
            }
            await server.shutdown()
            try await onThread {
                let (reply, isClosed) = (try client.value.reply(), try client.value.isClosed())
                #expect(reply == "{}" && isClosed)
                #expect((try? UnixSocket.connect(path).number) == nil)
            }
        }
    }

    @Test func answersWhatWasAskedBeforeTheClientEndsItsSide() async throws {
        try await withServer { _, _, path in
            try await onThread {
                let client = try TestClient(path)
                client.send(#"{"execute":"query-name"}{"execute":"query-uuid"}"#)
                client.finishSending()
                #expect(try client.reply() == #"{"name": "fake"}"#)
                #expect(try client.reply().hasPrefix(#"{"UUID""#))
                #expect(try client.isClosed())
            }
        }
    }

    @Test func takesNoMoreConnectionsThanItsLimit() async throws {
        var limits = ManagementLimits()
        limits.connections = 2
        try await withServer(limits: limits) { _, _, path in
            try await onThread {
                let first = try TestClient(path)
                let second = try TestClient(path)
                #expect(throws: ClientError.self) { try TestClient(path) }
                #expect(try first.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
                _ = second
            }
        }
    }

    @Test func refusingManyConnectionsIsToldOnce() async throws {
        var limits = ManagementLimits()
        limits.connections = 1
        let notices = Mutex<[String]>([])
        try await withServer(limits: limits, notice: { text in notices.withLock { $0.append(text) } }) { _, _, path in
            try await onThread {
                let first = try TestClient(path)
                for _ in 0..<30 { #expect(throws: ClientError.self) { try TestClient(path) } }
                #expect(try first.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
            }
        }
        #expect(notices.withLock { $0 } == ["a connection was refused: there are 1 already"])
    }

    @Test func theSocketIsNotForOthers() async throws {
        try await withServer { _, _, path in
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_mode & 0o007 == 0)
        }
    }

    @Test func replacesASocketFileOnlyIfNobodyListens() async throws {
        try await withServer { server, commands, path in
            #expect(throws: SystemError.self) { try server.listen(on: .unix(path: path)) }
            let stale = path + "2"
            defer { unlink(stale) }
            do { _ = try UnixSocket.bind(stale) }
            try server.listen(on: .unix(path: stale))
            try await onThread { _ = try TestClient(stale) }
            let file = path + "3"
            defer { unlink(file) }
            do { _ = try Descriptor.open(file, flags: O_CREAT | O_WRONLY) }
            #expect(throws: SystemError.self) { try server.listen(on: .unix(path: file)) }
            #expect(access(file, F_OK) == 0)
        }
    }

    @Test func theClientsOfOneAddressAreDisconnectedAndMayComeAgain() async throws {
        try await withServer { server, _, path in
            let second = path + "2"
            try server.listen(on: .unix(path: second))
            try await onThread {
                let cut = try TestClient(path)
                let spared = try TestClient(second)
                server.disconnectClients(of: .unix(path: path))
                #expect(try cut.isClosed())
                #expect(try spared.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
                #expect(try TestClient(path).ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
            }
        }
    }

    @Test func garbageIsAnsweredAndTheConnectionStays() async throws {
        try await withServer { _, _, path in
            try await onThread {
                let client = try TestClient(path)
                client.send("\u{0}{\"execute\":}}}\u{1}\n")
                client.send(#"{"execute":"query-name"}"#)
                var reply = try client.reply()
                while reply.hasPrefix("JSON parse error") { reply = try client.reply() }
                #expect(reply == #"{"name": "fake"}"#)
            }
        }
    }
}

/// Lets a value that only one thread at a time uses travel between threads.
private struct Owned<Value>: @unchecked Sendable {
    // SAFETY: the test uses the value on one thread, waits for it to end, and then on another.
    let value: Value
    init(_ value: Value) { self.value = value }
}
