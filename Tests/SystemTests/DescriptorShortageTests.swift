import Environment
import Foundation
import PairLab
import QMP
import SystemCalls
import Testing

extension SystemTests {
    /// A colod whose descriptors are used up: it waits for better times without noise and without using a core.
    @Suite("running out of descriptors", needsColod())
    struct DescriptorShortageTests {
        private static let limit = 32

        /// Starts a colod that may have `limit` descriptors.
        private func start(_ arguments: [String], in folder: TemporaryFolder) throws -> ManagedProcess {
            try LabHost(sharingMachineNetworkAs: "shortage").start(
                [
                    "/bin/sh", "-c", "ulimit -n \(Self.limit); exec \"$0\" \"$@\"",
                    ProtectedPair.builtProgram("colod"), "--machine", "none", "--memory", "16M",
                ] + arguments, log: folder.path("log"))
        }

        /// Connects clients until one is not greeted any more: the last of those returned.
        private func exhaust(_ path: String) throws -> [MonitorConnection] {
            var clients: [MonitorConnection] = []
            while clients.count <= Self.limit {
                clients.append(try MonitorConnection(path: path))
                do { _ = try clients.last?.nextLine(within: .seconds(1)) } catch { return clients }
            }
            throw LabError("\(clients.count) clients were greeted")
        }

        /// The processor time that a process has used so far, in clock ticks.
        private func ticks(of process: ManagedProcess) throws -> Int {
            let text = try String(contentsOfFile: "/proc/\(process.identifier)/stat", encoding: .utf8)
            let fields = (text.split(separator: ")").last ?? "").split(separator: " ")
            return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
        }

        @Test("it is told once, costs nothing, and ends as soon as a descriptor is free")
        func managementSocket() throws {
            let folder = try TemporaryFolder()
            let path = folder.path("qmp")
            let colod = try start(["--qmp", "unix:\(path)"], in: folder)
            defer { colod.killAndWait() }
            var clients = try exhaust(path)
            let waiting = clients.removeLast()
            let before = try ticks(of: colod)
            // Time has to pass here: what is looked for are things that happen again and again.
            pause(.seconds(2))
            #expect(try ticks(of: colod) - before < 20)
            #expect(colod.output.ranges(of: "no connection can be accepted").count == 1, "\(colod.output)")
            clients.removeLast()
            let greeting = try #require(try waiting.nextLine(within: .seconds(2)))
            #expect(String(decoding: greeting, as: UTF8.self).hasPrefix(#"{"QMP""#))
            #expect(colod.output.ranges(of: "connections are accepted again").count == 1, "\(colod.output)")
            withExtendedLifetime(clients) {}
        }

        @Test("a migration that comes meanwhile waits, and arrives")
        func migrationListener() throws {
            let folder = try TemporaryFolder()
            let other = try TemporaryFolder()
            let (from, to) = (other.path("qmp"), folder.path("qmp"))
            let port = try freeLoopbackPorts(1)[0]
            let address = JSONValue.string("tcp:127.0.0.1:\(port)")
            let source = try start(["--qmp", "unix:\(from)"], in: other)
            let destination = try start(
                ["--qmp", "unix:\(to)", "--incoming", "tcp:127.0.0.1:\(port)"], in: folder)
            defer {
                source.killAndWait()
                destination.killAndWait()
            }
            let watcher = try QMPClient(path: to)
            var clients = try exhaust(to)
            let sender = try QMPClient(path: from)
            try sender.execute("migrate", ["uri": address])
            let before = try ticks(of: destination)
            pause(.seconds(1))
            #expect(try ticks(of: destination) - before < 20)
            let status = try watcher.execute("query-status")
            #expect(status["status"] == "inmigrate", "\(status), \(destination.output)")
            withExtendedLifetime(clients) {}
            clients.removeAll()
            _ = try watcher.waitForEvent("RESUME", within: .seconds(20))
        }
    }
}
