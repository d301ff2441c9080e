import QMP
import Testing

/// Where colod answers otherwise than QEMU 7.2 on purpose.
struct DeliberateDifference {
    /// Which case it is about, as the table names it; a star at the end stands for any text.
    let name: String
    /// What colod's answer says then; nil for anything.
    let saying: String?
    /// Why.
    let reason: String

    init(_ name: String, saying: String? = nil, _ reason: String) {
        self.name = name
        self.saying = saying
        self.reason = reason
    }

    /// Whether it is about this case.
    func explains(_ row: DifferenceTable.Row) -> Bool {
        (name.hasSuffix("*") ? row.name.hasPrefix(name.dropLast()) : name == row.name)
            && (saying.map { row.got.contains($0) } ?? true)
    }
}

/// Collects agreements and differences, and prints them as one table.
struct DifferenceTable {
    /// One case that did not agree.
    struct Row {
        let name: String
        let call: String
        let expected: String
        let got: String
    }

    let title: String
    private(set) var agreed = 0
    private(set) var rows: [Row] = []
    private var remarks: [String] = []
    private let deliberate: [DeliberateDifference]

    /// Whether all differences whose names begin alike, up to a comma, are of one case.
    private let isGrouped: Bool

    init(_ title: String, deliberate: [DeliberateDifference], isGrouped: Bool = false) {
        self.title = title
        self.isGrouped = isGrouped
        self.deliberate = deliberate
    }

    /// How many cases there were.
    var total: Int { agreed + differed }

    private var differed: Int {
        isGrouped ? Set(rows.map { $0.name.prefix { $0 != "," } }).count : rows.count
    }

    /// Counts a case that agreed.
    mutating func agree() { agreed += 1 }

    /// Counts a case that agreed, with a line of its own in the table.
    mutating func agree(_ name: String, remark: String?) {
        agreed += 1
        remarks.append("  \(name): agrees\(remark.map { ", as far as it is played: \($0)" } ?? "")")
    }

    /// Notes a case that is not tried yet.
    mutating func leaveOut(_ name: String, why: String) { remarks.append("  \(name): left out, \(why)") }

    /// Notes a case that did not.
    mutating func differ(_ name: String, call: String, expected: String, got: String) {
        rows.append(Row(name: name, call: call, expected: expected, got: got))
    }

    private func reason(of row: Row) -> String? { deliberate.first { $0.explains(row) }?.reason }

    /// Prints the table; a difference without a reason fails the test, and so does a reason without its difference.
    func report(atLeast percent: Double = 98, checkingForStaleReasons: Bool = true) {
        print("\(title): \(agreed) of \(total) agree, \(differed) differ")
        for remark in remarks { print(remark) }
        for row in rows {
            print("  \(row.name)")
            print("    call      \(row.call.prefix(400))")
            print("    expected  \(row.expected.prefix(400))")
            print("    got       \(row.got.prefix(400))")
            print("    reason    \(reason(of: row) ?? "none")")
        }
        let unexplained = rows.filter { reason(of: $0) == nil }.map(\.name)
        #expect(unexplained.isEmpty, "\(title): differences without a reason")
        if checkingForStaleReasons {
            let stale = deliberate.filter { entry in !rows.contains { entry.explains($0) } }.map(\.name)
            #expect(stale.isEmpty, "\(title): reasons without their difference")
        }
        #expect(total > 0 && Double(agreed) >= Double(total) * percent / 100, "\(title): too few agree")
    }
}
