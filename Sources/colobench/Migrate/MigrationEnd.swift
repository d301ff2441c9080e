import Environment
import Glibc
import PairLab
import QMP
import SystemCalls

/// A process at one end of a migration.
struct MigrationEnd {
    let process: ManagedProcess
    let client: QMPClient

    /// No wait is longer.
    static let patience: Duration = .seconds(120)

    /// Has pages travel like that.
    func set(_ pages: PageTravel) throws {
        guard let capability = pages.capability else { return }
        try turnOn(capability)
        try client.execute(
            "migrate-set-parameters",
            [
                "multifd-channels": JSONValue(pages.channels),
                "multifd-compression": .string(pages.compression),
            ])
    }

    /// Turns a capability on.
    func turnOn(_ capability: String) throws {
        try client.execute(
            "migrate-set-capabilities", ["capabilities": [["capability": .string(capability), "state": true]]])
    }

    /// Has the channels enciphered with the key in that folder.
    func encipher(as role: String, keys: String) throws {
        try client.execute(
            "object-add",
            ["qom-type": "tls-creds-psk", "id": "tls", "dir": .string(keys), "endpoint": .string(role)])
        try client.execute("migrate-set-parameters", ["tls-creds": "tls"])
    }

    /// Listens at `uri`, and returns what a source is to connect to.
    func listen(at uri: String) throws -> String {
        try client.execute("migrate-incoming", ["uri": .string(uri)], within: Self.patience)
        guard uri.hasPrefix("tcp:") else { return uri }
        let addresses = try client.execute("query-migrate")["socket-address"]?.array
        guard let port = addresses?.first?["port"]?.string else { throw LabError("no port is listened on") }
        return "tcp:127.0.0.1:\(port)"
    }

    /// Waits until the migration has that status.
    func awaitStatus(_ status: String) throws {
        _ = try client.waitForEvent("MIGRATION", within: Self.patience) { event in
            if event["data"]?["status"] == "failed" { throw LabError("the migration failed: \(process.output)") }
            return event["data"]?["status"]?.string == status
        }
    }

    /// User and system time of the process so far.
    func cpuSeconds() throws -> Double { try ProcessorTime.seconds(of: process.identifier) }
}

/// What processes took of the processors.
enum ProcessorTime {
    /// User and system time of a process so far, with that of threads which have ended: clock_getcpuclockid(3).
    static func seconds(of process: Int32) throws -> Double {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var clock = clockid_t()
        var time = timespec()
        guard unsafe clock_getcpuclockid(process, &clock) == 0, unsafe clock_gettime(clock, &time) == 0 else {
            throw LabError("the CPU time of process \(process) cannot be read")
        }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
