import ArgumentParser
import Environment
import Glibc
import PairLab
import QMP

/// Moves a guest under load from host to host by each feature, and prints how long it stood beside the limit.
struct MigrateGuestBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate-guest",
        abstract: "A Redis guest under load moves between two hosts by each feature: downtime beside its limit.",
        discussion: """
            Downtime is what the source's query-migrate says in the end; that of a file is the time until the guest's last \
            pages and devices were written, and the guest stands until the file is read. The gap is the longest time that \
            a client waited for an answer meanwhile.
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var lab: LabOptions

    @Option(help: "How long the guest may stand, in milliseconds.")
    var downtimeLimit = 300

    @Option(help: "Only features whose name contains this.")
    var feature: String?

    func validate() throws {
        guard (1...2_000_000).contains(downtimeLimit) else {
            throw ValidationError("--downtime-limit must be 1 to 2000000")
        }
    }

    func run() throws {
        try endCleanlyWhenInterrupted()
        if let reason = PairNetwork.missingRights { throw LabError(reason) }
        let features = GuestMigration.all.filter { feature.map($0.name.contains) ?? true }
        guard !features.isEmpty else {
            throw LabError("no such feature; there are: \(GuestMigration.all.map(\.name).joined(separator: ", "))")
        }
        let guest = try MovingGuest(try lab.pairConfiguration().guest, program: lab.colod)
        guest.downtimeLimit = downtimeLimit
        try guest.boot()
        let load = try guest.startLoad()
        var rows: [JSONValue] = []
        for feature in features {
            let report = try guest.move(by: feature)
            try load.waitForEveryConnection(after: report.span.upperBound, within: ProtectedPair.recoveryDeadline)
            let gap = load.report.longestGap(in: report.span)
            rows.append(row(report, gap))
            if !output.json {
                print(report.line(longestGap: gap))
                fflush(nil)
            }
        }
        let ledger = load.stop()
        let lost = try ledger.lostWrites(askedOf: guest.redis())
        output.print(
            [
                "migrations": .array(rows), "acknowledged": JSONValue(ledger.acknowledged),
                "lost": JSONValue(lost.count), "connections_lost": JSONValue(ledger.failures.count),
            ],
            text: "\(ledger.acknowledged) writes acknowledged, \(lost.count) lost, "
                + "\(ledger.failures.count) connections lost")
        if !lost.isEmpty || !ledger.failures.isEmpty { throw ExitCode.failure }
    }

    private func row(_ report: GuestMigrationReport, _ gap: Nanoseconds) -> JSONValue {
        [
            "feature": .string(report.name), "downtime_ms": JSONValue(report.downtime),
            "downtime_limit_ms": JSONValue(report.downtimeLimit),
            "longest_gap_ms": .double(gap.inMilliseconds.rounded()), "total_ms": .double(report.milliseconds.rounded()),
            "passes": JSONValue(report.passes), "feature_used": .boolean(report.wasUsed),
        ]
    }
}
