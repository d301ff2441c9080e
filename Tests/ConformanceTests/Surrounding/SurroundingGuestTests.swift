import Glibc
import PairLab
import QMP
import SystemCalls
import Testing

extension ConformanceTests {
    /// What the commands around migration tell and do of a riscv64 guest with a disk.
    @Suite("Surrounding commands of a riscv64 guest", needsColod())
    struct SurroundingGuestTests {
        private let folder: TemporaryFolder
        private let server: Server
        private let monitor: Monitor

        init() throws {
            folder = try TemporaryFolder(prefix: "colod-surrounding")
            try folder.write([UInt8](repeating: 0, count: 1 << 20), to: "disk.raw")
            var options = StartOptions(name: "guest")
            options.kernel = try GuestProgram.dirtying.path.get()
            options.disks = [folder.path("disk.raw")]
            server = try Server(.colod, options)
            monitor = try server.connect(outOfBand: true)
        }

        private func ask(_ command: String, _ arguments: JSONObject = [:]) throws -> JSONValue {
            try monitor.ask(Call.text(command, arguments))
        }

        private func takeEvents() -> [String] {
            defer { monitor.events = [] }
            return monitor.events.map { event in
                let status = event["data"]?["status"]?.string.map { " \($0)" } ?? ""
                return (event["event"]?.string ?? "") + status
            }
        }

        @Test("vCPUs are threads that the host knows")
        func threads() throws {
            let processors = try #require(try ask("query-cpus-fast")["return"]?.array)
            #expect(processors.count == 1)
            let number = try #require(processors.first?["thread-id"]?.integer)
            #expect(access("/proc/\(server.process.identifier)/task/\(number)", F_OK) == 0)
            #expect(try ask("query-target")["return"] == ["arch": "riscv64"])
            let path = try #require(processors.first?["qom-path"])
            #expect(try ask("qom-get", ["path": path, "property": "type"])["return"] == "rv64-riscv-cpu")
        }

        @Test("disks show their file, size and figures")
        func disks() throws {
            let node = try #require(try ask("query-named-block-nodes")["return"]?.array?.first)
            #expect(node["node-name"] == "disk0")
            #expect(node["file"]?.string == folder.path("disk.raw"))
            #expect(node["image"]?["virtual-size"] == 1_048_576)
            let device = try #require(try ask("query-block")["return"]?.array?.first)
            #expect(device["inserted"] == node)
            let stats = try #require(try ask("query-blockstats")["return"]?.array?.first)
            #expect(stats["qdev"] == device["qdev"])
            #expect(stats["stats"]?["rd_operations"] == 0)
            let path = try #require(device["qdev"])
            #expect(try ask("qom-get", ["path": path, "property": "type"])["return"] == "virtio-blk-device")
        }

        @Test("a snapshot is a job that fails, and the guest runs on")
        func snapshots() throws {
            let text = "Device 'disk0' is writable but does not support snapshots"
            for command in ["snapshot-save", "snapshot-load"] {
                let arguments: JSONObject = [
                    "job-id": .string(command), "tag": "t", "vmstate": "disk0", "devices": ["disk0"],
                ]
                #expect(try ask(command, arguments)["return"] == [:])
                #expect(takeEvents() == ["JOB_STATUS_CHANGE created", "JOB_STATUS_CHANGE running"])
                #expect(try ask("query-jobs")["return"]?.array?.first?["error"]?.string == text)
                #expect(takeEvents() == ["JOB_STATUS_CHANGE aborting", "JOB_STATUS_CHANGE concluded"])
            }
            #expect(try ask("query-status")["return"]?["status"] == "running")
            #expect(try ask("quit")["return"] == [:])
            #expect(takeEvents() == ["SHUTDOWN", "JOB_STATUS_CHANGE null", "JOB_STATUS_CHANGE null"])
        }

        @Test("a reset boots the guest anew, running or not")
        func reset() throws {
            #expect(try ask("system_reset")["return"] == [:])
            #expect(takeEvents() == ["RESET"])
            #expect(try ask("query-status")["return"]?["status"] == "running")
            _ = try ask("stop")
            _ = try ask("system_reset")
            #expect(try ask("query-status")["return"]?["status"] == "prelaunch")
            _ = try ask("cont")
            #expect(takeEvents() == ["STOP", "RESET", "RESUME"])
        }

        @Test("a yanked migration fails and the guest runs on")
        func yank() throws {
            // Whoever listens and never accepts looks like a peer that is slow to begin.
            let listener = try UnixSocket.bind(folder.path("peer"))
            try #require(listen(listener.number, 1) == 0)
            _ = try ask("migrate-set-parameters", ["max-bandwidth": 1000])
            _ = try ask("migrate", ["uri": .string("unix:\(folder.path("peer"))")])
            let migration: JSONValue = ["type": "migration"]
            #expect(try ask("query-yank")["return"]?.array?.contains(migration) == true)
            let wrong: JSONValue = [migration, ["type": "chardev", "id": "nope"]]
            #expect(try ask("yank", ["instances": wrong])["error"]?["class"] == "DeviceNotFound")
            #expect(try ask("query-yank")["return"]?.array?.contains(migration) == true)
            // A connection that is not yet made cannot be cut.
            while try ask("query-migrate")["return"]?["status"] == "setup" { usleep(1000) }
            _ = try monitor.ask(#"{"exec-oob":"yank","arguments":{"instances":[{"type":"migration"}]}}"#)
            while try ask("query-yank")["return"]?.array?.contains(migration) == true { usleep(1000) }
            let info = try ask("query-migrate")["return"]
            #expect(info?["status"] == "failed")
            #expect(info?["error-desc"] == "Unable to write to socket: Broken pipe")
            #expect(try ask("query-status")["return"]?["status"] == "running")
        }

        @Test("a yanked monitor is closed and serves again")
        func yankedMonitor() throws {
            #expect(
                try ask("query-yank")["return"] == [["type": "chardev", "id": "compat_monitor0"]])
            try monitor.connection.send(
                #"{"execute":"yank","arguments":{"instances":[{"type":"chardev","id":"compat_monitor0"}]}}"# + "\n")
            while try monitor.next() != nil {}
            #expect(try server.connect().ask(Call.text("query-status"))["return"]?["running"] == true)
        }
    }
}
