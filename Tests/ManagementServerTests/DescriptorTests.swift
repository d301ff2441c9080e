import Glibc
import QMP
import SystemCalls
import Testing

@testable import ManagementServer

/// Descriptors that clients pass along.
@Suite struct DescriptorTests {
    private static func request(_ command: String, _ name: String) -> String {
        #"{"execute":"\#(command)","arguments":{"fdname":"\#(name)"}}"#
    }

    /// A pipe of which one end is passed: the other one tells when the last copy is closed.
    private struct Pipe: ~Copyable {
        let reading: Descriptor
        let writing: Int32

        init() throws {
            var numbers: [Int32] = [-1, -1]
            guard pipe(&numbers) == 0 else { throw ClientError(text: "pipe") }
            reading = Descriptor(owning: numbers[0])
            writing = numbers[1]
        }

        /// Sends the writing end, which is the receiver's alone then.
        func pass(_ client: TestClient, _ text: String) {
            client.send(text, passing: [writing])
            close(writing)
        }

        /// What comes out; empty once all writing ends are closed.
        func read() throws -> String {
            var poller = pollfd(fd: reading.number, events: Int16(POLLIN), revents: 0)
            guard poll(&poller, 1, 10_000) == 1 else { throw ClientError(text: "the other end stays open") }
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = Glibc.read(reading.number, &buffer, buffer.count)
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
    }

    @Test func aPassedDescriptorGetsAName() async throws {
        try await withServer { _, commands, path in
            try await onThread {
                let client = try TestClient(path)
                let pipe = try Pipe()
                pipe.pass(client, Self.request("getfd", "migration"))
                #expect(try client.reply() == "{}")
                let store = try #require(commands.context?.descriptors)
                do {
                    guard let taken = store.take("migration") else { throw ClientError(text: "nothing was stored") }
                    #expect(write(taken.number, "hello", 5) == 5)
                    #expect(fcntl(taken.number, F_GETFD) & FD_CLOEXEC != 0)
                }
                #expect(try pipe.read() == "hello")
                #expect(try pipe.read() == "")
                #expect(store.count == 0)
            }
        }
    }

    @Test func whatIsWrongIsToldInQEMUsWords() async throws {
        try await withServer { _, _, path in
            try await onThread {
                let client = try TestClient(path)
                let none = "No file descriptor supplied via SCM_RIGHTS"
                #expect(try client.ask(Self.request("getfd", "a")) == none)
                #expect(try client.ask(Self.request("getfd", "1a")) == none)
                let pipe = try Pipe()
                pipe.pass(client, Self.request("getfd", "1a"))
                #expect(try client.reply() == "Parameter 'fdname' expects a name not starting with a digit")
                #expect(try pipe.read() == "")
                #expect(try client.ask(Self.request("closefd", "a")) == "File descriptor named 'a' not found")
            }
        }
    }

    @Test func aNameThatIsUsedAgainClosesTheOldDescriptor() async throws {
        try await withServer { _, _, path in
            try await onThread {
                let client = try TestClient(path)
                let first = try Pipe()
                let second = try Pipe()
                first.pass(client, Self.request("getfd", "a"))
                second.pass(client, Self.request("getfd", "a"))
                for _ in 0..<2 { #expect(try client.reply() == "{}") }
                #expect(try first.read() == "")
                #expect(try client.ask(Self.request("closefd", "a")) == "{}")
                #expect(try second.read() == "")
            }
        }
    }

    @Test func onlyTheFirstOfTheLastMessageIsKept() async throws {
        try await withServer { _, _, path in
            try await onThread {
                let client = try TestClient(path)
                let older = try Pipe()
                let first = try Pipe()
                let second = try Pipe()
                older.pass(client, " ")
                #expect(try client.ask(#"{"execute":"query-name"}"#) == #"{"name": "fake"}"#)
                client.send(" ", passing: [first.writing, second.writing])
                close(first.writing)
                close(second.writing)
                #expect(try older.read() == "")
                #expect(try client.ask(Self.request("getfd", "a")) == "{}")
                #expect(try second.read() == "")
                #expect(try client.ask(Self.request("closefd", "a")) == "{}")
                #expect(try first.read() == "")
            }
        }
    }

    @Test func whatNobodyTookIsClosedWithTheConnection() async throws {
        try await withServer { server, _, path in
            try await onThread {
                let pipe = try Pipe()
                do {
                    let client = try TestClient(path)
                    pipe.pass(client, #"{"execute":"query-name"}"#)
                    #expect(try client.reply() == #"{"name": "fake"}"#)
                }
                #expect(try pipe.read() == "")
            }
        }
    }

    @Test func namesStayWithTheSocketAndAreNotThoseOfAnotherOne() async throws {
        try await withServer { server, _, path in
            let second = path + "2"
            defer { unlink(second) }
            try server.listen(on: .unix(path: second))
            try await onThread {
                let pipe = try Pipe()
                do {
                    let client = try TestClient(path)
                    pipe.pass(client, Self.request("getfd", "a"))
                    #expect(try client.reply() == "{}")
                }
                let other = try TestClient(second)
                #expect(try other.ask(Self.request("closefd", "a")) == "File descriptor named 'a' not found")
                let next = try TestClient(path)
                #expect(try next.ask(Self.request("closefd", "a")) == "{}")
                #expect(try pipe.read() == "")
            }
        }
    }

    @Test func thereIsALimitOfNames() async throws {
        var limits = ManagementLimits()
        limits.namedDescriptors = 2
        try await withServer(limits: limits) { _, _, path in
            try await onThread {
                let client = try TestClient(path)
                var replies: [String] = []
                for name in ["a", "b", "c", "a"] {
                    let pipe = try Pipe()
                    pipe.pass(client, Self.request("getfd", name))
                    replies.append(try client.reply())
                }
                #expect(replies == ["{}", "{}", "There are 2 named file descriptors already", "{}"])
            }
        }
    }
}
