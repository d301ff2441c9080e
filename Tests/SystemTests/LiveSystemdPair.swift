import Environment
import PairLab

/// Two colods that are units of one systemd, `colod@one` (primary) and `colod@two` (secondary), with a guest without
/// vCPUs; they find each other over loopback.
struct LiveSystemdPair {
    let container: SystemdContainer
    /// What of the pair's addresses is not on loopback's own network.
    var heartbeats: [(one: String, two: String)] = [("127.0.0.1:7801", "127.0.0.2:7801")]
    /// How long two units may take to be up, and a pair to be protected.
    static let deadline = Nanoseconds.seconds(20)

    /// Writes both configuration files, and `dropIn` for the units' [Service].
    func install(dropIn: String = "") throws {
        try container.check(
            "head -c 32 /dev/urandom | base64 > /etc/colod/key && chown root:colod /etc/colod/key "
                + "&& chmod 640 /etc/colod/key")
        for (name, role) in [("one", "primary"), ("two", "secondary")] {
            try container.write(configuration(name: name, role: role), to: "/etc/colod/\(name).yaml")
        }
        if !dropIn.isEmpty {
            try container.write("[Service]\n\(dropIn)", to: "/etc/systemd/system/colod@.service.d/test.conf")
        }
        try container.check("systemctl daemon-reload")
    }

    private func configuration(name: String, role: String) -> String {
        func list(_ addresses: [String]) -> String { addresses.map { "\"tcp:\($0)\"" }.joined(separator: ", ") }
        return """
            role: \(role)
            guest: {name: lab, machine: none, memory: 16M}
            management: {qmp: "unix:/run/colod/\(name).qmp"}
            state-directory: /var/lib/colod/\(name)
            failover: automatic
            pair:
              primary: {replication: "tcp:127.0.0.1:7800", heartbeat: [\(list(heartbeats.map(\.one)))]}
              secondary: {replication: "tcp:127.0.0.2:7800", heartbeat: [\(list(heartbeats.map(\.two)))]}
              key-file: /etc/colod/key
            """
    }

    /// Starts a unit; throws if its job has not ended soon.
    func start(_ name: String) throws {
        try container.check("systemctl start colod@\(name)", within: .seconds(10))
    }

    /// Waits until the unit's side says that the guest is protected.
    func waitForProtection(of name: String) throws {
        try container.waitFor(
            "protected", within: Self.deadline,
            "coloctl check --socket /run/colod/\(name).qmp | grep -F ', protected' && \(Self.noJobs)")
    }

    /// Succeeds if no job waits for anything.
    static let noJobs = "systemctl list-jobs | grep -q 'No jobs'"

    /// Everything that shows whether a unit was ever restarted or killed.
    func health(of name: String) throws -> String {
        try container.check("systemctl show -p ActiveState,SubState,NRestarts,Result colod@\(name)")
            .split(separator: "\n").sorted().joined(separator: " ")
    }

    /// What `health` is of a unit that runs and was never restarted.
    static let healthy = "ActiveState=active NRestarts=0 Result=success SubState=running"

    /// What a unit's journal holds.
    func journal(of name: String) throws -> String { try container.check("journalctl -o cat -u colod@\(name)") }
}
