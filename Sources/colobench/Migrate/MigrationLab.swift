import ArgumentParser
import Environment
import Glibc
import PairLab
import QMP
import SystemCalls

/// What the pages of the source hold.
enum PageFilling: String, ExpressibleByArgument, CaseIterable {
    case random, zero
    /// Every other page is zero.
    case half
    /// Words of a small vocabulary: what compresses well.
    case text
}

/// Two files of RAM, kept from run to run, and the processes that migrate from one to the other.
final class MigrationLab {
    private let folder: TemporaryFolder
    private let colod: String
    private let megabytes: Int
    private let host: LabHost
    private let source: RAMFile
    private let destination: RAMFile
    /// How many processes there were; each has files of its own.
    private var started = 0
    private static let patience: Duration = .seconds(120)

    init(folder: TemporaryFolder, memory: RAMFolder, colod: String, megabytes: Int, filling: PageFilling) throws {
        self.folder = folder
        self.colod = colod
        self.megabytes = megabytes
        host = try LabHost(sharingMachineNetworkAs: "bench")
        source = try RAMFile(in: memory.path, name: "source", megabytes: megabytes)
        destination = try RAMFile(in: memory.path, name: "destination", megabytes: megabytes)
        source.fill(filling)
        destination.fill(.random)
    }

    /// One migration by a fresh pair of processes.
    func migrate(
        _ pair: ProgramPair, memory: MigrationMemory, over way: MigrationTransport, pages: PageTravel
    ) throws -> MigrationFigures {
        let target = try end(pair.destination, "destination", memory == .hot ? destination : nil, incoming: true)
        let origin = try end(pair.source, "source", source, incoming: false)
        defer { for end in [origin, target] { end.process.killAndWait() } }
        for (end, role) in [(origin, "client"), (target, "server")] {
            try end.set(pages)
            if pages.isEnciphered { try end.encipher(as: role, keys: keys()) }
        }
        let listening = way == .tcp ? "tcp:127.0.0.1:0" : "unix:\(folder.path("migration\(started)"))"
        try target.client.execute("migrate-incoming", ["uri": .string(listening)], within: Self.patience)
        var uri = listening
        if way == .tcp {
            let addresses = try target.client.execute("query-migrate")["socket-address"]?.array
            guard let port = addresses?.first?["port"]?.string else { throw LabError("no port is listened on") }
            uri = "tcp:127.0.0.1:\(port)"
        }
        let clock = SystemClock()
        let used = try origin.cpuSeconds() + target.cpuSeconds()
        let start = clock.now()
        try origin.client.execute("migrate", ["uri": .string(uri)])
        for end in [target, origin] {
            _ = try end.client.waitForEvent("MIGRATION", within: Self.patience) { event in
                if event["data"]?["status"] == "failed" {
                    throw LabError("the migration failed: \(end.process.output)")
                }
                return event["data"]?["status"] == "completed"
            }
        }
        let seconds = (clock.now() - start).inMilliseconds / 1000
        let gib = Double(megabytes) / 1024
        let cpu = try origin.cpuSeconds() + target.cpuSeconds() - used
        let downtime = try origin.client.execute("query-migrate")["downtime"]?.integer ?? 0
        return MigrationFigures(
            gibPerSecond: gib / seconds, cpuPerGiB: cpu / gib, downtimeMilliseconds: Double(downtime))
    }

    /// A folder with a key that both ends have.
    private func keys() throws -> String {
        try folder.write("qemu:\(String(repeating: "6b", count: 32))\n", to: "keys.psk")
        return folder.path(".")
    }

    private struct End {
        let process: ManagedProcess
        let client: QMPClient

        /// Has pages travel like that.
        func set(_ pages: PageTravel) throws {
            guard let capability = pages.capability else { return }
            try client.execute(
                "migrate-set-capabilities", ["capabilities": [["capability": .string(capability), "state": true]]])
            try client.execute(
                "migrate-set-parameters",
                [
                    "multifd-channels": JSONValue(pages.channels),
                    "multifd-compression": .string(pages.compression),
                ])
        }

        /// Has the channels enciphered with the key in that folder.
        func encipher(as role: String, keys: String) throws {
            try client.execute(
                "object-add",
                ["qom-type": "tls-creds-psk", "id": "tls", "dir": .string(keys), "endpoint": .string(role)])
            try client.execute("migrate-set-parameters", ["tls-creds": "tls"])
        }

        /// User and system time of the process so far: proc(5), fields 14 and 15 of stat.
        func cpuSeconds() throws -> Double {
            let fields = try readText("/proc/\(process.identifier)/stat").split(separator: ")").last?.split(
                separator: " ")
            guard let fields, fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
                throw LabError("the CPU time of process \(process.identifier) cannot be read")
            }
            return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }

    private func end(_ program: ProgramPair.Program, _ name: String, _ file: RAMFile?, incoming: Bool) throws -> End {
        started += 1
        let monitor = folder.path("\(name)\(started).qmp")
        var command: [String]
        switch program {
        case .colod:
            command = [
                colod, "--machine", "none", "--memory", "\(megabytes)M", "--name", name, "--qmp", "unix:\(monitor)",
            ]
            if let file { command += ["--memory-backing", "file:\(file.path),share=on"] }
        case .qemu:
            command = [
                QEMUPeer.path, "-M", "none", "-display", "none", "-nodefaults", "-accel", "tcg", "-m", "\(megabytes)",
                "-qmp", "unix:\(monitor),server=on,wait=off",
            ]
            if let file {
                command += [
                    "-object",
                    "memory-backend-file,id=ram,size=\(megabytes)M,mem-path=\(file.path),share=on,prealloc=off",
                    "-machine", "memory-backend=ram",
                ]
            }
        }
        if incoming { command += ["--incoming", "defer"] }
        let process = try host.start(command, log: folder.path("\(name)\(started).log"))
        do {
            let client = try QMPClient(path: monitor, within: .seconds(20))
            try client.execute(
                "migrate-set-capabilities", ["capabilities": [["capability": "events", "state": true]]])
            try client.execute("migrate-set-parameters", ["max-bandwidth": 0])
            return End(process: process, client: client)
        } catch {
            process.killAndWait()
            throw LabError("\(program) does not start: \(error); it wrote: \(process.output)")
        }
    }
}
