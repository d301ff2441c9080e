import PairLab
import QMP

/// A colod and a QEMU of the machine `none`, each in a process of its own with its monitors.
final class QMPServers {
    /// QEMU serves one client a monitor, so it gets as many as there are clients.
    let qemu: [String]
    /// One socket, for all clients.
    let colod: String
    private let processes: [ManagedProcess]

    /// Starts both; `clients` is how many there will be at once.
    init(in folder: TemporaryFolder, colod program: String, clients: Int) throws {
        let host = try LabHost(sharingMachineNetworkAs: "bench")
        qemu = (0..<clients).map { folder.path("qemu\($0).qmp") }
        colod = folder.path("colod.qmp")
        var command = [
            QEMUPeer.path, "-M", "none", "-m", "128", "-display", "none", "-nodefaults", "-accel", "tcg",
        ]
        for path in qemu { command += ["-qmp", "unix:\(path),server=on,wait=off"] }
        processes = [
            try host.start(command, log: folder.path("qemu.log")),
            try host.start(
                [program, "--machine", "none", "--memory", "128M", "--qmp", "unix:\(colod)"],
                log: folder.path("colod.log")),
        ]
        for path in [colod] + qemu { _ = try QMPClient(path: path, within: .seconds(20)) }
    }

    deinit { for process in processes { process.killAndWait() } }
}

/// A colod that is busy: it migrates over and over, or it is the primary of a COLO pair.
final class BusyColod {
    /// Its socket.
    let path: String
    private let client: QMPClient
    private let peer: QMPClient?
    private let processes: [ManagedProcess]
    private static let deadline: Duration = .seconds(60)

    /// RAM of the machines: enough that a migration at full speed lasts a while.
    private static let memory = "2G"

    /// Starts it. With `inCOLO` it also enters COLO with a second one, with checkpoints without a break.
    init(in folder: TemporaryFolder, colod program: String, inCOLO: Bool) throws {
        let host = try LabHost(sharingMachineNetworkAs: "bench")
        let name = inCOLO ? "colo" : "source"
        path = folder.path("\(name).qmp")
        func start(_ name: String, _ more: [String]) throws -> ManagedProcess {
            try host.start(
                [
                    program, "--machine", "none", "--memory", inCOLO ? "256M" : Self.memory, "--name", name, "--qmp",
                    "unix:\(folder.path("\(name).qmp"))",
                ] + more, log: folder.path("\(name).log"))
        }
        var processes = [try start(name, [])]
        client = try QMPClient(path: path, within: .seconds(20))
        try client.execute("migrate-set-parameters", ["max-bandwidth": 0, "x-checkpoint-delay": 1])
        guard inCOLO else {
            peer = nil
            self.processes = processes
            return
        }
        processes.append(try start("secondary", ["--incoming", "defer"]))
        self.processes = processes
        let peer = try QMPClient(path: folder.path("secondary.qmp"), within: .seconds(20))
        self.peer = peer
        let capabilities: JSONValue = [
            ["capability": "x-colo", "state": true], ["capability": "events", "state": true],
        ]
        for side in [client, peer] {
            try side.execute("migrate-set-capabilities", ["capabilities": capabilities])
        }
        let uri = JSONValue.string("unix:\(folder.path("replication"))")
        try peer.execute("migrate-incoming", ["uri": uri])
        try client.execute("migrate", ["uri": uri])
        _ = try client.waitForEvent("MIGRATION", within: Self.deadline) { $0["data"]?["status"] == "colo" }
    }

    deinit { for process in processes { process.killAndWait() } }

    /// Migrates to nowhere once; the guest goes on afterwards.
    func migrateOnce() throws {
        try client.execute("migrate", ["uri": "exec:cat >/dev/null"])
        while true {
            let status = try client.execute("query-migrate")["status"]
            if status == "completed" { break }
            if status == "failed" { throw LabError("the migration failed") }
            pause(.milliseconds(20))
        }
        try client.execute("cont")
    }
}
