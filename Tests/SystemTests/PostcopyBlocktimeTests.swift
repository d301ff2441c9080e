import Environment
import PairLab
import QMP
import SystemCalls
import Testing

extension SystemTests {
    /// A guest with two vCPUs, each of which writes to a memory of its own all the time, that moves before its memory.
    @Suite("How long vCPUs wait for their memory", needsColod())
    struct PostcopyBlocktimeTests {
        /// Both vCPUs write to one page after the other, in 32 MiB of their own, over and over.
        private static let program: [UInt32] = [
            0x0010_0513,  //        li    a0, 1
            0x0000_0597,  //        auipc a1, 0
            0x0305_8593,  //        addi  a1, a1, second - 4
            0x0000_0813,  //        li    a6, 0
            0x0048_58b7,  //        lui   a7, 0x485          hart state management
            0x34d8_8893,  //        addi  a7, a7, 0x34d
            0x0000_0073,  //        ecall                    start hart 1
            0x4040_0413,  //        li    s0, 0x404
            0x0154_1413,  //        slli  s0, s0, 21
            0x0000_2937,  // write: lui   s2, 2
            0xfff9_0913,  //        addi  s2, s2, -1
            0x0000_0493,  //        li    s1, 0
            0x00c0_006f,  //        j     loop
            0x4140_0413,  // second: li  s0, 0x414
            0xfe9f_f06f,  //        j     write - 4          the shift of s0
            0x0124_f2b3,  // loop:  and   t0, s1, s2
            0x00c2_9293,  //        slli  t0, t0, 12
            0x0082_82b3,  //        add   t0, t0, s0
            0x0092_b423,  //        sd    s1, 8(t0)
            0x0014_8493,  //        addi  s1, s1, 1
            0xfedf_f06f,  //        j     loop
        ]

        /// A kernel image (Linux, Documentation/riscv/boot-image-header) whose first instruction jumps over its header.
        private static func image() -> [UInt8] {
            func little(_ value: some FixedWidthInteger) -> [UInt8] {
                (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            }
            var bytes = little(0x0400_006f as UInt32) + little(0 as UInt32)
            bytes += little(0x20_0000 as UInt64) + little(0x1_0000 as UInt64) + little(0 as UInt64)
            bytes += little(2 as UInt32) + [UInt8](repeating: 0, count: 12)
            bytes += Array("RISCV".utf8) + [0, 0, 0] + little(0x0543_5352 as UInt32) + little(0 as UInt32)
            return bytes + program.flatMap { little($0) }
        }

        private let folder: TemporaryFolder
        private let host: LabHost

        init() throws {
            folder = try TemporaryFolder(prefix: "colod-blocktime")
            host = try LabHost(sharingMachineNetworkAs: "blocktime")
            try folder.write(Self.image(), to: "image")
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
