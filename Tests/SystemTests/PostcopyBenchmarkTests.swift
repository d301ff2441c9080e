import PairLab
import QMP
import Testing

extension SystemTests {
    /// What `colobench postcopy` prints, of a small machine.
    @Suite("Postcopy benchmark", needsColod())
    struct PostcopyBenchmarkTests {
        @Test("both machines are measured, and the host's own round trip", arguments: ["tcp", "unix"])
        func figures(transport: String) throws {
            let (end, text) = try run(
                [
                    ProtectedPair.builtProgram("colobench"), "postcopy", "--size", "32", "--touches", "100",
                    "--rounds", "1", "--transport", transport, "--without-qemu", "--json",
                ], within: .seconds(120))
            try #require(end == .exited(0), "\(text)")
            let figures = try JSONStreamParser.parse(text)
            for machine in [figures, figures["none"] ?? .null] {
                for key in ["idle_us", "bare_us"] {
                    let median = try #require(number(machine[key]?["median"]), "\(key) in \(text)")
                    let p99 = try #require(number(machine[key]?["p99"]), "\(key) in \(text)")
                    #expect(median >= 4 && p99 >= median, "\(key) in \(text)")
                }
                // A small memory may have come before anybody asked.
                for key in ["busy_us", "busy_preempt_us"] { #expect(number(machine[key]?["median"]) != nil, "\(key)") }
                for key in ["switchover_ms", "total_s"] {
                    #expect(try #require(number(machine[key]), "\(key) in \(text)") > 0)
                }
            }
        }

        @Test("more touches than there are pages are refused")
        func tooManyTouches() throws {
            let (end, text) = try run([
                ProtectedPair.builtProgram("colobench"), "postcopy", "--size", "16", "--touches", "2049",
            ])
            #expect(end == .exited(64))
            #expect(text.contains("--touches must be 1 to 2048 with --size 16"))
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
