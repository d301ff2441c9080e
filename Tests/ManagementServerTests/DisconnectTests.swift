import Glibc
import SystemCalls
import Testing

@testable import ManagementServer

/// Clients that send and go: all that they had sent is carried out, in order.
@Suite struct DisconnectTests {
    /// How a client goes.
    enum Disconnect: CaseIterable {
        /// It sends nothing more, and reads.
        case halfClosed
        /// It neither sends nor reads, and keeps its socket.
        case shutDown
        /// It closes its socket.
        case closed
    }

    private static func negotiate(outOfBand: Bool) -> String {
        #"{"execute":"qmp_capabilities","arguments":{"enable":[\#(outOfBand ? #""oob""# : "")]}}"#
    }

    /// Connects, sends `text` and goes, without having read anything. Returns the socket, if it is still open.
    private static func send(_ text: String, to path: String, andThen disconnect: Disconnect) throws -> Int32? {
        let socket = try UnixSocket.connect(path)
        let bytes = Array(text.utf8)
        #expect(Glibc.send(socket.number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        switch disconnect {
        case .halfClosed: shutdown(socket.number, Int32(SHUT_WR))
        case .shutDown: shutdown(socket.number, Int32(SHUT_RDWR))
        case .closed: return nil
        }
        return socket.release()
    }

    @Test(arguments: Disconnect.allCases, [1, 7, 700])
    func whatWasSentBeforeIsCarriedOutInOrder(disconnect: Disconnect, rounds: Int) async throws {
        try await withServer { server, _, path in
            try await onThread {
                let watcher = try TestClient(path)
                for outOfBand in [false, true] {
                    let round = #"{"execute":"stop"}{"execute":"query-name"}{"execute":"cont"}"#
                    let text = Self.negotiate(outOfBand: outOfBand) + String(repeating: round, count: rounds)
                    let socket = try Self.send(text + #"{"execute":"stop""#, to: path, andThen: disconnect)
                    for _ in 0..<rounds {
                        #expect(try watcher.reply() == "STOP")
                        #expect(try watcher.reply() == "RESUME")
                    }
                    if let socket { close(socket) }
                    // The request that was cut off is none, and nothing of the client is left.
                    try watcher.wait(for: 1, connectionsOf: server)
                }
            }
        }
    }

    @Test func whatWaitsBehindARunningCommandIsCarriedOutAfterIt() async throws {
        try await withServer { server, commands, path in
            try await onThread {
                let watcher = try TestClient(path)
                for outOfBand in [false, true] {
                    let text =
                        Self.negotiate(outOfBand: outOfBand) + #"{"execute":"migrate","arguments":{"uri":"hang"}}"#
                        + String(repeating: #"{"execute":"stop"}{"execute":"cont"}"#, count: 30)
                    _ = try Self.send(text, to: path, andThen: .closed)
                    #expect(try watcher.reply() == "MIGRATION")
                    #expect(try watcher.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
                    #expect(server.connectionCount == 2)
                    commands.release()
                    for _ in 0..<30 {
                        #expect(try watcher.reply() == "STOP")
                        #expect(try watcher.reply() == "RESUME")
                    }
                }
            }
        }
    }

    @Test func whoeverGoesWhileItsAnswersWaitIsStillServed() async throws {
        var limits = ManagementLimits()
        limits.readPauseBytes = 1
        try await withServer(limits: limits) { server, _, path in
            try await onThread {
                let watcher = try TestClient(path)
                let text =
                    Self.negotiate(outOfBand: false)
                    + String(repeating: #"{"execute":"query-migrate-parameters"}"#, count: 1500)
                    + #"{"execute":"stop"}"#
                let socket = try #require(try Self.send(text, to: path, andThen: .halfClosed))
                // The first answers have come, and the server waits for room to send the others.
                var poller = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
                #expect(poll(&poller, 1, 10_000) == 1)
                #expect(try watcher.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
                close(socket)
                #expect(try watcher.reply() == "STOP")
                try watcher.wait(for: 1, connectionsOf: server)
            }
        }
    }

    @Test func theServersEndDoesNotWaitForWhatADepartedClientHadSent() async throws {
        try await withServer { server, commands, path in
            try await onThread {
                let watcher = try TestClient(path)
                let text =
                    Self.negotiate(outOfBand: false)
                    + #"{"execute":"migrate","arguments":{"uri":"hang"}}{"execute":"stop"}"#
                _ = try Self.send(text, to: path, andThen: .closed)
                #expect(try watcher.reply() == "MIGRATION")
            }
            await server.shutdown()
            #expect(server.connectionCount == 0)
            commands.release()
        }
    }
}
