import Glibc
public import QMP
import SystemCalls

/// A real QEMU as the other end of a migration stream or of COLO: machine `none`, waiting for an incoming migration,
/// driven over QMP. It is killed when its owner goes away.
public final class QEMUPeer {
    /// Where the program is, as Debian's package qemu-system-x86 installs it.
    public static let path = "/usr/bin/qemu-system-x86_64"
    /// Whether the program is there.
    public static var isInstalled: Bool { Paths.isUsable(path, X_OK) }

    /// No wait for an answer or an event is longer.
    private static let patience: Duration = .seconds(20)

    private let process: ManagedProcess
    private let client: QMPClient
    private let folder: TemporaryFolder
    private let name: String
    private let stubPath: String

    /// Starts it with `megabytes` MiB of RAM and connects. Its files, all starting with `name`, lie in `folder`.
    /// `memoryFile`: what keeps RAM, shared with all that map it. `isWritable`: it has a vCPU, which stands, and `memory
    /// writer` can write as it would. `isIncoming`: it waits for a migration. `uuid`: the machine's, with hyphens.
    public init(
        in folder: TemporaryFolder, name: String, megabytes: Int, memoryFile: String? = nil, isWritable: Bool = false,
        isIncoming: Bool = true, uuid: String? = nil
    ) throws {
        self.folder = folder
        self.name = name
        let monitor = folder.path("\(name).qmp")
        let memory = memoryFile.map { file in
            [
                "-object", "memory-backend-file,id=ram,size=\(megabytes)M,mem-path=\(file),share=on", "-machine",
                "memory-backend=ram",
            ]
        }
        let stub = folder.path("\(name).gdb")
        stubPath = stub
        let processor = isWritable ? ["-cpu", "qemu64,apic-id=0", "-S", "-gdb", "unix:\(stub),server=on,wait=off"] : []
        let process = try LabHost(sharingMachineNetworkAs: name).start(
            [
                Self.path, "-M", "none", "-m", "\(megabytes)", "-display", "none", "-nodefaults", "-accel", "tcg",
                "-qmp", "unix:\(monitor),server=on,wait=off",
            ] + (isIncoming ? ["-incoming", "defer"] : []) + processor + (memory ?? [])
                + (uuid.map { ["-uuid", $0] } ?? []), log: folder.path("\(name).log")
        )
        self.process = process
        do {
            client = try QMPClient(path: monitor, within: Self.patience)
        } catch {
            process.killAndWait()
            throw LabError("QEMU did not open its monitor: \(error); it wrote: \(process.output)")
        }
        // Without it there are no MIGRATION events.
        try setCapability("events")
    }

    deinit { process.killAndWait() }

    /// Executes a command and returns what it answered; throws `QMPError` if that is an error.
    @discardableResult
    public func execute(_ command: String, _ arguments: JSONObject = [:]) throws -> JSONValue {
        try client.execute(command, arguments, within: Self.patience)
    }

    /// Makes a copy of a descriptor known to it under `name`, for the URI "fd:NAME".
    public func pass(_ descriptor: Int32, as name: String) throws {
        try client.execute("getfd", ["fdname": .string(name)], passing: descriptor, within: Self.patience)
    }

    /// All events since it was connected to, each as its name and what it says of a status or a pass
    /// ("MIGRATION setup", "MIGRATION_PASS 1", "STOP").
    public var history: [String] { client.history }

    /// What it wrote to standard error, for what a test says of a failure.
    public var output: String { process.output }

    /// Turns on a migration capability ("return-path", "x-colo").
    public func setCapability(_ capability: String) throws {
        try execute("migrate-set-capabilities", ["capabilities": [["capability": .string(capability), "state": true]]])
    }

    /// Listens for a migration stream at `uri` ("tcp:127.0.0.1:0", "unix:/path").
    public func migrateIncoming(uri: String) throws { try execute("migrate-incoming", ["uri": .string(uri)]) }

    /// Starts to migrate to `uri`.
    public func migrate(uri: String) throws { try execute("migrate", ["uri": .string(uri)]) }

    /// Tells it that its peer is lost: it takes over or serves on alone.
    public func loseHeartbeat() throws { try execute("x-colo-lost-heartbeat") }

    /// The TCP port that it listens on for a migration stream.
    public func port() throws -> String {
        let addresses = try execute("query-migrate")["socket-address"]?.array
        guard let port = addresses?.first?["port"]?.string else { throw LabError("QEMU listens on no TCP port") }
        return port
    }

    /// Waits for the event that the migration has reached `status`; throws if it has failed instead. This event and
    /// all before it are taken.
    public func awaitMigration(_ status: String) throws {
        try awaitEvent("MIGRATION", status) { data in
            let reached = data?["status"]?.string
            if reached == "failed", status != "failed" { throw LabError("the migration failed") }
            return reached == status
        }
    }

    /// Waits for the event that its guest runs. This event and all before it are taken.
    public func awaitStart() throws { try awaitEvent("RESUME", "") { _ in true } }

    /// Waits for the event that it has left COLO, in `mode` ("primary", "secondary") and, unless nil, for `reason`
    /// ("request", "error"). This event and all before it are taken.
    public func awaitCOLOExit(mode: String, reason: String? = nil) throws {
        try awaitEvent("COLO_EXIT", "\(mode) \(reason ?? "")") { data in
            data?["mode"]?.string == mode && (reason == nil || data?["reason"]?.string == reason)
        }
    }

    private func awaitEvent(
        _ event: String, _ detail: String, where matches: (_ data: JSONValue?) throws -> Bool
    ) throws {
        do {
            _ = try client.waitForEvent(event, within: Self.patience) { try matches($0["data"]) }
        } catch {
            let told = client.events.map { $0.text() }
            throw LabError("waiting for QEMU's \(event) \(detail): \(error); it told \(told), wrote: \(process.output)")
        }
    }

    /// Writes to the guest's memory as its vCPU would. Of a peer that is writable; one at a time.
    public func memoryWriter() throws -> GDBConnection { try GDBConnection(path: stubPath) }

    /// Waits until the outgoing migration has begun that pass over RAM. This event and all before it are taken.
    public func awaitPass(_ number: Int) throws {
        try awaitEvent("MIGRATION_PASS", "\(number)") { ($0?["pass"]?.integer ?? 0) >= number }
    }

    /// Sets migration parameters.
    public func setParameters(_ parameters: JSONObject) throws { try execute("migrate-set-parameters", parameters) }

    /// `count` bytes of the guest's physical memory, from `address` on. Asks for what is missing in a postcopy.
    public func memory(at address: Int = 0, count: Int) throws -> [UInt8] {
        let file = folder.path("\(name).memory")
        try execute("pmemsave", ["val": JSONValue(address), "size": JSONValue(count), "filename": .string(file)])
        return try readBytes(file)
    }
}

/// The first page in which two images of RAM differ; nil if they are the same. An expectation that compares the images
/// themselves looks for all their differences when it fails, which takes minutes.
public func firstDifference(_ left: [UInt8], _ right: [UInt8]) -> Int? {
    guard left != right else { return nil }
    return (zip(left, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? left.count) / 4096
}
