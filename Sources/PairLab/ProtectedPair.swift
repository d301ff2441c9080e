public import Environment
import Glibc
public import QAPI
import QMP
import SystemCalls

/// A pair of colods with a Redis guest, on two hosts of their own, from configuration file to protection.
public final class ProtectedPair {
    /// The networks, or nil for a pair on this machine's loopback (no root, connections do not survive).
    public let network: PairNetwork?
    /// Where configuration, state, sockets and logs are.
    public let folder: TemporaryFolder
    /// What the hosts were configured with.
    public let configuration: PairConfiguration
    private let program: String
    private let hosts: [Side: LabHost]
    private let clientHost: LabHost
    private let loopback: LoopbackPorts?
    private var processes: [Side: ManagedProcess] = [:]
    private var clients: [Side: QMPClient] = [:]

    /// How long colod may take to bind its management socket.
    static let startDeadline: Duration = .seconds(10)
    /// How long two colods may take to boot a guest and protect it.
    public static let protectionDeadline: Duration = .seconds(60)
    /// How often a status is asked for while one is waited for.
    private static let statusInterval: Duration = .milliseconds(20)

    /// Prepares the hosts and their configuration files; nothing runs yet. `program` is the colod to use.
    public init(
        _ configuration: PairConfiguration, program: String = ProtectedPair.builtProgram("colod"),
        usingNamespaces: Bool = true
    ) throws {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        self.configuration = configuration
        self.program = program
        folder = try TemporaryFolder(prefix: "colod-pair")
        network = usingNamespaces ? try PairNetwork() : nil
        if let network {
            hosts = [.a: network.a, .b: network.b]
            clientHost = network.client
            loopback = nil
        } else {
            hosts = [.a: try LabHost(sharingMachineNetworkAs: "a"), .b: try LabHost(sharingMachineNetworkAs: "b")]
            clientHost = try LabHost(sharingMachineNetworkAs: "client")
            loopback = try LoopbackPorts()
        }
        try folder.write(Self.newKey(), to: "key")
        for side in Side.allCases {
            guard unsafe mkdir(folder.path("state-\(side.rawValue)"), 0o700) == 0 else {
                throw LabError("mkdir failed")
            }
            try configure(side, role: side == .a ? "primary" : "secondary")
        }
    }

    /// A program built beside the running one.
    public static func builtProgram(_ name: String) -> String {
        let path = Paths.target(ofLink: "/proc/self/exe") ?? ""
        return "\(path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })/\(name)"
    }

    /// Writes (again) the configuration file of a host.
    public func configure(_ side: Side, role: String) throws {
        let words = try readText("\(configuration.guest.folder)/cmdline")
        let address = network == nil ? "10.0.2.15/24" : "\(PairNetwork.guestAddress)/\(PairNetwork.prefixLength)"
        let gateway = network == nil ? "10.0.2.2" : PairNetwork.clientAddress
        let text = configuration.text(
            role: role, name: "lab",
            network: loopback.map { .user(forwarded: $0.redis(side)) } ?? .tap,
            commandLine: "\(words) ip4=\(address) gw=\(gateway)", qmp: socketPath(side), console: consolePath(side),
            stateFolder: folder.path("state-\(side.rawValue)"), keyFile: folder.path("key"), primary: addresses(.a),
            secondary: addresses(.b))
        try folder.write(text, to: configurationName(side))
    }

    /// Replaces a word of a host's configuration file, which makes it differ from the other host's.
    public func changeConfiguration(of side: Side, from old: String, to new: String) throws {
        let parts = try Self.split(folder.read(configurationName(side)), at: old)
        guard parts.count > 1 else { throw LabError("\(configurationName(side)) does not say '\(old)'") }
        try folder.write(parts.joined(separator: new), to: configurationName(side))
    }

    private static func split(_ text: String, at separator: String) -> [String] {
        text.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }

    /// Starts colod on a host (again) and connects to its management socket.
    public func start(_ side: Side) throws {
        guard let host = hosts[side] else { throw LabError("no such host") }
        Paths.remove(socketPath(side))
        Paths.remove(consolePath(side))
        clients[side] = nil
        processes[side] = try host.start(
            [program, "--config", folder.path(configurationName(side))], log: logPath(side))
        do {
            clients[side] = try QMPClient(path: socketPath(side), within: Self.startDeadline)
        } catch {
            let status = processes[side]?.status.map { "ended with \($0)" } ?? "runs"
            throw LabError("colod of \(side) \(status), but: \(error)\n\(log(side))")
        }
    }

    /// Starts both hosts and waits until the guest answers and the pair is protected.
    public func startAndProtect() throws {
        try start(.b)
        try start(.a)
        try waitForService(within: Self.protectionDeadline)
        try waitForProtection(of: .a)
    }

