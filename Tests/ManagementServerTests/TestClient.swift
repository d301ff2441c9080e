import Environment
import Glibc
import QMP
import Synchronization
import SystemCalls
import Testing

@testable import ManagementServer

struct ClientError: Error { let text: String }

/// A client that blocks, for a thread of its own.
final class TestClient {
    private static let patience: Int32 = 10_000

    private let socket: Descriptor
    private var session = ClientSession()
    private var messages: [ClientSession.Message] = []

    /// Connects and reads the greeting; with `negotiate` also negotiates, with `outOfBand` that too.
    init(_ path: String, negotiate: Bool = true, outOfBand: Bool = false) throws {
        socket = try UnixSocket.connect(path)
        guard case .greeting = try next() else { throw ClientError(text: "no greeting") }
        if negotiate {
            let enable = outOfBand ? #""oob""# : ""
            send(#"{"execute":"qmp_capabilities","arguments":{"enable":[\#(enable)]}}"#)
            guard try reply() == "{}" else { throw ClientError(text: "negotiation failed") }
        }
    }

    func send(_ text: String) { send(bytes: Array(text.utf8)) }

    func send(bytes: [UInt8]) {
        _ = Glibc.send(socket.number, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Sends `text` with descriptors.
    func send(_ text: String, passing descriptors: [Int32]) {
        // SAFETY: the bytes live for the call.
        _ = Array(text.utf8).withUnsafeBytes { StreamMessage.send(socket.number, $0, descriptors: descriptors) }
    }

    /// Sends what the server takes without being read from; returns how many bytes of `text` went.
    func sendWithoutWaiting(_ text: String) -> Int {
        var rest = Array(text.utf8)[...]
        let all = rest.count
        while !rest.isEmpty {
            // SAFETY: sends from a slice that lives for the call, never more than its length.
            let count = rest.withUnsafeBytes { StreamMessage.send(socket.number, $0) }
            guard let count, count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        return all - rest.count
    }

    /// Whether something has come that was not read.
    var hasInput: Bool {
        var poller = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        return !messages.isEmpty || poll(&poller, 1, 0) == 1
    }

    /// Says that nothing more will be sent.
    func finishSending() { shutdown(socket.number, Int32(SHUT_WR)) }

    /// The next message; fails at the end of the connection.
    func next() throws -> ClientSession.Message {
        while messages.isEmpty {
            guard let bytes = try receive() else { throw ClientError(text: "closed") }
            messages += try session.receive(bytes)
        }
        return messages.removeFirst()
    }

    /// The next message in short: an event's name, a returned value, or an error's description.
    func reply() throws -> String {
        switch try next() {
        case .success(let value, _): value.text()
        case .failure(let error, _): error.description
        case .event(let event): event.name
        case .greeting: "greeting"
        }
    }

    func ask(_ text: String) throws -> String {
        send(text)
        return try reply()
    }

    /// The reply to `text`, past events that came before it.
    func answer(_ text: String) throws -> String {
        send(text)
        while true {
            switch try next() {
            case .success(let value, _): return value.text()
            case .failure(let error, _): return error.description
            case .event, .greeting: continue
            }
        }
    }

    /// Asks until `server` has `count` connections, of which this is one.
    func wait(for count: Int, connectionsOf server: ManagementServer) throws {
        let deadline = ContinuousClock.now + .milliseconds(Int(Self.patience))
        while server.connectionCount != count {
            guard ContinuousClock.now < deadline else {
                throw ClientError(text: "\(server.connectionCount) connections instead of \(count)")
            }
            guard try answer(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"# else {
                throw ClientError(text: "no answer")
            }
        }
    }

    /// Whether the server has closed and nothing is left to read.
    func isClosed() throws -> Bool { try messages.isEmpty && receive() == nil }

    /// What comes next; nil at the end.
    private func receive() throws -> [UInt8]? {
        var poller = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        guard poll(&poller, 1, Self.patience) == 1 else { throw ClientError(text: "no answer in time") }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(socket.number, &buffer, buffer.count)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }
}

/// Runs `body` on a plain thread, so that it may block without holding up the tasks of the server.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        do {
            _ = try Thread(name: "client") { continuation.resume(with: Swift.Result(catching: body)) }
        } catch { continuation.resume(throwing: error) }
    }
}

/// A server on a socket in a folder of its own, gone afterwards.
func withServer(
    limits: ManagementLimits = .standard, notice: @escaping @Sendable (String) -> Void = { _ in },
    _ body: (ManagementServer, FakeCommands, String) async throws -> Void
) async throws {
    var template = Array("/tmp/qmp-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw ClientError(text: "mkdtemp") }
    let folder = template.withUnsafeBufferPointer {
        String(decoding: $0.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
    let path = folder + "/s"
    defer {
        unlink(path)
        rmdir(folder)
    }
    let hub = EventHub()
    let commands = FakeCommands(hub: hub)
    let version = ServerVersion(major: 7, minor: 2, micro: 0, package: "test")
    let server = try ManagementServer(commands: commands, hub: hub, version: version, limits: limits, notice: notice)
    do {
        try server.listen(on: .unix(path: path))
        try await body(server, commands, path)
    } catch { Issue.record(error) }
    commands.release()
    await server.shutdown()
}
