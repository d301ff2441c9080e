/// The configuration file: YAML (and command line flags that overrule it) to a validated description of guest and pair.
///
/// One file serves both hosts of a pair; only `role` differs. Reading goes in three steps:
///
/// 1. `YAMLReader` turns the text into a tree of `ConfigurationNode`, each with the place it came from.
/// 2. `CommandLineOverrides` puts the flags into the same tree, so that a flag and a line of the file pass one and the
///    same validation, and a message names the one that was wrong.
/// 3. `Section` and `ValueKind` read typed values out of the tree and collect every problem, not only the first.
///
/// ```yaml
/// role: primary                      # primary | secondary; required with `pair`
/// guest:
///   name: web                        # also names the default socket and state directory; default "guest"
///   uuid: 5f0f…                      # optional
///   machine: riscv64                 # riscv64 | none
///   memory: 256M                     # K, M and G suffixes
///   vcpus: 1                         # default 1 (none has no vCPU)
///   kernel: /path/Image              # required for riscv64
///   initrd: /path/initramfs.cpio     # optional
///   append: "console=ttyS0"          # default empty
///   firmware: /path/fw_dynamic.bin   # optional: M-mode firmware instead of the engine's own SBI
///   console: log                     # log | none | stdio | file:PATH | unix:PATH; default log
///   disks: [{file: /x.img, read-only: true}]
///   network: [{backend: tap, mac: "52:54:00:12:34:56", tap: tap0, bridge: br0}]
/// management: {qmp: "unix:/run/colod/web.qmp"}   # or a list of ADDRESS and {address: ADDRESS, pretty: true}
/// state-directory: /var/lib/colod/web
/// pair:                              # leave out for a guest without protection
///   primary:   {replication: "tcp:10.77.0.1:7800", heartbeat: ["tcp:10.77.0.1:7801"]}
///   secondary: {replication: "tcp:10.77.0.2:7800", heartbeat: ["tcp:10.77.0.2:7801"]}
///   key-file: /etc/colod/web.key
/// heartbeat: {interval-ms: 50, timeout-ms: 500}   # and replication-timeout-ms; default 3 timeouts, at least 1000
/// failover: manual                   # automatic | manual; default manual, see `FailoverPolicy`
/// arbiter: {kind: none}              # or {kind: command, path: …, arguments: […], timeout-ms: 5000}
/// checkpoint: {on-output: true, delay-ms: 100, hold-limit: 4M, drop-limit: 64M}   # and cpu-share or least-gap-us
/// ```
public struct ColodConfiguration: Sendable, Equatable {
    /// Which side this host is on until the persisted state of an earlier takeover says otherwise.
    public var role: ConfiguredRole
    /// The machine to run.
    public var guest: GuestConfiguration
    /// Where management clients connect.
    public var management: ManagementConfiguration
    /// Where the term and the last role are kept; nil only for a guest without a pair that names no directory.
    public var stateDirectory: String?
    /// The two hosts; nil for a guest without protection.
    public var pair: PairConfiguration?
    /// How the peer is watched.
    public var heartbeat: HeartbeatConfiguration
    /// Who decides on a takeover.
    public var failover: FailoverPolicy
    /// Who is asked before one side goes on alone.
    public var arbiter: ArbiterConfiguration
    /// When checkpoints are taken.
    public var checkpoint: CheckpointConfiguration
    /// What only the command line can say.
    public var start: StartOptions
    /// Settings that are allowed but that an operator should think about, one sentence each.
    public var warnings: [String]

    /// The directory that holds the state of guests which name none: one folder a guest below it.
    public static let defaultStateRoot = "/var/lib/colod"
    /// The directory of management sockets whose path is not configured.
    public static let defaultRuntimeRoot = "/run/colod"
}

/// The side that the file gives this host.
public enum ConfiguredRole: String, Sendable, CaseIterable {
    /// Runs the guest.
    case primary
    /// Holds the last complete checkpoint.
    case secondary

    /// The role of the other host.
    public var other: ConfiguredRole { self == .primary ? .secondary : .primary }
}

/// Where management clients connect.
public struct ManagementConfiguration: Sendable, Equatable {
    /// The QMP sockets.
    public var monitors: [MonitorConfiguration]
}

/// One QMP socket.
public struct MonitorConfiguration: Sendable, Equatable {
    /// Where it listens.
    public var address: SocketAddress
    /// Whether replies and events are laid out over several lines.
    public var isPretty: Bool

    /// A socket at `address`.
    public init(address: SocketAddress, isPretty: Bool = false) {
        self.address = address
        self.isPretty = isPretty
    }
}

/// What the command line alone can say about the start.
public struct StartOptions: Sendable, Equatable {
    /// Wait for an incoming migration: "defer" or a migration URI; nil to start the guest.
    public var incoming: String?
    /// Leave the guest stopped until `cont` comes.
    public var paused: Bool

    /// The options given; by default the guest starts at once.
    public init(incoming: String? = nil, paused: Bool = false) {
        self.incoming = incoming
        self.paused = paused
    }
}

/// When checkpoints are taken.
public struct CheckpointConfiguration: Sendable, Equatable {
    /// From the start of one checkpoint to the next, of a guest that is busy.
    public enum Gap: Sendable, Equatable {
        /// So many microseconds.
        case microseconds(Int)
        /// So long that checkpoints cost the guest that many hundredths of its time.
        case share(Int)
    }

    /// A checkpoint begins as soon as output of the guest is held; nil: after the delay alone.
    public var onOutput: Gap? = .share(5)
    /// Milliseconds from one checkpoint to the next, at most (`x-checkpoint-delay`).
    public var delayMilliseconds: Int
    /// Bytes of held guest output that start a checkpoint at once.
    public var holdLimit: Int
    /// Bytes of output that may be held altogether; what comes then is lost.
    public var dropLimit = 64 << 20

    /// On output, at the latest after 100 ms, with 4 MiB and 64 MiB.
    public static let standard = CheckpointConfiguration(delayMilliseconds: 100, holdLimit: 4 << 20)
    /// The delay of checkpoints that are not taken on output.
    public static let periodMilliseconds = 50
}
