import Glibc

/// The flags of `colod` that describe machine and start, as text: they go through the same validation as the file, and
/// a problem names the flag.
public struct CommandLineOverrides: Sendable, Equatable {
    /// --role
    public var role: String?
    /// --machine
    public var machine: String?
    /// --memory
    public var memory: String?
    /// --memory-backing
    public var memoryBacking: String?
    /// --vcpus
    public var vcpus: String?
    /// --kernel
    public var kernel: String?
    /// --initrd
    public var initrd: String?
    /// --append
    public var append: String?
    /// --firmware
    public var firmware: String?
    /// --console
    public var console: String?
    /// --name
    public var name: String?
    /// --uuid
    public var uuid: String?
    /// --qmp ADDRESS[,pretty=on], once for each socket; replaces the sockets of the file.
    public var qmp: [String] = []
    /// --state-directory
    public var stateDirectory: String?
    /// --disk FILE[,readonly], once for each disk; replaces the disks of the file.
    public var disks: [String] = []
    /// --net tap,tap=NAME[,bridge=B][,mac=M] or user[,forward=RULE…][,mac=M], once for each card; replaces the cards of
    /// the file.
    public var networks: [String] = []
    /// --incoming
    public var incoming: String?
    /// --paused or -S
    public var paused = false

    /// No flags.
    public init() {}

    /// `tree` with the flags in the places of the keys that they overrule.
    func merge(into tree: ConfigurationNode) -> ConfigurationNode {
        let plain: [(flag: String, path: [String], value: String?)] = [
            ("--role", ["role"], role), ("--machine", ["guest", "machine"], machine),
            ("--memory", ["guest", "memory"], memory),
            ("--memory-backing", ["guest", "memory-backing"], memoryBacking.map(absoluteAddress)),
            ("--vcpus", ["guest", "vcpus"], vcpus),
            ("--kernel", ["guest", "kernel"], kernel.map(absolute)),
            ("--initrd", ["guest", "initrd"], initrd.map(absolute)), ("--append", ["guest", "append"], append),
            ("--firmware", ["guest", "firmware"], firmware.map(absolute)),
            ("--console", ["guest", "console"], console.map(absoluteAddress)), ("--name", ["guest", "name"], name),
            ("--uuid", ["guest", "uuid"], uuid),
            ("--state-directory", ["state-directory"], stateDirectory.map(absolute)),
        ]
        var tree = tree
        for (flag, path, value) in plain {
            guard let value else { continue }
            tree = tree.replacing(path[...], with: ConfigurationNode(origin: .flag(flag), content: .scalar(value)))
        }
        if !qmp.isEmpty { tree = tree.replacing(["management", "qmp"], with: list("--qmp", qmp, monitor)) }
        if !disks.isEmpty { tree = tree.replacing(["guest", "disks"], with: list("--disk", disks, disk)) }
        if !networks.isEmpty { tree = tree.replacing(["guest", "network"], with: list("--net", networks, card)) }
        return tree
    }

    /// What stands only on the command line, as a section of its own.
    func startSection(problems: ProblemList) -> Section {
        var entries: [ConfigurationNode.Entry] = []
        if let incoming { entries.append(entry("incoming", absoluteAddress(incoming), "--incoming")) }
        let node = ConfigurationNode(origin: .commandLine, content: .mapping(entries))
        return Section(node, path: "", keys: ["incoming"], problems: problems)
    }

    private func list(
        _ flag: String, _ values: [String], _ convert: (String, String) -> ConfigurationNode
    ) -> ConfigurationNode {
        ConfigurationNode(origin: .flag(flag), content: .sequence(values.map { convert($0, flag) }))
    }

    /// ADDRESS[,pretty=on]; `server` and `wait`, which QEMU's users are used to, change nothing.
    private func monitor(_ value: String, _ flag: String) -> ConfigurationNode {
        let parts = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        var entries = [entry("address", absoluteAddress(parts[0]), flag)]
        for option in parts.dropFirst() {
            let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if ["server", "wait", "nowait"].contains(pair[0]) { continue }
            let text = pair.count == 2 ? pair[1] : "on"
            entries.append(entry(pair[0], ["on": "true", "off": "false"][text] ?? text, flag))
        }
        return ConfigurationNode(origin: .flag(flag), content: .mapping(entries))
    }

    /// FILE[,readonly]
    private func disk(_ value: String, _ flag: String) -> ConfigurationNode {
        let parts = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        var entries = [entry("file", absolute(parts[0]), flag)]
        for option in parts.dropFirst() {
            entries.append(option == "readonly" ? entry("read-only", "true", flag) : entry(option, "", flag))
        }
        return ConfigurationNode(origin: .flag(flag), content: .mapping(entries))
    }

    /// BACKEND[,KEY=VALUE…]
    private func card(_ value: String, _ flag: String) -> ConfigurationNode {
        let parts = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        var entries = [entry("backend", parts[0], flag)]
        var forwards: [ConfigurationNode] = []
        for option in parts.dropFirst() {
            let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let text = pair.count == 2 ? pair[1] : ""
            if pair[0] == "forward" {
                forwards.append(ConfigurationNode(origin: .flag(flag), content: .scalar(text)))
            } else {
                entries.append(entry(pair[0], text, flag))
            }
        }
        if !forwards.isEmpty {
            let rules = ConfigurationNode(origin: .flag(flag), content: .sequence(forwards))
            entries.append(ConfigurationNode.Entry(key: "forward", origin: .flag(flag), value: rules))
        }
        return ConfigurationNode(origin: .flag(flag), content: .mapping(entries))
    }

    private func entry(_ key: String, _ value: String, _ flag: String) -> ConfigurationNode.Entry {
        let node = ConfigurationNode(origin: .flag(flag), content: .scalar(value))
        return ConfigurationNode.Entry(key: key, origin: .flag(flag), value: node)
    }

    /// A path of a flag is meant from the directory that the command was started in: getcwd(3).
    private func absolute(_ path: String) -> String {
        guard !path.isEmpty, !path.hasPrefix("/"), let buffer = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(buffer) }
        // SAFETY: getcwd returned a zero-terminated string of its own, which is freed after the copy.
        let directory = unsafe String(cString: buffer)
        return directory == "/" ? "/\(path)" : "\(directory)/\(path)"
    }

    /// The same for the path behind `unix:`, `file:` or `hugetlb:`.
    private func absoluteAddress(_ text: String) -> String {
        for prefix in ["unix:", "file:", "hugetlb:"] {
            if let path = text.suffix(after: prefix) { return prefix + absolute(path) }
        }
        return text
    }
}
