import Environment
import PairLab
import QMP
import SystemCalls
import Testing

extension SystemTests {
    /// A guest with two vCPUs, each of which writes to a memory of its own all the time, that moves before its memory.
    @Suite("How long vCPUs wait for their memory", needsColod())
    struct PostcopyBlocktimeTests {
        private let folder: TemporaryFolder
        private let host: LabHost

        init() throws {
            folder = try TemporaryFolder(prefix: "colod-blocktime")
            host = try LabHost(sharingMachineNetworkAs: "blocktime")
            try folder.write(KernelImage.bytes(of: KernelImage.twoWriters), to: "image")
        }

        private func start(_ name: String, _ arguments: [String] = []) throws -> (ManagedProcess, QMPClient) {
            let process = try host.start(
                [
                    ProtectedPair.builtProgram("colod"), "--machine", "riscv64", "--memory", "80M", "--vcpus", "2",
                    "--kernel", folder.path("image"), "--qmp", "unix:\(folder.path("\(name).qmp"))",
                ] + arguments, log: folder.path("\(name).log"))
            return (process, try QMPClient(path: folder.path("\(name).qmp"), within: .seconds(20)))
        }

        private static func awaitState(_ monitor: QMPClient, _ wanted: String) throws {
            _ = try monitor.waitForEvent("MIGRATION", within: .seconds(60)) { event in
                let status = event["data"]?["status"]?.string
                guard status != "failed" else { throw LabError("the migration failed") }
                return status == wanted
            }
        }

        @Test("the destination tells how long each of two vCPUs waited, and how long both at once")
        func eachVCPU() throws {
            let (source, sender) = try start("source")
            defer { source.killAndWait() }
            let (destination, receiver) = try start("destination", ["--incoming", "defer"])
            defer { destination.killAndWait() }
            for monitor in [sender, receiver] {
                let capabilities = ["events", "postcopy-ram", "postcopy-blocktime"].map {
                    ["capability": .string($0), "state": true] as JSONValue
                }
                try monitor.execute("migrate-set-capabilities", ["capabilities": .array(capabilities)])
            }
            // Little has come when the guest moves, and what it lacks takes some two seconds.
            try sender.execute(
                "migrate-set-parameters",
                ["max-bandwidth": 8_388_608, "max-postcopy-bandwidth": 33_554_432, "downtime-limit": 1])
            let uri = JSONValue.string("unix:\(folder.path("stream"))")
            try receiver.execute("migrate-incoming", ["uri": uri])
            try sender.execute("migrate", ["uri": uri])
            // Everything was written once by then.
            _ = try sender.waitForEvent("MIGRATION", within: .seconds(20)) { $0["data"]?["status"] == "active" }
            let begin = SystemClock().now()
            try sender.execute("migrate-start-postcopy")
            try Self.awaitState(receiver, "postcopy-active")
            for member in ["postcopy-blocktime", "postcopy-vcpu-blocktime"] {
                #expect(try receiver.execute("query-migrate")[member] == nil, "it is not over")
            }
            try Self.awaitState(receiver, "completed")
            let status = try receiver.execute("query-migrate")
            // Each figure is cut to whole milliseconds.
            let elapsed = Int((SystemClock().now() - begin).count / 1_000_000) + 1
            let together = try #require(status["postcopy-blocktime"]?.integer, "\(status.text())")
            let each = try #require(status["postcopy-vcpu-blocktime"]?.array).compactMap(\.integer)
            try #require(each.count == 2, "\(status.text())")
            for time in each { #expect((1...Int64(elapsed)).contains(Int64(time)), "\(status.text()) of \(elapsed)") }
            let least = Int(each[0]) + Int(each[1]) - elapsed - 2
            #expect(Int(together) >= least && together <= each.min() ?? 0, "\(status.text()) of \(elapsed)")
            #expect(try sender.execute("query-migrate")["postcopy-blocktime"] == nil)
            let info = try receiver.execute("human-monitor-command", ["command-line": "info migrate"]).string
            #expect(info?.contains("postcopy vcpu blocktime: \(each[0]),\(each[1])") == true, "\(info ?? "")")
        }
    }
}
