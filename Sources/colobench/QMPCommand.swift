import ArgumentParser
import Environment
import PairLab
import QMP
import Synchronization
import SystemCalls

/// How fast the management socket answers, beside real QEMU with the same client in the same run.
struct QMPBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qmp", abstract: "Commands per second of colod and of QEMU, and how long query-status takes.",
        discussion: """
            Each case runs in alternating rounds against both programs; the ratio is the median of the rounds' ratios. \
            With --during-migration the latency is also measured while colod migrates at full speed, and while it \
            makes checkpoints without a break.
            """)

    @OptionGroup var output: OutputOptions

    @Option(help: "The colod to run. Default: the one built beside this program.")
    var colod = ProtectedPair.builtProgram("colod")

    @Option(help: "Rounds of each case.")
    var rounds = 5

    @Option(help: "Milliseconds of one measurement.")
    var time = 500

    @Flag(help: "Also measure the latency of a colod that migrates and of one that makes checkpoints.")
    var duringMigration = false

    /// How many clients, and how many commands each sends before it waits for replies.
    private static let cases: [(name: String, clients: Int, depth: Int)] = [
        ("one_client", 1, 1), ("eight_clients", 8, 1), ("one_client_pipelined", 1, 32),
        ("eight_clients_pipelined", 8, 32),
    ]
    private static let samples = 2000

    func validate() throws {
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be 1 to 1000") }
        guard (10...60_000).contains(time) else { throw ValidationError("--time must be 10 to 60000") }
    }

    func run() throws {
        try endCleanlyWhenInterrupted()
        guard QEMUPeer.isInstalled else { throw LabError("there is no \(QEMUPeer.path) to compare with") }
        let folder = try TemporaryFolder(prefix: "colod-bench")
        var members: JSONObject = [:]
        var lines: [String] = []
        do {
            let servers = try QMPServers(in: folder, colod: colod, clients: 8)
            for (name, clients, depth) in Self.cases {
                let figures = try compare(servers, clients: clients, depth: depth)
                members[name] = figures.json
                lines.append("\(name.replacing("_", with: " ")): \(figures.text)")
            }
            try note("query_status_ms", "query-status", try latency(servers.colod), &members, &lines)
            try note("query_status_qemu_ms", "query-status of QEMU", try latency(servers.qemu[0]), &members, &lines)
        }
        if duringMigration {
            let migrating = try BusyColod(in: folder, colod: colod, inCOLO: false)
            try note(
                "query_status_migrating_ms", "query-status during migrations", try latency(whileMigrating: migrating),
                &members, &lines)
            let replicating = try BusyColod(in: folder, colod: colod, inCOLO: true)
            try note(
                "query_status_checkpoints_ms", "query-status during checkpoints", try latency(replicating.path),
                &members, &lines)
        }
        output.print(members, text: lines.joined(separator: "\n"))
    }

    private func compare(_ servers: QMPServers, clients: Int, depth: Int) throws -> Comparison {
        var comparison = Comparison()
        for _ in 0..<rounds {
            let ours = try QMPLoad.rate(
                of: Array(repeating: servers.colod, count: clients), depth: depth, for: .milliseconds(UInt64(time)))
            let theirs = try QMPLoad.rate(
                of: Array(servers.qemu.prefix(clients)), depth: depth, for: .milliseconds(UInt64(time)))
            comparison.colod.append(ours)
            comparison.qemu.append(theirs)
        }
        return comparison
    }

    /// Single commands with a pause between them, as a monitoring program sends them.
    private func latency(_ path: String) throws -> Spread {
        let client = try QMPLoadClient(path: path)
        return Spread(
            try (0..<Self.samples).map { _ in
                pause(.milliseconds(1))
                return try client.latency()
            })
    }

    private func latency(whileMigrating busy: BusyColod) throws -> Spread {
        let client = try QMPLoadClient(path: busy.path)
        let isDone = Atomic<Bool>(false)
        let values = Mutex<[Double]>([])
        let sampler = Sampler(client)
        let thread = try Thread(name: "sampler") {
            while !isDone.load(ordering: .relaxed) {
                pause(.milliseconds(1))
                guard let value = try? sampler.client.latency() else { return }
                values.withLock { $0.append(value) }
            }
        }
        defer {
            isDone.store(true, ordering: .relaxed)
            thread.join()
        }
        while values.withLock({ $0.count }) < Self.samples { try busy.migrateOnce() }
        return Spread(values.withLock { $0 })
    }

    private func note(
        _ key: String, _ name: String, _ spread: Spread, _ members: inout JSONObject, _ lines: inout [String]
    ) throws {
        members[key] = spread.json
        lines.append(
            "\(name): median \(decimal(spread.median, 3)) ms, p99 \(decimal(spread.p99, 3)) ms, "
                + "longest \(decimal(spread.max, 3)) ms")
    }
}

/// Lets the client travel to the thread that samples.
private struct Sampler: @unchecked Sendable {
    // SAFETY: the client is used by that thread alone.
    let client: QMPLoadClient
    init(_ client: QMPLoadClient) { self.client = client }
}

/// Commands per second of both programs, round by round.
private struct Comparison {
    var colod: [Double] = []
    var qemu: [Double] = []

    private var ratio: Double { Spread(zip(colod, qemu).map { $0 / max($1, 1) }).median }

    var json: JSONValue {
        [
            "colod_per_second": .double(Spread(colod).median.rounded()),
            "qemu_per_second": .double(Spread(qemu).median.rounded()),
            "ratio": .double((ratio * 100).rounded() / 100),
        ]
    }

    var text: String {
        "colod \(decimal(Spread(colod).median, 0)) commands a second, QEMU \(decimal(Spread(qemu).median, 0)), "
            + "ratio \(decimal(ratio, 2))"
    }
}
