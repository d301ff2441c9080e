import Environment
import PairLab
import QMP
import SystemCalls

/// One end of a postcopy in a process of its own, a colod or a QEMU, and what is said to it.
final class PostcopyEnd {
    let process: ManagedProcess
    let client: QMPClient
    static let patience: Duration = .seconds(120)

    /// Starts `command` on `host` and connects to its monitor at `monitor`; `name` is for its log and messages.
    init(_ command: [String], on host: LabHost, monitor: String, log: String, _ mode: PostcopyMode) throws {
        let process = try host.start(command, log: log)
        self.process = process
        do {
            client = try QMPClient(path: monitor, within: .seconds(20))
            try client.execute(
                "migrate-set-capabilities",
                ["capabilities": .array(mode.capabilities.map { ["capability": .string($0), "state": true] })])
        } catch {
            process.killAndWait()
            throw LabError("\(command[0]) does not start: \(error); it wrote: \(process.output)")
        }
    }

    deinit { process.killAndWait() }

    /// Listens, and returns what a source is to connect to.
    func listen(_ way: MigrationTransport, _ folder: TemporaryFolder, _ name: String) throws -> String {
        let uri = way == .tcp ? "tcp:127.0.0.1:0" : "unix:\(folder.path(name))"
        try client.execute("migrate-incoming", ["uri": .string(uri)], within: Self.patience)
        guard way == .tcp else { return uri }
        let addresses = try client.execute("query-migrate")["socket-address"]?.array
        guard let port = addresses?.first?["port"]?.string else { throw LabError("no port is listened on") }
        return "tcp:127.0.0.1:\(port)"
    }

    /// Begins to migrate to `uri`, and has the guest move at once, with nearly all of its memory to follow, at `background` bytes
    /// a second (0: as many as there can be).
    func move(to uri: String, background: UInt64) throws {
        try client.execute(
            "migrate-set-parameters",
            ["max-bandwidth": JSONValue(Self.headBandwidth), "max-postcopy-bandwidth": JSONValue(background)])
        try client.execute("migrate", ["uri": .string(uri)])
        try awaitStatus("active")
        try client.execute("migrate-start-postcopy")
    }

    /// Bytes a second until the guest has moved.
    private static let headBandwidth = 1 << 20

    /// Sends the rest at full speed.
    func letGo() throws { try client.execute("migrate-set-parameters", ["max-postcopy-bandwidth": 0]) }

    /// Waits for that status; throws if it has failed instead.
    func awaitStatus(_ wanted: String) throws {
        _ = try client.waitForEvent("MIGRATION", within: Self.patience) { event in
            let status = event["data"]?["status"]?.string
            if status == "failed" || status == "postcopy-paused" {
                throw LabError("the migration has \(status ?? ""): \(process.output)")
            }
            return status == wanted
        }
    }

    /// When that event happened, in microseconds since 1970.
    func time(ofEvent name: String) throws -> Double {
        let event = try client.waitForEvent(name, within: Self.patience)
        guard let seconds = event["timestamp"]?["seconds"]?.integer,
            let microseconds = event["timestamp"]?["microseconds"]?.integer
        else { throw LabError("\(name) has no time") }
        return Double(seconds) * 1e6 + Double(microseconds)
    }
}
