import Glibc
import QAPI
import QMP
import SystemCalls
import Testing

@testable import ManagementServer

/// The sockets themselves: layout, several of them, those of others, and clients that do not read.
@Suite struct SocketTests {
    @Test func aPrettySocketLaysOutOverLinesThatEndWithCRLF() async throws {
        try await withServer { server, commands, path in
            let pretty = path + "-pretty"
            defer { unlink(pretty) }
            try server.listen(on: .unix(path: pretty), isPretty: true)
            try await onThread {
                let plain = try TestClient(path)
                let client = try RawClient(pretty)
                #expect(
                    try client.text(until: "\r\n}\r\n").hasPrefix("{\r\n    \"QMP\": {\r\n        \"version\": {\r\n"))
                client.send(#"{"execute":"qmp_capabilities"}"#)
                #expect(try client.text(until: "\r\n}\r\n") == "{\r\n    \"return\": {\r\n    }\r\n}\r\n")
                client.send(#"{"execute":"query-name","id":[1]}"#)
                #expect(
                    try client.text(until: "\r\n}\r\n")
                        == "{\r\n    \"return\": {\r\n        \"name\": \"fake\"\r\n    },\r\n    \"id\": [\r\n        1\r\n"
                        + "    ]\r\n}\r\n")
                commands.hub.emit(.stop)
                let event = try client.text(until: "\r\n}\r\n")
                #expect(event.hasPrefix("{\r\n    \"timestamp\": {\r\n        \"seconds\": "))
                #expect(event.hasSuffix("    },\r\n    \"event\": \"STOP\"\r\n}\r\n"))
                #expect(try plain.reply() == "STOP")
            }
        }
    }

    @Test func aSocketOfSomebodyElseIsServedAndLeftInPlace() async throws {
        try await withServer { server, _, path in
            let passed = path + "-passed"
            defer { unlink(passed) }
            let socket = try UnixSocket.bind(passed)
            #expect(listen(socket.number, 4) == 0)
            let number = dup(socket.number)
            let address = try server.adopt(Descriptor(owning: number))
            #expect(address == .unix(path: passed))
            try await onThread {
                let client = try TestClient(passed)
                #expect(try client.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
            }
            await server.shutdown()
            #expect(access(passed, F_OK) == 0)
            #expect(access(path, F_OK) != 0)
        }
    }

    @Test func tcpClientsAreServedToo() async throws {
        try await withServer { server, _, _ in
            guard case .tcp(_, let port) = try server.listen(on: .tcp(host: "127.0.0.1", port: 0)) else {
                throw ClientError(text: "no port")
            }
            try await onThread {
                let client = try RawClient(port: port)
                #expect(try client.text(until: "\r\n").hasPrefix(#"{"QMP": "#))
                client.send(#"{"execute":"qmp_capabilities"}"#)
                #expect(try client.text(until: "\r\n") == "{\"return\": {}}\r\n")
            }
        }
    }

    @Test func whoListensIsToldWhereBeforeTheFirstClientIsServed() async throws {
        try await withServer { server, _, path in
            let second = path + "-second"
            defer { unlink(second) }
            try await onThread {
                var early: RawClient?
                var told: [ManagementAddress] = []
                try server.listen(on: .unix(path: second)) { address in
                    told.append(address)
                    early = try? RawClient(second)
                    #expect(early?.hasToRead(within: 100) == false)
                }
                #expect(told == [.unix(path: second)])
                #expect(try early?.text(until: "\r\n").hasPrefix(#"{"QMP": "#) == true)
            }
        }
    }

    @Test func whoeverSendsWithoutReadingIsNotReadFurtherAndDisturbsNobody() async throws {
        var limits = ManagementLimits()
        limits.readPauseBytes = 64 << 10
        try await withServer(limits: limits) { server, _, path in
            try await onThread {
                for outOfBand in [false, true] {
                    let flood = try TestClient(path, outOfBand: outOfBand)
                    let other = try TestClient(path)
                    let request = #"{"execute":"query-migrate-parameters"}"#
                    let all = String(repeating: request, count: 100_000)
                    var sent = 0
                    var rounds = 0
                    // It stops taking, however long one tries.
                    while rounds < 50 {
                        let now = flood.sendWithoutWaiting(all)
                        sent += now
                        if now == 0 { rounds += 1 }
                        #expect(try other.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
                        guard sent < all.utf8.count else { break }
                    }
                    #expect(sent < all.utf8.count)
                    // The flood of the round before may still be carried out.
                    try other.wait(for: 2, connectionsOf: server)
                }
            }
        }
    }

    @Test func whoeverHangsUpInTheMiddleLeavesNothingBehind() async throws {
        try await withServer { server, commands, path in
            try await onThread {
                let watcher = try TestClient(path)
                for outOfBand in [false, true] {
                    do {
                        let client = try TestClient(path, outOfBand: outOfBand)
                        client.send(#"{"execute":"migrate","arguments":{"uri":"hang"}}{"execute":"#)
                        #expect(try client.reply() == "MIGRATION")
                        #expect(try watcher.reply() == "MIGRATION")
                    }
                    try watcher.wait(for: 1, connectionsOf: server)
                    commands.release()
                }
                #expect(try watcher.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
            }
        }
    }
}

/// A client that looks at the bytes.
final class RawClient {
    private let socket: Descriptor
    private var received = ""

    init(_ path: String) throws { socket = try UnixSocket.connect(path) }

    /// Connects to a port of this host.
    init(port: UInt16) throws {
        let number = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        socket = Descriptor(owning: number)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        // SAFETY: every socket address starts with the generic one; the length is the real one.
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard connected else { throw ClientError(text: "connect") }
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(socket.number, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Whether something comes before so many milliseconds have passed.
    func hasToRead(within milliseconds: Int32) -> Bool {
        var poller = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        return poll(&poller, 1, milliseconds) != 0
    }

    /// What comes, up to and with the first `end`.
    func text(until end: String) throws -> String {
        while true {
            if let range = received.ranges(of: end).first {
                defer { received = String(received[range.upperBound...]) }
                return String(received[..<range.upperBound])
            }
            var poller = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
            guard poll(&poller, 1, 10_000) == 1 else { throw ClientError(text: "no answer in time: \(received)") }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(socket.number, &buffer, buffer.count)
            guard count > 0 else { throw ClientError(text: "closed") }
            received += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
    }
}
