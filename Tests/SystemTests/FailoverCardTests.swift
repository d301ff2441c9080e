import Environment
import PairLab
import QMP
import SystemCalls
import Testing

extension SystemTests {
    /// A Linux guest with two cards of one address: it uses the primary one, and gives it up before it moves.
    @Suite("Failover pair of cards", needsPair())
    struct FailoverCardTests {
        private static let guestLimit: Duration = .seconds(60)
        private static let replugged = "failover primary slave:eth2 registered"
        private static let unplugged = "failover primary slave:eth2 unregistered"

        @Test(
            "a guest whose migration is cancelled has its card again, one that moves has another one there, and clients go on"
        )
        func guestMoves() throws {
            let lab = try FailoverLab()
            let source = try lab.start(.a)
            try lab.waitForConsole(of: .a, Self.replugged)
            try lab.waitForConsole(of: .a, "Ready to accept connections")
            let load = try LoadGenerator(PairNetwork.guestAddress, from: lab.network.client, connections: 3)
            try load.waitForWrites(50, within: Self.guestLimit)
            #expect(try lab.guestSends(through: "tap1", of: .a, under: load))
            #expect(try !lab.guestSends(through: "tap0", of: .a, under: load))

            try source.setMigration(bandwidth: 1 << 20)
            try source.execute("migrate", ["uri": "exec:cat >/dev/null"])
            try source.expectUnplug()
            try lab.waitForConsole(of: .a, Self.unplugged)
            #expect(try lab.guestSends(through: "tap0", of: .a, under: load))
            try source.execute("migrate_cancel")
            _ = try source.waitForEvent("MIGRATION", within: .seconds(10)) { $0["data"]?["status"] == "cancelled" }
            try lab.waitForConsole(of: .a, Self.replugged, times: 2)
            #expect(try lab.guestSends(through: "tap1", of: .a, under: load))

            let destination = try lab.start(.b, incoming: "tcp:\(lab.replicationAddress):4444")
            try source.setMigration(bandwidth: 0)
            try source.execute("migrate", ["uri": .string("tcp:\(lab.replicationAddress):4444")])
            try source.expectUnplug()
            _ = try source.waitForEvent("MIGRATION", within: Self.guestLimit) { $0["data"]?["status"] == "completed" }
            try lab.waitForConsole(of: .b, Self.replugged)
            #expect(try destination.guestRuns())
            #expect(try lab.guestSends(through: "tap1", of: .b, under: load))
            let report = load.stop()
            #expect(report.failures.isEmpty)
            let client = try RedisClient(PairNetwork.guestAddress, from: lab.network.client)
            #expect(try report.lostWrites(askedOf: client).isEmpty)
        }
    }
}

extension QMPClient {
    fileprivate func setMigration(bandwidth: Int) throws {
        try execute("migrate-set-parameters", ["max-bandwidth": JSONValue(bandwidth)])
    }

    /// The events up to the beginning of the copy, in their order.
    fileprivate func expectUnplug() throws {
        let begin = history.lastIndex(of: "MIGRATION setup") ?? 0
        _ = try waitForEvent("MIGRATION", within: .seconds(30)) { $0["data"]?["status"] == "active" }
        #expect(
            history[begin...].prefix(5) == [
                "MIGRATION setup", "UNPLUG_PRIMARY", "MIGRATION_PASS 1", "MIGRATION wait-unplug", "MIGRATION active",
            ])
    }
}

/// Two hosts with a colod each, whose guest has its standby card on tap0 and its primary card on tap1 of the same bridge.
private final class FailoverLab {
    let network: PairNetwork
    private let folder: TemporaryFolder
    private var processes: [Side: ManagedProcess] = [:]

    init() throws {
        network = try PairNetwork()
        folder = try TemporaryFolder(prefix: "colod-failover")
    }

    deinit { for process in processes.values { process.killAndWait() } }

    /// Where the second host waits for the guest.
    var replicationAddress: String { PairNetwork.address(of: .b, on: .replication) }

    func start(_ side: Side, incoming: String? = nil) throws -> QMPClient {
        try folder.write(try configuration(side), to: "\(side.rawValue).yaml")
        let command = [ProtectedPair.builtProgram("colod"), "--config", folder.path("\(side.rawValue).yaml")]
        processes[side] = try network[side].start(
            command + (incoming.map { ["--incoming", $0] } ?? []), log: folder.path("\(side.rawValue).log"))
        let client = try QMPClient(path: folder.path("\(side.rawValue).qmp"))
        try client.execute(
            "migrate-set-capabilities", ["capabilities": [["capability": "events", "state": true]]])
        return client
    }

    private func configuration(_ side: Side) throws -> String {
        let words = try readText("\(Guest.folder)/cmdline")
        return """
            guest:
              name: lab
              machine: riscv64
              memory: 256M
              kernel: \(Guest.folder)/Image
              initrd: \(Guest.folder)/initramfs.cpio
              append: "\(words) loglevel=7 ip4=\(PairNetwork.guestAddress)/24"
              console: file:\(folder.path("\(side.rawValue).console"))
              network:
                - {backend: tap, tap: tap0, bridge: br0, failover: true, primary: {backend: tap, tap: tap1, bridge: br0}}
            management: {qmp: "unix:\(folder.path("\(side.rawValue).qmp"))"}

            """
    }

    /// Waits until the guest's kernel has said `text` so often on that host.
    func waitForConsole(of side: Side, _ text: String, times: Int = 1) throws {
        let clock = SystemClock()
        let deadline = clock.now() + .seconds(60)
        while clock.now() < deadline {
            let console = (try? folder.read("\(side.rawValue).console")) ?? ""
            if console.split(whereSeparator: \.isNewline).count(where: { $0.contains(text) }) >= times { return }
            if let end = processes[side]?.status { throw LabError("colod ended: \(end)\n\(log(side))") }
            pause(.milliseconds(50))
        }
        throw LabError("the guest did not say '\(text)' in time\n\(log(side))")
    }

    /// Whether answers of the guest to a load that goes on come by way of that interface.
    func guestSends(through interface: String, of side: Side, under load: LoadGenerator) throws -> Bool {
        let record = try network[side].recordFrames(from: interface)
        try load.waitForWrites(20, after: SystemClock().now(), within: .seconds(30))
        // IPv4, and more than an announcement.
        return record.newFrames().contains { $0.split(separator: " ").last?.dropFirst(24).hasPrefix("0800") == true }
    }

    private func log(_ side: Side) -> String {
        ["log", "console"].map { (try? folder.read("\(side.rawValue).\($0)")) ?? "" }.joined(separator: "\n")
    }
}
