import CLinux
import Glibc
import SystemCalls

/// A host: a network namespace without a name, in which processes are started and sockets opened.
///
/// Or the machine itself as it is, for laboratories without root (`init(sharingMachineNetworkAs:)`).
public final class LabHost: Sendable {
    /// What messages call it.
    public let name: String
    private let thread: HostThread
    /// The open namespace; -1 for the machine's own.
    private let namespace: Int32

    /// How long an `ip` command may take.
    static let commandDeadline: Duration = .seconds(20)

    /// A new host with only a loopback interface. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
    public init(name: String) throws {
        // SAFETY: the call reads a string that lives until it returns.
        self.name = name
        let thread = try HostThread(name: "host-\(name)")
        self.thread = thread
        namespace = try thread.perform {
            guard clinux_unshare_network() == 0 else {
                throw LabError("no network namespace could be made: \(SystemError.text(of: errno))")
            }
            let number = unsafe clinux_open("/proc/self/task/\(clinux_gettid())/ns/net", O_RDONLY | O_CLOEXEC, 0)
            guard number >= 0 else { throw LabError("the network namespace of \(name) cannot be opened") }
            return number
        }
        try ip(["link set lo up"])
    }

    /// The machine's own network under another name: no root needed, and no cable can be cut.
    public init(sharingMachineNetworkAs name: String) throws {
        self.name = name
        thread = try HostThread(name: "host-\(name)")
        namespace = -1
    }

    deinit { if namespace >= 0 { close(namespace) } }

    /// Where `ip link ... netns` and nsenter find the namespace while this process lives.
    public var namespacePath: String { "/proc/\(getpid())/fd/\(namespace)" }

    /// Runs `body` on this host's thread, in its network namespace: a socket made there belongs to this host.
    public func perform<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
        try thread.perform(body)
    }

    /// Starts a process on this host; see `ManagedProcess`.
    public func start(_ command: [String], log: String, environment: [String: String] = [:]) throws -> ManagedProcess {
        try thread.perform { [thread] in
            try ManagedProcess(command: command, on: thread, log: log, extraEnvironment: environment)
        }
    }

    /// Begins to record the frames that come in on an interface of this host: of a tap, those that the guest sends.
    public func recordFrames(from interface: String) throws -> FrameRecord {
        try perform { try FrameRecord(interface: interface) }
    }

    /// Connects to a TCP port, sends `bytes` and closes the connection.
    public func sendOnce(_ bytes: [UInt8], to address: String, port: UInt16) throws {
        try StreamSocket.tcp(address, port, from: self, within: .seconds(2)).send(bytes, within: .seconds(2))
    }

    /// So that nothing is on the cables but what the pair and its clients send. Before the first interface is made.
    func turnOffIPv6() throws {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        try perform {
            guard let file = try? Descriptor.open("/proc/sys/net/ipv6/conf/default/disable_ipv6", flags: O_WRONLY)
            else { return }
            _ = unsafe write(file.number, "1", 1)
        }
    }

    /// Runs `ip` commands (without the word `ip`) on this host, one after the other, all in one process.
    public func ip(_ commands: [String]) throws {
        let folder = try TemporaryFolder(prefix: "colod-ip")
        try folder.write(commands.joined(separator: "\n") + "\n", to: "batch")
        let process = try start(["ip", "-batch", folder.path("batch")], log: folder.path("log"))
        guard let status = process.waitForExit(within: Self.commandDeadline) else {
            process.send(SIGKILL)
            throw LabError("ip did not end within \(Self.commandDeadline) on host \(name)")
        }
        guard status == .exited(0) else {
            let text = (try? folder.read("log")) ?? ""
            throw LabError("ip failed on host \(name): \(text)\n\(commands.joined(separator: "\n"))")
        }
    }
}
