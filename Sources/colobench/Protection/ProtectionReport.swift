import PairLab
import QMP

/// All that was measured, as a table and as an object.
struct ProtectionReport {
    /// An idle guest with one kind of protection.
    struct Idle {
        var setting: ProtectionSetting
        var period: Int64?
        var rates: PairRates

        fileprivate var cores: Double { rates.primaryCores + rates.secondaryCores }

        fileprivate var json: JSONObject {
            var members = rates.checkpointMembers
            members["cores"] = .double(rounded(cores, 4))
            members["period"] = .string(setting.title)
            members["period_ms"] = period.map { JSONValue($0) } ?? .null
            return members
        }
    }

    /// A case that gave no figures, and why.
    struct Failure {
        var setting: ProtectionSetting
        /// "idle", or the case.
        var what: String
        var reason: String
    }

    /// What colod says of the replication channel; nil without a pair.
    var encryption: String?
    var rows: [ProtectionRow] = []
    var idle: [Idle] = []
    var failures: [Failure] = []

    private func base(of load: ProtectionCase) -> ProtectionRow? {
        rows.first { $0.setting == .unprotected && $0.load == load }
    }

    /// The object that `--json` prints. `idle` is that of the first kind of protection; `idle_by_period` has all.
    var json: JSONObject {
        func list(_ isIn: (ProtectionRow) -> Bool) -> JSONValue {
            .array(rows.filter(isIn).map { .object($0.json(beside: base(of: $0.load))) })
        }
        let protected = idle.filter { $0.setting != .unprotected }
        var idleMembers = protected.first?.json ?? [:]
        if let alone = idle.first(where: { $0.setting == .unprotected }) {
            idleMembers["unprotected_cores"] = .double(rounded(alone.cores, 4))
        }
        return [
            "unprotected": list { $0.setting == .unprotected && $0.load != .ping },
            "protected": list { $0.setting != .unprotected && $0.load != .ping },
            "ping": [
                "unprotected": list { $0.setting == .unprotected && $0.load == .ping },
                "protected": list { $0.setting != .unprotected && $0.load == .ping },
            ],
            "idle": .object(idleMembers), "idle_by_period": .array(protected.map { .object($0.json) }),
            "encryption": encryption.map { .string($0) } ?? .null,
            "failures": .array(
                failures.map {
                    ["period": .string($0.setting.title), "case": .string($0.what), "reason": .string($0.reason)]
                }),
        ]
    }

    private static let heads = [
        "", "req/s", "", "p50 ms", "", "p99 ms", "", "max ms", "stuck", "ckpt/s", "KiB each", "pause ms", "p99", "max",
        "woke late p99", "MB/s", "cores a", "b",
    ]

    /// The table, and below it what idles cost and what failed.
    var text: String {
        var blocks: [[String]] = [["replication channel: \(encryption ?? "none")"]]
        var cases: [ProtectionCase] = []
        for row in rows where !cases.contains(row.load) { cases.append(row.load) }
        let lines = cases.flatMap { load in
            [[load.title]] + rows.filter { $0.load == load }.map { $0.cells(beside: base(of: load)) }
        }
        if !lines.isEmpty { blocks.append(Self.table([Self.heads] + lines)) }
        let idleLines = idle.map {
            $0.setting == .unprotected
                ? [$0.setting.title, fixed($0.cores, 4)]
                : [$0.setting.title, fixed($0.cores, 4)] + $0.rates.checkpointCells + [
                    fixed($0.rates.linkBytesPerSecond / 1_000_000, 3)
                ]
        }
        if !idleLines.isEmpty {
            let heads = ["idle", "cores", "ckpt/s", "KiB each", "pause ms", "p99", "max", "MB/s"]
            blocks.append(Self.table([heads] + idleLines))
        }
        blocks.append(failures.map { "no figures of \($0.setting.title), \($0.what): \($0.reason)" })
        return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    /// Columns as wide as they have to be; a line of one cell stands for itself.
    static func table(_ lines: [[String]]) -> [String] {
        var widths: [Int] = []
        for line in lines where line.count > 1 {
            for (column, cell) in line.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return lines.map { line in
            guard line.count > 1 else { return line.joined() }
            let cells = line.enumerated().map { column, cell in
                let room = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? "  \(cell)\(room)" : room + cell
            }
            return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }
    }
}
