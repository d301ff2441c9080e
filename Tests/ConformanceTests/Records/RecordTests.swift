import QMP
import Testing

extension ConformanceTests {
    /// Single calls that were recorded from QEMU 7.2.
    @Suite("Recorded calls", needsColod())
    struct RecordTests {
        @Test("calls that a fresh QEMU reproduces are answered the same")
        func freshRecords() throws {
            let player = RecordPlayer(.colod)
            var table = DifferenceTable("errors-fresh.jsonl", deliberate: DeliberateDifferences.records)
            for record in try DataFolder.jsonLines("errors-fresh.jsonl").compactMap(Record.init) {
                let got = Result { try player.play(record) }
                if case .success(record.reply) = got {
                    table.agree()
                } else {
                    table.differ(
                        record.name, call: record.call, expected: record.reply.text(), got: describe(got))
                }
            }
            table.report()
        }

        /// Some of these were recorded from a server that had been called before; QEMU itself tells which.
        @Test("all other single calls are answered as recorded, or as a fresh QEMU answers them today", needsQEMU())
        func allRecords() throws {
            let fresh = Set(try DataFolder.jsonLines("errors-fresh.jsonl").compactMap { $0["n"]?.integer })
            let player = RecordPlayer(.colod, replyLimit: .milliseconds(1500))
            let oracle = RecordPlayer(.qemu, replyLimit: .milliseconds(1500))
            var table = DifferenceTable("errors.jsonl", deliberate: DeliberateDifferences.otherRecords)
            for record in try DataFolder.jsonLines("errors.jsonl").compactMap(Record.init)
            where !fresh.contains(record.number) && record.reply != "[no reply]" {
                let got = Result { try player.play(record) }
                if case .success(record.reply) = got {
                    table.agree()
                    continue
                }
                let today = describe(Result { try oracle.play(record) })
                if describe(got) == today {
                    table.agree()
                } else {
                    table.differ(
                        record.name, call: record.call, expected: "\(record.reply.text()), today \(today)",
                        got: describe(got))
                }
            }
            table.report(atLeast: 0)
        }
    }
}

private func describe(_ result: Result<JSONValue, any Error>) -> String {
    switch result {
    case .success(let value): value.text()
    case .failure(let error): "\(error)"
    }
}
