import Environment
import Glibc
@testable import PairLab
import SystemCalls
import Testing

extension SystemTests {
    /// The laboratory itself: what it reports about a pair is worth as much as it is right.
    @Suite("Laboratory")
    struct LaboratoryTests {
        @Test("a process that is killed is seen to have been killed", needsHosts())
        func killedProcess() throws {
            let folder = try TemporaryFolder()
            let host = try LabHost(name: "x")
            let process = try host.start(["sleep", "600"], log: folder.path("log"))
            #expect(process.status == nil)
            process.killAndWait()
            #expect(process.status == .killed(SIGKILL))
        }

        @Test("what a process writes and how it ends is kept", needsHosts())
        func exitStatus() throws {
            let folder = try TemporaryFolder()
            let process = try LabHost(name: "x").start(
                ["sh", "-c", "echo $WORD; exit 7"], log: folder.path("log"), environment: ["WORD": "hello"])
            #expect(process.waitForExit(within: .seconds(10)) == .exited(7))
            #expect(process.output == "hello\n")
        }

        @Test("a process ends with its owner, and with the thread that started it", needsHosts())
        func processesEndWithOwner() throws {
            let folder = try TemporaryFolder()
            var process: ManagedProcess? = try LabHost(name: "x").start(
                ["sh", "-c", "echo up; exec sleep 600"], log: folder.path("log"))
            let identifier = try #require(process?.identifier)
            while process?.output.isEmpty == true { pause(.milliseconds(1)) }
            process = nil
            let deadline = SystemClock().now() + .seconds(10)
            while kill(identifier, 0) == 0, SystemClock().now() < deadline { pause(.milliseconds(1)) }
            #expect(kill(identifier, 0) != 0)
        }

        @Test("a cut cable carries nothing, and everything again once restored", needsHosts())
        func cutCable() throws {
            let network = try PairNetwork()
            let address = PairNetwork.address(of: .b, on: .replication)
            let server = try EchoServer(on: network.b, address: address)
            #expect(try server.answers(from: network.a))
            try network.cut(.replication, of: .b)
            #expect(try !server.answers(from: network.a))
            try network.restore(.replication, of: .b)
            #expect(try server.answers(from: network.a))
        }

        @Test("a folder goes with its owner")
        func temporaryFolder() throws {
            var folder: TemporaryFolder? = try TemporaryFolder()
            try folder?.write("text", to: "file")
            let path = try #require(folder?.path("file"))
            #expect(try readText(path) == "text")
            folder = nil
            #expect(access(path, F_OK) != 0)
        }

        @Test("the first answer is the end of the silence that the failure began, not what was on its way")
        func firstAnswer() {
            func write(_ milliseconds: UInt64) -> AcknowledgedWrite {
                AcknowledgedWrite(key: "", value: "", time: .milliseconds(milliseconds))
            }
            var connection = ConnectionReport()
            connection.acknowledged = [10, 60, 110, 101, 330, 390, 700].map(write)
            let report = LoadReport(connections: [connection])
            #expect(report.firstAnswer(after: .milliseconds(100)) == .milliseconds(230))
            #expect(report.firstAnswer(after: .milliseconds(700)) == nil)
        }

        @Test("median, 99th percentile and maximum")
        func spread() {
            let spread = Spread((1...200).map(Double.init).shuffled())
            #expect(spread == Spread(median: 100, p99: 198, max: 200))
            #expect(Spread([]) == Spread(median: 0, p99: 0, max: 0))
            #expect(Spread([5]) == Spread(median: 5, p99: 5, max: 5))
        }
    }
}

/// A server that lets the kernel accept connections and does nothing else.
private final class EchoServer: Sendable {
    private let descriptor: Int32
    private let address: String
    private static let port: UInt16 = 7999

    init(on host: LabHost, address: String) throws {
        self.address = address
        descriptor = try host.perform {
            let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = Self.port.bigEndian
            let bound = withUnsafePointer(to: name) { pointer in
                // SAFETY: every socket address starts with the generic one; the length is the real one.
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard bound == 0, listen(number, 16) == 0 else { throw LabError("no listening socket") }
            return number
        }
    }

    deinit { close(descriptor) }

    func answers(from host: LabHost) throws -> Bool {
        (try? RedisClient(address, port: Self.port, from: host, within: .milliseconds(300))) != nil
    }
}
