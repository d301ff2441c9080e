import Glibc
import PairLab
import QMP

/// How a machine is started for a test, in terms that both programs have.
struct StartOptions {
    /// MiB of RAM.
    var megabytes = 128
    /// The machine type of QEMU; colod's follows from `kernel`.
    var machine = "none"
    /// What to wait for instead of starting: "defer" or a URI.
    var incoming: String?
    /// The guest's name.
    var name: String?
    /// The guest's UUID.
    var uuid: String?
    /// Whether the guest stays stopped until `cont`.
    var paused = false
    /// A kernel image for a riscv64 guest; nil for a machine that is RAM only.
    var kernel: String?
    /// Files that a riscv64 guest has as disks.
    var disks: [String] = []
    /// The file that holds the RAM of a colod; nil for memory of its own.
    var memoryFile: String?
    /// Further arguments of QEMU.
    var qemuArguments: [String] = []
    /// A command that runs the program, as somebody else or with faults.
    var runner: [String] = []
    /// Paths of further management sockets.
    var moreMonitors: [String] = []
}

/// A program that answers QMP.
enum Program: String {
    case colod
    /// The real one, the oracle.
    case qemu

    func command(_ options: StartOptions, monitor: String) -> [String] {
        switch self {
        case .colod: options.runner + colodCommand(options, monitor: monitor)
        case .qemu: options.runner + qemuCommand(options, monitor: monitor)
        }
    }

    private func colodCommand(_ options: StartOptions, monitor: String) -> [String] {
        var words = [ProtectedPair.builtProgram("colod"), "--memory", "\(options.megabytes)M"]
        if let kernel = options.kernel {
            words += ["--machine", "riscv64", "--kernel", kernel, "--console", "none"]
            for disk in options.disks { words += ["--disk", disk] }
        } else {
            words += ["--machine", "none"]
        }
        words += ["--qmp", "unix:\(monitor)"]
        if let file = options.memoryFile { words += ["--memory-backing", "file:\(file),share=on"] }
        if let incoming = options.incoming { words += ["--incoming", incoming] }
        if let name = options.name { words += ["--name", name] }
        if let uuid = options.uuid { words += ["--uuid", uuid] }
        if options.paused { words.append("-S") }
        return words
    }

    private func qemuCommand(_ options: StartOptions, monitor: String) -> [String] {
        var words = [
            QEMUPeer.path, "-M", options.machine, "-accel", "tcg", "-nodefaults", "-display", "none", "-m",
            "\(options.megabytes)",
        ]
        for path in [monitor] + options.moreMonitors { words += ["-qmp", "unix:\(path),server=on,wait=off"] }
        if let incoming = options.incoming { words += ["-incoming", incoming] }
        if let name = options.name { words += ["-name", name] }
        if let uuid = options.uuid { words += ["-uuid", uuid] }
        if options.paused { words.append("-S") }
        return words + options.qemuArguments
    }
}

/// A running program with a management socket; killed when its owner goes away.
final class Server {
    /// Which program it is.
    let program: Program
    /// The process.
    let process: ManagedProcess
    /// Its management socket.
    let monitorPath: String
    /// A socket for a further client while the first is connected.
    let controlPath: String
    private let folder: TemporaryFolder

    private static let host = Result { try LabHost(sharingMachineNetworkAs: "conformance") }

    /// Starts `program`.
    init(_ program: Program, _ options: StartOptions = StartOptions()) throws {
        self.program = program
        folder = try TemporaryFolder(prefix: "colod-conformance")
        // Whoever runs the program makes its socket there.
        if !options.runner.isEmpty { chmod(folder.root, 0o777) }
        monitorPath = folder.path("qmp")
        controlPath = program == .colod ? monitorPath : options.moreMonitors.first ?? monitorPath
        process = try Self.host.get().start(
            program.command(options, monitor: monitorPath), log: folder.path("log"))
    }

    /// A connection that has taken the greeting and not yet negotiated.
    func connectSilently() throws -> Monitor {
        // A QEMU that has just lost a client may break the connection of the next one.
        do { return try greeted() } catch  where program == .qemu { return try greeted() }
    }

    private func greeted() throws -> Monitor {
        let monitor = Monitor(try MonitorConnection(path: monitorPath))
        guard try monitor.next()?["QMP"] != nil else { throw LabError("\(program) sent no greeting") }
        return monitor
    }

    /// A connection that has negotiated.
    func connect(outOfBand: Bool = false) throws -> Monitor {
        let monitor = try connectSilently()
        let reply = try monitor.ask(Call.negotiate(outOfBand: outOfBand))
        guard reply["return"] != nil else { throw LabError("\(program) refused to negotiate: \(reply.text())") }
        return monitor
    }

    deinit { process.killAndWait() }
}
