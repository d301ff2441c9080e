import Environment
import Glibc
import SystemCalls

/// A Redis guest without a pair that moves between two hosts while clients write to it. On each host a new colod takes
/// it, and the one that it left ends.
public final class MovingGuest {
    /// One colod.
    struct Station {
        let process: ManagedProcess
        let monitor: QMPClient
    }

    /// The hosts and the cables between them.
    public let network: PairNetwork
    /// Where sockets, logs, the key and the files are.
    public let folder: TemporaryFolder
    /// The host where the guest is.
    public internal(set) var side = Side.a
    private let guest: PairConfiguration.Guest
    private let program: String
    /// How many colods were started.
    private var stations = 0
    var station: Station?

    /// How long a guest may stand at a switchover, in milliseconds; QEMU's default.
    public var downtimeLimit = 300

    /// No colod takes longer to end once its guest is elsewhere.
    static let endDeadline: Duration = .seconds(10)

    /// Prepares the hosts; nothing runs yet. `program` is the colod to use. Needs root (`PairNetwork.missingRights`).
    public init(_ guest: PairConfiguration.Guest, program: String = ProtectedPair.builtProgram("colod")) throws {
        self.guest = guest
        self.program = program
        network = try PairNetwork()
        folder = try TemporaryFolder(prefix: "colod-guest")
        try makeFolder(folder.path("key"))
        try writeText("qemu:\(String(repeating: "5c", count: 32))\n", to: "\(folder.path("key"))/keys.psk")
    }

    /// Boots the guest where it is and waits until its Redis answers.
    public func boot() throws {
        let station = try start(side, arguments: [])
        self.station = station
        let deadline = SystemClock().now() + Nanoseconds(ProtectedPair.protectionDeadline)
        while (try? redis(within: .milliseconds(500)).call("PING", within: .seconds(2))) != .status("PONG") {
            if let end = station.process.status { throw LabError("colod ended: \(end)\n\(log(station))") }
            guard SystemClock().now() < deadline else { throw LabError("Redis did not answer\n\(log(station))") }
            pause(.milliseconds(20))
        }
    }

    /// A new connection to the guest's Redis.
    public func redis(within limit: Duration = .seconds(5)) throws -> RedisClient {
        try RedisClient(PairNetwork.guestAddress, from: network.client, within: limit)
    }

    /// Lets clients write to the guest.
    public func startLoad(connections: Int = 6, pipeline: Int = 4) throws -> LoadGenerator {
        try LoadGenerator(
            PairNetwork.guestAddress, from: network.client, connections: connections, pipeline: pipeline)
    }

    /// The management connection to the colod that has the guest.
    public func monitor() throws -> QMPClient {
        guard let station else { throw LabError("the guest was not booted") }
        return station.monitor
    }

    /// A colod of this guest on a host.
    func start(_ side: Side, arguments: [String]) throws -> Station {
        stations += 1
        let name = "\(side.rawValue)\(stations)"
        let words = try readText("\(guest.folder)/cmdline")
        let command = [
            program, "--machine", "riscv64", "--name", "lab", "--memory", guest.memory, "--vcpus", "\(guest.vcpus)",
            "--kernel", "\(guest.folder)/Image", "--initrd", "\(guest.folder)/initramfs.cpio", "--append",
            "\(words) ip4=\(PairNetwork.guestAddress)/\(PairNetwork.prefixLength) gw=\(PairNetwork.clientAddress)",
            "--net", "tap,tap=tap0,bridge=br0,mac=\(PairConfiguration.hardwareAddress)", "--qmp",
            "unix:\(folder.path("\(name).qmp"))",
        ]
        let process = try network[side].start(command + arguments, log: folder.path("\(name).log"))
        do {
            return Station(process: process, monitor: try QMPClient(path: folder.path("\(name).qmp")))
        } catch {
            throw LabError("colod on \(side): \(error)\n\(process.output)")
        }
    }

    /// The end of what a colod wrote, for error messages.
    func log(_ station: Station) -> String {
        station.process.output.split(separator: "\n").suffix(15).joined(separator: "\n")
    }
}