    /// The process of a host, if it was started.
    public func process(_ side: Side) throws -> ManagedProcess {
        guard let process = processes[side] else { throw LabError("\(side) was not started") }
        return process
    }

    /// The management connection of a host.
    public func qmp(_ side: Side) throws -> QMPClient {
        guard let client = clients[side] else { throw LabError("\(side) was not started") }
        return client
    }

    /// Waits until the host's status satisfies `predicate`; the error tells the last one seen.
    @discardableResult
    public func waitForStatus(
        of side: Side, _ what: String, within limit: Duration, _ predicate: (ColodStatus) -> Bool
    ) throws -> ColodStatus {
        let clock = SystemClock()
        let deadline = clock.now() + Nanoseconds(limit)
        var last: ColodStatus?
        while clock.now() < deadline {
            if let status = try process(side).status {
                throw LabError("colod of \(side) ended: \(status)\n\(log(side))")
            }
            do {
                let status = try qmp(side).status()
                if predicate(status) { return status }
                last = status
            } catch {
                // A colod that gives its guest up begins anew, with a new socket.
                clients[side] = try QMPClient(path: socketPath(side), within: Self.startDeadline)
            }
            pause(Self.statusInterval)
        }
        let seen = last.map { $0.json.text() } ?? "no status"
        throw LabError("\(side) was not \(what) within \(limit): \(seen)\n\(log(side))")
    }

    /// Waits until the pair is protected, as that host sees it.
    @discardableResult
    public func waitForProtection(of side: Side, within limit: Duration = protectionDeadline) throws -> ColodStatus {
        try waitForStatus(of: side, "protected", within: limit) { $0.protected }
    }

    /// A new connection to the guest's Redis, by way of the host where it runs (which matters only on loopback).
    public func redis(at side: Side = .a, within limit: Duration = .seconds(5)) throws -> RedisClient {
        try RedisClient(redisAddress, port: redisPort(side), from: clientHost, within: limit)
    }

    /// Waits until Redis answers PING.
    public func waitForService(at side: Side = .a, within limit: Duration) throws {
        let clock = SystemClock()
        let deadline = clock.now() + Nanoseconds(limit)
        while true {
            if let status = try process(side).status {
                throw LabError("colod of \(side) ended: \(status)\n\(log(side))")
            }
            if let client = try? redis(at: side, within: .milliseconds(500)),
                let reply = try? client.call("PING", within: .seconds(2)), reply == .status("PONG")
            {
                return
            }
            guard clock.now() < deadline else {
                throw LabError("Redis did not answer within \(limit)\n\(log(.a))\n\(log(.b))")
            }
            pause(Self.statusInterval)
        }
    }

    /// Lets clients write to the guest.
    public func startLoad(at side: Side = .a, connections: Int = 6, pipeline: Int = 4, prefix: String = "w") throws
        -> LoadGenerator
    {
        try LoadGenerator(
            redisAddress, port: redisPort(side), from: clientHost, connections: connections, pipeline: pipeline,
            prefix: prefix)
    }

    /// Kills a host's colod with SIGKILL; returns when that was.
    public func kill(_ side: Side) throws -> Nanoseconds {
        let process = try process(side)
        let time = SystemClock().now()
        process.killAndWait()
        guard process.status != nil else { throw LabError("colod of \(side) survived SIGKILL") }
        return time
    }

    /// The end of what a host's colod wrote, for error messages.
    public func log(_ side: Side) -> String {
        let lines = ((try? readText(logPath(side))) ?? "").split(separator: "\n").suffix(25)
        return "--- log of \(side):\n" + lines.joined(separator: "\n")
    }

    private var redisAddress: String { network == nil ? "127.0.0.1" : PairNetwork.guestAddress }
    private func redisPort(_ side: Side) -> UInt16 { loopback?.redis(side) ?? 6379 }
    /// The path of a host's management socket.
    public func socketPath(_ side: Side) -> String { folder.path("\(side.rawValue).qmp") }
    /// The path of a host's console socket, if the guest has one.
    public func consolePath(_ side: Side) -> String { folder.path("\(side.rawValue).console") }
    private func logPath(_ side: Side) -> String { folder.path("\(side.rawValue).log") }
    private func configurationName(_ side: Side) -> String { "\(side.rawValue).yaml" }

    private func addresses(_ side: Side) -> PairConfiguration.Addresses {
        if let loopback { return loopback.addresses(side) }
        let replication = PairNetwork.address(of: side, on: .replication)
        let heartbeat = PairNetwork.address(of: side, on: .heartbeat)
        return .init(
            replication: "tcp:\(replication):7800", heartbeat: ["tcp:\(replication):7801", "tcp:\(heartbeat):7801"])
    }

    private static func newKey() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in String(generator.next(), radix: 16) }.joined() + "\n"
    }
}
