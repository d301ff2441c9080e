import SystemCalls

extension ColodConfiguration {
    /// The configuration of the file at `path` (nil: of the flags alone) with `overrides` over it. With `checksFiles` a
    /// file that it names and that cannot be used is a problem too.
    public static func load(
        file path: String?, overrides: CommandLineOverrides = CommandLineOverrides(), checksFiles: Bool = false
    ) throws(ConfigurationError) -> ColodConfiguration {
        guard let path else { return try read(nil, file: "", overrides: overrides, checksFiles: checksFiles) }
        let bytes: [UInt8]
        do {
            bytes = try readSmallFile(path, limit: ConfigurationLimits.fileSize).bytes
        } catch {
            throw failure(path, error.message)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw failure(path, "\(encoding(of: bytes)); expected UTF-8 text")
        }
        return try parse(yaml: text, file: path, overrides: overrides, checksFiles: checksFiles)
    }

    /// What bytes are that are no UTF-8, as far as a byte order mark tells.
    private static func encoding(of bytes: [UInt8]) -> String {
        if bytes.starts(with: [0xff, 0xfe, 0, 0]) || bytes.starts(with: [0, 0, 0xfe, 0xff]) {
            return "is UTF-32 text"
        }
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) { return "is UTF-16 text" }
        return "is not UTF-8 text"
    }

    /// The configuration that `yaml` describes, with `overrides` over it. `file` is what problems call it.
    public static func parse(
        yaml: String, file: String, overrides: CommandLineOverrides = CommandLineOverrides(), checksFiles: Bool = false
    ) throws(ConfigurationError) -> ColodConfiguration {
        try read(
            try YAMLReader.read(yaml, file: file), file: file, overrides: overrides, checksFiles: checksFiles)
    }

    private static func failure(_ path: String, _ message: String) -> ConfigurationError {
        ConfigurationError(problems: [ConfigurationProblem(place: path, key: "", message: message)])
    }

    private static func read(
        _ tree: ConfigurationNode?, file: String, overrides: CommandLineOverrides, checksFiles: Bool
    ) throws(ConfigurationError) -> ColodConfiguration {
        let problems = ProblemList(file: file)
        let root = tree ?? ConfigurationNode(origin: .commandLine, content: .mapping([]))
        let merged = overrides.merge(into: root)
        let reader = ConfigurationReader(
            top: Section(merged, path: "", keys: ConfigurationReader.keys, problems: problems),
            start: overrides.startSection(problems: problems))
        let configuration = reader.read(paused: overrides.paused)
        // Paths that stand for missing ones are none that could be looked at.
        if checksFiles, problems.problems.isEmpty {
            FileChecks(tree: merged, problems: problems).check(configuration)
        }
        guard problems.problems.isEmpty else { throw ConfigurationError(problems: problems.problems) }
        return configuration
    }
}

/// Reads the sections one by one, then checks what concerns more than one of them.
struct ConfigurationReader {
    static let keys = [
        "role", "guest", "management", "state-directory", "pair", "heartbeat", "failover", "arbiter", "checkpoint",
    ]

    let top: Section
    let start: Section

    func read(paused: Bool) -> ColodConfiguration {
        let guest = readGuest()
        let pair = readPair()
        let standardState = pair == nil ? nil : "\(ColodConfiguration.defaultStateRoot)/\(guest.name)"
        var configuration = ColodConfiguration(
            role: readRole(isPaired: pair != nil), guest: guest, management: readManagement(guest: guest.name),
            stateDirectory: top.optional("state-directory", .path) ?? standardState, pair: pair,
            heartbeat: readHeartbeat(), failover: top.value("failover", .choice, default: FailoverPolicy.manual),
            arbiter: readArbiter(), checkpoint: readCheckpoint(),
            start: StartOptions(incoming: start.optional("incoming", .incoming), paused: paused), warnings: [])
        checkTogether(configuration)
        configuration.warnings = warnings(of: configuration)
        return configuration
    }

    private func readRole(isPaired: Bool) -> ConfiguredRole {
        if isPaired { return top.required("role", .choice, placeholder: ConfiguredRole.primary) }
        return top.value("role", .choice, default: .primary)
    }

    private func readManagement(guest name: String) -> ManagementConfiguration {
        let standard = SocketAddress.unix("\(ColodConfiguration.defaultRuntimeRoot)/\(name).qmp")
        let section = top.section("management", keys: ["qmp"])
        let monitors = section?.oneOrMore(
            "qmp", short: "address", keys: ["address", "pretty"], limit: ConfigurationLimits.monitors
        ).map { monitor in
            MonitorConfiguration(
                address: monitor.required("address", .address, placeholder: standard),
                isPretty: monitor.value("pretty", .boolean, default: false))
        }
        guard let monitors, !monitors.isEmpty else {
            return ManagementConfiguration(monitors: [MonitorConfiguration(address: standard)])
        }
        if let section, section.isSound("qmp"), Set(monitors.map(\.address)).count < monitors.count {
            section.problem("qmp", "has the same address twice")
        }
        return ManagementConfiguration(monitors: monitors)
    }

    private func readPair() -> PairConfiguration? {
        guard let section = top.section("pair", keys: ["primary", "secondary", "key-file", "encryption"]) else {
            return nil
        }
        return PairConfiguration(
            primary: readHost(section, "primary"), secondary: readHost(section, "secondary"),
            keyFile: section.required("key-file", .path, placeholder: "/"),
            encryption: section.value("encryption", .choice, default: .tls))
    }

