import ArgumentParser
import Environment
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
    let folder: TemporaryFolder
    let megabytes: Int
    let source: RAMFile
    let destination: RAMFile
    private let colod: String
    private let host: LabHost
    /// How many processes there were; each has files of its own.
    private var started = 0

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
        let target = try end(
            pair.destination, "destination", memory == .hot ? destination : nil, ["--incoming", "defer"])
        let origin = try end(pair.source, "source", source)
        defer { for end in [origin, target] { end.process.killAndWait() } }
        for (end, role) in [(origin, "client"), (target, "server")] {
            try end.set(pages)
            if pages.isEnciphered { try end.encipher(as: role, keys: keys()) }
        }
        let uri = try listen(target, way)
        let clock = SystemClock()
        let used = try origin.cpuSeconds() + target.cpuSeconds()
        let start = clock.now()
        try origin.client.execute("migrate", ["uri": .string(uri)])
        for end in [target, origin] { try end.awaitStatus("completed") }
        let seconds = (clock.now() - start).inMilliseconds / 1000
        let cpu = try origin.cpuSeconds() + target.cpuSeconds() - used
        let downtime = try origin.client.execute("query-migrate")["downtime"]?.integer ?? 0
        return MigrationFigures(
            gibPerSecond: gib / seconds, cpuPerGiB: cpu / gib, downtimeMilliseconds: Double(downtime))
    }

    /// GiB of RAM.
    var gib: Double { Double(megabytes) / 1024 }

    /// Has `target` listen, and returns what a source is to connect to.
    func listen(_ target: MigrationEnd, _ way: MigrationTransport) throws -> String {
        try target.listen(at: way == .tcp ? "tcp:127.0.0.1:0" : "unix:\(folder.path("migration\(started)"))")
    }

    /// A folder with a key that both ends have.
    private func keys() throws -> String {
        try folder.write("qemu:\(String(repeating: "6b", count: 32))\n", to: "keys.psk")
        return folder.path(".")
    }

    /// Starts a program with that RAM, or with fresh memory, and more arguments.
    func end(
        _ program: ProgramPair.Program, _ name: String, _ file: RAMFile?, _ arguments: [String] = []
    ) throws -> MigrationEnd {
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
        let process = try host.start(command + arguments, log: folder.path("\(name)\(started).log"))
        do {
            let end = MigrationEnd(process: process, client: try QMPClient(path: monitor, within: .seconds(20)))
            try end.turnOn("events")
            try end.client.execute("migrate-set-parameters", ["max-bandwidth": 0])
            return end
        } catch {
            process.killAndWait()
            throw LabError("\(program) does not start: \(error); it wrote: \(process.output)")
        }
    }
}
