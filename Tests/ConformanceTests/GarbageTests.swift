import Environment
import Glibc
import PairLab
import QMP
import Testing

extension ConformanceTests {
    /// Clients that send garbage, or too much, or never read: no crash, bounded memory, and everybody else is served.
    ///
    /// COLOD_TEST_SEED makes other runs.
    @Suite("Hostile clients", needsColod(), .serialized)
    struct GarbageTests {
        /// How much memory the process may gain in all by what clients do.
        private static let growthLimit = 96 << 20
        private let seed = UInt64(setting("COLOD_TEST_SEED", default: 11))

        /// A server, a second client that asks on, and the memory at the start.
        private final class Bystander {
            let server: Server
            private let monitor: Monitor
            private let memoryAtStart: Int

            init(riscv: Bool = false) throws {
                var options = StartOptions(megabytes: 32)
                if riscv { options.kernel = try GuestProgram.dirtying.path.get() }
                server = try Server(.colod, options)
                monitor = try server.connect()
                _ = try monitor.ask(Call.text("query-status"))
                memoryAtStart = try Self.memory(of: server)
            }

            /// The second client gets its answer.
            func isServed() throws -> Bool {
                try monitor.ask(Call.text("query-status"), within: .seconds(10))["return"]?["running"]?.boolean != nil
            }

            /// Bytes of memory that the process has gained.
            func growth() throws -> Int { try Self.memory(of: server) - memoryAtStart }

            private static func memory(of server: Server) throws -> Int {
                let line = try readText("/proc/\(server.process.identifier)/status").split(separator: "\n").first {
                    $0.hasPrefix("VmRSS:")
                }
                guard let words = line?.split(separator: " "), words.count > 1, let kilobytes = Int(words[1]) else {
                    throw LabError("no VmRSS: the process is gone: \(server.process.output)")
                }
                return kilobytes << 10
            }
        }

        @Test("random and mutated bytes", arguments: [false, true])
        func noise(riscv: Bool) throws {
            let bystander = try Bystander(riscv: riscv)
            var random = SeededGenerator(seed: seed)
            var mutator = JSONMutator(seed: seed)
            for round in 0..<1000 {
                let connection = try MonitorConnection(path: bystander.server.monitorPath)
                let negotiates = Bool.random(using: &random)
                // One that comes while those before are not yet seen to be gone may be one too many, and is closed at once.
                if negotiates { try? connection.send(Call.negotiate(outOfBand: true)) }
                for _ in 0..<Int.random(in: 1...20, using: &random) {
                    let bytes =
                        Int.random(in: 0..<3, using: &random) == 0
                        ? (0..<Int.random(in: 1...3000, using: &random)).map { _ in
                            UInt8.random(in: 0...255, using: &random)
                        } : mutator.text()
                    // The server may have closed a connection that abused it.
                    do { try connection.send(bytes) } catch { break }
                }
                if round % 3 == 0 { connection.endSending() }
                if round % 10 == 0 { #expect(try bystander.isServed()) }
            }
            #expect(try bystander.isServed())
            #expect(try bystander.growth() < Self.growthLimit)
        }

        @Test("calls with wrong arguments for every command")
        func wrongArguments() throws {
            let bystander = try Bystander()
            let monitor = try bystander.server.connect(outOfBand: true)
            let schema = try monitor.ask(Call.text("query-qmp-schema"))["return"] ?? .null
            let model = try SchemaModel(schema)
            var arguments = ArgumentGenerator(model, seed: seed)
            for command in model.arguments.keys.sorted() {
                for _ in 0..<6 {
                    let text = arguments.arguments(model.arguments[command] ?? "", faulty: true)
                    let reply = try monitor.ask("{\"execute\": \"\(command)\", \"arguments\": \(text)}")
                    #expect(reply["error"] != nil, "\(command) \(text) was answered with \(reply.text())")
                }
            }
            #expect(try bystander.isServed())
            #expect(try bystander.growth() < Self.growthLimit)
        }

        @Test("a client that never reads costs bounded memory")
        func neverReading() throws {
            let bystander = try Bystander()
            let connection = try MonitorConnection(path: bystander.server.monitorPath)
            try connection.send(Call.negotiate(outOfBand: true) + "\n")
            let calls = String(repeating: Call.text("query-migrate-parameters") + "\n", count: 500)
            // Sending comes to a stand when the server stops reading, as it should.
            for _ in 0..<40 where (try? connection.send(calls, within: .milliseconds(200))) == nil { break }
            for _ in 0..<50 {
                #expect(try bystander.isServed())
                try stopAndGoOn(bystander.server)
            }
            #expect(try bystander.growth() < Self.growthLimit)
        }

        private func stopAndGoOn(_ server: Server) throws {
            let monitor = try server.connect()
            for command in ["stop", "cont"] { #expect(try monitor.ask(Call.text(command))["return"] != nil) }
        }

        @Test("thousands of calls at once are all answered, in their order")
        func pipelined() throws {
            let bystander = try Bystander()
            for outOfBand in [false, true] {
                let monitor = try bystander.server.connect(outOfBand: outOfBand)
                for start in stride(from: 0, to: 5000, by: 250) {
                    let calls = (start..<(start + 250)).map { #"{"execute":"query-name","id":\#($0)}"# }
                    try monitor.connection.send(calls.joined())
                    for number in start..<(start + 250) {
                        #expect(try monitor.reply()["id"]?.integer == Int64(number))
                    }
                }
            }
            #expect(try bystander.isServed())
        }

        @Test("a huge identifier comes back whole; a string beyond the limit is refused and the next call is served")
        func huge() throws {
            let bystander = try Bystander()
            let monitor = try bystander.server.connect()
            let identifier = String(repeating: "i", count: 1 << 20)
            let reply = try monitor.ask("{\"execute\": \"query-name\", \"id\": \"\(identifier)\"}")
            #expect(reply["id"]?.string == identifier)

            let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
            try monitor.connection.send("{\"execute\": \"query-name\", \"id\": \"")
            for _ in 0..<65 { try monitor.connection.send(chunk) }
            #expect(
                try monitor.reply() == [
                    "error": ["class": "GenericError", "desc": "JSON token size limit exceeded"]
                ])
            #expect(try bystander.isServed())
            try monitor.connection.send("\"}\n}}}}\n\(Call.text("query-name", [:]))\n")
            while try monitor.reply()["return"] == nil {}
            #expect(try bystander.isServed())
        }

        @Test("a client that stops sending still gets its answers, and one that vanishes disturbs nobody")
        func halfClosed() throws {
            let bystander = try Bystander()
            for _ in 0..<50 {
                let monitor = try bystander.server.connect()
                try monitor.connection.send(Call.text("query-status") + Call.text("query-name"))
                monitor.connection.endSending()
                #expect(try monitor.reply()["return"] != nil)
                let leaver = try bystander.server.connectSilently()
                try leaver.connection.send("{\"execute\": \"query-")
            }
            #expect(try bystander.isServed())
        }

        @Test("depth and bracket floods are refused once each and the next call is served")
        func nesting() throws {
            let bystander = try Bystander()
            let monitor = try bystander.server.connect()
            try monitor.connection.send(String(repeating: "[", count: 200_000))
            try monitor.connection.send(String(repeating: "{\"a\":", count: 50_000))
            try monitor.connection.send(String(repeating: "}", count: 3000) + "\n")
            try monitor.connection.send("{\"execute\": \"query-name\", \"id\": \"after\"}\n")
            while try monitor.reply()["id"] != "after" {}
            #expect(try bystander.isServed())
            #expect(try bystander.growth() < Self.growthLimit)
        }
    }
}
