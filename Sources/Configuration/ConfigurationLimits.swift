/// The bounds of every setting, by name.
public enum ConfigurationLimits {
    /// Bytes of a configuration file.
    public static let fileSize = 256 << 10
    /// How deep mappings and lists may be nested.
    public static let depth = 16
    /// Problems that are reported before reading stops.
    public static let problems = 100
    /// Characters of a guest's name.
    public static let nameLength = 64
    /// Bytes of a path.
    public static let pathLength = 4095
    /// Bytes of a unix socket's path (unix(7): `sun_path` with its terminating zero has 108).
    public static let socketPathLength = 107
    /// Bytes of a network interface's name (`IFNAMSIZ` less the terminating zero).
    public static let interfaceNameLength = 15
    /// Bytes of the kernel's command line (what the riscv port of Linux reads: COMMAND_LINE_SIZE less its zero).
    public static let appendLength = 1023
    /// RAM in bytes.
    public static let memory = (1 << 20)...(256 << 30)
    /// vCPUs of a riscv64 guest.
    public static let vcpus = 1...8
    /// Management sockets of one guest.
    public static let monitors = 16
    /// Disks of one guest.
    public static let disks = 4
    /// Network cards of one guest.
    public static let networkCards = 4
    /// Forwarded ports of one network card.
    public static let forwards = 64
    /// Networks between the hosts.
    public static let heartbeatAddresses = 4
    /// Milliseconds between two heartbeats.
    public static let heartbeatInterval = 5...10_000
    /// Milliseconds until a silent peer counts as lost. Less would take the pause of a busy host for its death.
    public static let heartbeatTimeout = 300...60_000
    /// Intervals that fit into the timeout, at least: the primary releases output only while an answer to a message of
    /// the last three quarters of the timeout is at hand, and question and answer take up to two intervals.
    public static let heartbeatsPerTimeout = 4
    /// Arguments of an arbiter's command.
    public static let arbiterArguments = 32
    /// Bytes of one argument.
    public static let argumentLength = 4096
    /// Milliseconds an arbiter's command may take.
    public static let arbiterTimeout = 100...120_000
    /// Milliseconds between two checkpoints.
    public static let checkpointDelay = 1...60_000
    /// Bytes of held output that start a checkpoint.
    public static let holdLimit = (64 << 10)...(1 << 30)
    /// How many may be held altogether.
    public static let dropLimit = (64 << 10)...(4 << 30)
    /// Microseconds from one checkpoint to the capture of the next, of a busy guest.
    public static let leastGap = 0...500_000
    /// Hundredths of a busy guest's time.
    public static let cpuShare = 1...100
    /// Bytes of a key file's key.
    public static let keyLength = 16...4096
}
