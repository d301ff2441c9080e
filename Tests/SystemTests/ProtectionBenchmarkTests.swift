import PairLab
import QMP
import Testing

extension SystemTests {
    /// What `colobench protection` prints of a short run.
    @Suite("Protection benchmark", needsPair())
    struct ProtectionBenchmarkTests {
        @Test(
            "a guest is measured without and with protection, with and without encryption",
            arguments: ["default", "none"])
        func figures(encryption: String) throws {
            let (end, text) = try run(
                [
                    ProtectedPair.builtProgram("colobench"), "protection", "--guest", Guest.folder, "--seconds", "1",
                    "--connections", "1", "5", "--pipeline", "4", "--periods", "20", "--encryption", encryption,
                    "--json",
                ], within: .seconds(120))
            try #require(end == .exited(0), "\(text)")
            let figures = try JSONStreamParser.parse(text)
            let unprotected = try #require(figures["unprotected"]?.array, "\(text)")
            let protected = try #require(figures["protected"]?.array, "\(text)")
            for rows in [unprotected, protected] {
                #expect(rows.map { $0["connections"] } == [1, 5], "\(text)")
                #expect(rows.allSatisfy { $0["pipeline"] == 4 && $0["unanswered"] == 0 }, "\(text)")
                #expect(rows.allSatisfy { number($0["requests_per_s"]) ?? 0 > 10 }, "\(text)")
                #expect(rows.allSatisfy { number($0["primary_cores"]) ?? 0 > 0 }, "\(text)")
            }
            for row in protected + (figures["ping"]?["protected"]?.array ?? []) {
                #expect(row["period"] == "20 ms" && row["period_ms"] == 20, "\(text)")
                for key in ["checkpoints_per_s", "bytes_per_checkpoint", "bytes_per_s", "secondary_cores"] {
                    #expect(number(row[key]) ?? 0 > 0, "\(key) in \(text)")
                }
                #expect(number(row["pause_ms"]?["median"]) ?? 0 > 0, "\(text)")
            }
            #expect(figures["ping"]?["unprotected"]?.array?.count == 1, "\(text)")
            #expect(number(figures["idle"]?["cores"]) ?? 0 > 0 && number(figures["idle"]?["bytes_per_s"]) ?? 0 > 0)
            #expect(
                figures["encryption"]?.string?.hasPrefix(encryption == "none" ? "none" : "TLS1.3") == true, "\(text)")
            #expect(figures["failures"] == [], "\(text)")
        }

        private func number(_ value: JSONValue?) -> Double? {
            switch value {
            case .double(let number): number
            case .integer(let number): Double(number)
            default: nil
            }
        }
    }
}
