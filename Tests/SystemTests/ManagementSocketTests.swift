import Glibc
import PairLab
import QMP
import SystemCalls
import Testing

extension SystemTests {
    /// The management sockets of colod as a process: those that systemd holds, several, and descriptors over them.
    @Suite("management sockets", needsColod())
    struct ManagementSocketTests {
        private static let activate = "/usr/bin/systemd-socket-activate"

        private func start(_ arguments: [String], in folder: TemporaryFolder, with tool: [String] = []) throws
            -> ManagedProcess
        {
            try LabHost(sharingMachineNetworkAs: "management").start(
                tool + [ProtectedPair.builtProgram("colod"), "--machine", "none", "--memory", "16M"] + arguments,
                log: folder.path("log-\(arguments.count)"))
        }

        @Test(
            "a socket that systemd holds is served, and is there before colod is",
            .enabled(if: access(activate, X_OK) == 0, "systemd-socket-activate is not installed"))
        func socketActivation() throws {
            let folder = try TemporaryFolder()
            let path = folder.path("qmp")
            let colod = try start(["--qmp", "unix:\(path)"], in: folder, with: [Self.activate, "-l", path])
            let client = try QMPClient(path: path)
            #expect(try client.execute("query-status")["status"] == "running")
            try client.execute("quit")
            #expect(colod.waitForExit(within: .seconds(10)) == .exited(0), "\(colod.output)")
            #expect(access(path, F_OK) == 0)
        }

        @Test("every socket has its own negotiation and layout, and each negotiated one gets the events")
        func severalSockets() throws {
            let folder = try TemporaryFolder()
            let (plain, pretty) = (folder.path("plain"), folder.path("pretty"))
            let colod = try start(
                ["--qmp", "unix:\(plain),server=on,wait=off", "--qmp", "unix:\(pretty),pretty=on"], in: folder)
            defer { colod.killAndWait() }
            let client = try QMPClient(path: plain)
            let other = try MonitorConnection(path: pretty)
            #expect(try other.nextLine() == Array("{".utf8))
            let watcher = try QMPClient(path: pretty)
            try client.execute("stop")
            _ = try client.waitForEvent("STOP", within: .seconds(10))
            _ = try watcher.waitForEvent("STOP", within: .seconds(10))
            #expect(throws: QMPError.self) { try client.execute("qmp_capabilities") }
        }

        @Test("a migration over descriptors that clients passed")
        func passedDescriptors() throws {
            let folder = try TemporaryFolder()
            let (from, to) = (folder.path("from"), folder.path("to"))
            let source = try start(["--qmp", "unix:\(from)"], in: folder)
            let destination = try start(["--qmp", "unix:\(to)", "--incoming", "defer"], in: folder)
            defer {
                source.killAndWait()
                destination.killAndWait()
            }
            let (sender, receiver) = (try QMPClient(path: from), try QMPClient(path: to))
            var ends: [Int32] = [-1, -1]
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            try Self.pass(ends[1], as: "in", to: to)
            try receiver.execute("migrate-incoming", ["uri": "fd:in"])
            try Self.pass(ends[0], as: "out", to: from)
            try sender.execute(
                "migrate-set-capabilities", ["capabilities": [["capability": "events", "state": true]]])
            try sender.execute("migrate", ["uri": "fd:out"])
            _ = try sender.waitForEvent("MIGRATION", within: .seconds(20)) {
                if $0["data"]?["status"] == "failed" { throw LabError("the migration failed") }
                return $0["data"]?["status"] == "completed"
            }
            _ = try receiver.waitForEvent("RESUME", within: .seconds(20))
            #expect(throws: QMPError.self) { try sender.execute("closefd", ["fdname": "out"]) }
        }

        @Test("a descriptor that the process was started with is known by its number, and its own are not")
        func inheritedDescriptors() throws {
            let folder = try TemporaryFolder()
            let (from, to, stream) = (folder.path("from"), folder.path("to"), folder.path("stream"))
            let source = try start(["--qmp", "unix:\(from)"], in: folder)
            defer { source.killAndWait() }
            let sender = try QMPClient(path: from)
            try sender.execute(
                "migrate-set-capabilities", ["capabilities": [["capability": "events", "state": true]]])
            try sender.execute("migrate", ["uri": .string("exec:cat > \(stream)")])
            _ = try sender.waitForEvent("MIGRATION", within: .seconds(20)) {
                $0["data"]?["status"] == "completed"
            }
            // What these tests run under may leave descriptors of its own open.
            let others = ((3...10).map { "\($0)" } + ["12"]).map { "\($0)>&-" }.joined(separator: " ")
            let destination = try start(
                ["--qmp", "unix:\(to)", "--incoming", "defer"], in: folder,
                with: ["bash", "-c", "exec \"$@\" \(others) 11< \(stream)", "bash"])
            defer { destination.killAndWait() }
            let receiver = try QMPClient(path: to)
            // Beyond 2, all but 11 are of the destination itself, or not open.
            for number in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "12", "011x", "-1", "4294967307"] {
                #expect(throws: QMPError.self, "fd:\(number)") {
                    try receiver.execute("migrate-incoming", ["uri": .string("fd:\(number)")])
                }
            }
            try receiver.execute("migrate-incoming", ["uri": "fd:11"])
            _ = try receiver.waitForEvent("RESUME", within: .seconds(20))
        }

        /// Passes a descriptor over a connection of its own and closes it here.
        private static func pass(_ descriptor: Int32, as name: String, to path: String) throws {
            let socket = try UnixSocket.connect(path)
            try socket.setNonBlocking(false)
            let bytes = ClientSession.negotiation() + Reply.encode(Request("getfd", ["fdname": .string(name)]).json)
            // SAFETY: the bytes live for the call.
            let sent = bytes.withUnsafeBytes { StreamMessage.send(socket.number, $0, descriptors: [descriptor]) }
            try #require(sent == bytes.count)
            close(descriptor)
            var session = ClientSession()
            var answers = 0
            while answers < 2 {
                var poller = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
                try #require(poll(&poller, 1, 10_000) == 1)
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = read(socket.number, &buffer, buffer.count)
                try #require(count > 0)
                for message in try session.receive(Array(buffer.prefix(count))) {
                    if case .success = message { answers += 1 }
                    if case .failure(let error, _) = message { throw error }
                }
            }
        }
    }
}