    private func readHost(_ pair: Section, _ key: String) -> PairHost {
        let placeholder = SocketAddress.unix("/")
        guard let section = pair.section(key, keys: ["replication", "heartbeat"], required: true) else {
            return PairHost(replication: placeholder, heartbeat: [])
        }
        let limit = ConfigurationLimits.heartbeatAddresses
        let host = PairHost(
            replication: section.required("replication", .address, placeholder: placeholder),
            heartbeat: section.list("heartbeat", .address, limit: limit))
        if section.isMapping, !section.has("heartbeat") {
            section.problem("heartbeat", "is missing; expected a list of one to \(limit) addresses")
        }
        return host
    }

    private func readHeartbeat() -> HeartbeatConfiguration {
        let standard = HeartbeatConfiguration.standard
        guard let section = top.section("heartbeat", keys: ["interval-ms", "timeout-ms", "replication-timeout-ms"])
        else { return standard }
        var heartbeat = HeartbeatConfiguration(
            intervalMilliseconds: section.value(
                "interval-ms", .milliseconds(ConfigurationLimits.heartbeatInterval),
                default: standard.intervalMilliseconds),
            timeoutMilliseconds: section.value(
                "timeout-ms", .milliseconds(ConfigurationLimits.heartbeatTimeout),
                default: standard.timeoutMilliseconds))
        let intervals = ConfigurationLimits.heartbeatsPerTimeout
        if top.isSound("heartbeat"), heartbeat.timeoutMilliseconds < intervals * heartbeat.intervalMilliseconds {
            section.problem(
                section.has("timeout-ms") ? "timeout-ms" : "interval-ms",
                "the timeout of \(heartbeat.timeoutMilliseconds) ms must be at least \(intervals) intervals of "
                    + "\(heartbeat.intervalMilliseconds) ms")
        }
        if section.has("replication-timeout-ms") {
            let silence = section.value(
                "replication-timeout-ms", .milliseconds(ConfigurationLimits.heartbeatTimeout), default: 1500)
            heartbeat.replicationTimeoutMilliseconds = silence
            if top.isSound("heartbeat"), silence < heartbeat.timeoutMilliseconds {
                section.problem(
                    "replication-timeout-ms",
                    "\(silence) ms is shorter than the heartbeat's timeout of \(heartbeat.timeoutMilliseconds) ms: one lost "
                        + "packet would end replication")
            }
        }
        return heartbeat
    }

    private func readArbiter() -> ArbiterConfiguration {
        let keys = ["kind", "path", "arguments", "timeout-ms"]
        guard let section = top.section("arbiter", keys: keys) else { return .none }
        guard section.required("kind", .choice, placeholder: ArbiterKind.none) == .command else {
            for key in keys.dropFirst() where section.has(key) && section.isSound("kind") {
                section.problem(key, "belongs to the arbiter of kind 'command'")
            }
            return .none
        }
        return .command(
            path: section.required("path", .path, placeholder: "/"),
            arguments: section.list(
                "arguments", .text(ConfigurationLimits.argumentLength), limit: ConfigurationLimits.arbiterArguments),
            timeoutMilliseconds: section.value(
                "timeout-ms", .milliseconds(ConfigurationLimits.arbiterTimeout), default: 5000))
    }

    private func readCheckpoint() -> CheckpointConfiguration {
        var result = CheckpointConfiguration.standard
        guard let section = top.section("checkpoint", keys: Self.checkpointKeys) else { return result }
        result.onOutput = readGap(section)
        result.delayMilliseconds = section.value(
            "delay-ms", .milliseconds(ConfigurationLimits.checkpointDelay),
            default: result.onOutput == nil ? CheckpointConfiguration.periodMilliseconds : result.delayMilliseconds)
        result.holdLimit = section.value(
            "hold-limit", .size(ConfigurationLimits.holdLimit), default: result.holdLimit)
        result.dropLimit = section.value(
            "drop-limit", .size(ConfigurationLimits.dropLimit), default: max(4 * result.holdLimit, result.dropLimit))
        if section.isSound("hold-limit"), section.isSound("drop-limit"), result.dropLimit <= result.holdLimit {
            section.problem(
                "drop-limit",
                "is no more than hold-limit (\(ByteSize.text(result.holdLimit))); output would be lost before a checkpoint "
                    + "is due for it")
        }
        return result
    }

    private static let checkpointKeys = [
        "on-output", "delay-ms", "least-gap-us", "cpu-share", "hold-limit", "drop-limit",
    ]

    /// When checkpoints on output are taken of a guest that is busy; nil if they are taken after the delay alone.
    private func readGap(_ section: Section) -> CheckpointConfiguration.Gap? {
        let gap = section.optional("least-gap-us", .integer(ConfigurationLimits.leastGap))
        let share = section.optional("cpu-share", .integer(ConfigurationLimits.cpuShare))
        guard section.value("on-output", .boolean, default: true) else {
            for key in ["least-gap-us", "cpu-share"] where section.has(key) {
                section.problem(key, "has no effect with on-output: false")
            }
            return nil
        }
        if gap != nil, share != nil {
            section.problem("least-gap-us", "says the same as cpu-share in another way; leave one out")
        }
        return gap.map { .microseconds($0) } ?? share.map { .share($0) } ?? CheckpointConfiguration.standard.onOutput
    }
}

private enum ArbiterKind: String, CaseIterable {
    case none
    case command
}
