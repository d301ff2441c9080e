/// What the hosts' configuration files say; one file text for both, up to the role.
public struct PairConfiguration: Sendable {
    /// The guest as `make guest` assembled it.
    public struct Guest: Sendable {
        /// The folder with Image, initramfs.cpio and cmdline.
        public var folder: String
        /// Guest memory as the configuration writes it.
        public var memory = "128M"
        /// Number of harts.
        public var vcpus = 1
        /// The files of read-only disks.
        public var disks: [String] = []
        /// Whether the serial port ends in a socket (`ProtectedPair.consolePath`) instead of the log.
        public var hasConsoleSocket = false

        /// A guest from that folder.
        public init(folder: String) { self.folder = folder }
    }

    /// Who decides about a takeover.
    public enum Failover: String, Sendable { case automatic, manual }

    /// Whom a host asks before it goes on alone.
    public enum Arbiter: Sendable, Equatable {
        /// Nobody.
        case none
        /// An executable that answers with its exit status.
        case command(path: String, arguments: [String] = [])
    }

    /// Where guest frames go.
    public enum Network: Sendable, Equatable {
        /// A tap interface in the host's bridge.
        case tap
        /// User-mode networking: TCP port `forwarded` of 127.0.0.1 leads to the guest's Redis.
        case user(forwarded: UInt16)
    }

    /// The guest.
    public var guest: Guest
    /// Default: automatic.
    public var failover = Failover.automatic
    /// Default: none.
    public var arbiter = Arbiter.none
    /// Milliseconds between two heartbeats.
    public var heartbeatInterval = 50
    /// Milliseconds of silence after which a host counts as lost.
    public var heartbeatTimeout = 500
    /// Whether a checkpoint begins as soon as output is held, as colod does it by itself. Of no effect without a delay.
    public var takesCheckpointsOnOutput = true
    /// Milliseconds between two checkpoints, at most; nil for what colod does when it is told nothing of checkpoints.
    public var checkpointDelay: Int? = 20
    /// How much output may be held before a checkpoint is made at once, in bytes. Of no effect without a delay.
    public var holdLimit = "4M"
    /// Whether the replication channel is encrypted as colod does it by itself, or not at all.
    public var isEncrypted = true
    /// Whether there is a second host. Without one nothing protects the guest: no page is tracked, no output held.
    public var isPaired = true

    /// The configuration of a pair that protects `guest`.
    public init(guest: Guest) { self.guest = guest }

    static let hardwareAddress = "52:54:00:12:34:56"

    /// Where one host of a pair listens.
    struct Addresses: Sendable {
        var replication: String
        var heartbeat: [String]
    }

    /// The file of the host whose role is `role`.
    func text(
        role: String, name: String, network: Network, commandLine: String, qmp: String, console: String,
        stateFolder: String, keyFile: String, primary: Addresses, secondary: Addresses
    ) -> String {
        """
        role: \(role)
        guest:
          name: \(name)
          machine: riscv64
          memory: \(guest.memory)
          vcpus: \(guest.vcpus)
          kernel: \(guest.folder)/Image
          initrd: \(guest.folder)/initramfs.cpio
          append: "\(commandLine)"
          console: \(guest.hasConsoleSocket ? "unix:\(console)" : "log")
          disks: [\(guest.disks.map { "{file: \($0), read-only: true}" }.joined(separator: ", "))]
          network: [\(text(of: network))]
        management: {qmp: "unix:\(qmp)"}
        state-directory: \(stateFolder)

        """ + (isPaired ? pairText(keyFile: keyFile, primary: primary, secondary: secondary) : "")
    }

    private func pairText(keyFile: String, primary: Addresses, secondary: Addresses) -> String {
        """
        pair:
          primary: \(text(of: primary))
          secondary: \(text(of: secondary))
          key-file: \(keyFile)
        \(isEncrypted ? "" : "  encryption: none")
        heartbeat: {interval-ms: \(heartbeatInterval), timeout-ms: \(heartbeatTimeout)}
        failover: \(failover.rawValue)
        arbiter: \(text(of: arbiter))
        \(checkpointDelay.map(checkpointText) ?? "")

        """
    }

    private func checkpointText(_ delay: Int) -> String {
        "checkpoint: {on-output: \(takesCheckpointsOnOutput), delay-ms: \(delay), hold-limit: \(holdLimit)}"
    }

    private func text(of network: Network) -> String {
        switch network {
        case .tap: "{backend: tap, mac: \"\(Self.hardwareAddress)\", tap: tap0, bridge: br0}"
        case .user(let port):
            "{backend: user, mac: \"\(Self.hardwareAddress)\", forward: [\"tcp:127.0.0.1:\(port)-10.0.2.15:6379\"]}"
        }
    }

    private func text(of addresses: Addresses) -> String {
        let beats = addresses.heartbeat.map { "\"\($0)\"" }.joined(separator: ", ")
        return "{replication: \"\(addresses.replication)\", heartbeat: [\(beats)]}"
    }

    private func text(of arbiter: Arbiter) -> String {
        switch arbiter {
        case .none: "{kind: none}"
        case .command(let path, let arguments):
            "{kind: command, path: \(path), arguments: [\(arguments.map { "\"\($0)\"" }.joined(separator: ", "))], timeout-ms: 3000}"
        }
    }
}
