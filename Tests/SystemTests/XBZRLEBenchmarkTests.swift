import PairLab
import QMP
import Testing

extension SystemTests {
    /// What `colobench migrate --pages xbzrle` prints, of a small machine.
    @Suite("Benchmark of differences", needsColod())
    struct XBZRLEBenchmarkTests {
        /// A source that is a QEMU is a course of its own.
        private static var pairs: [String] {
            ["colod-colod"] + (QEMUPeer.isInstalled ? ["qemu-colod", "qemu-qemu"] : [])
        }

        @Test("differences alone are measured, of pages that were zero, too")
        func figures() throws {
            let (end, text) = try run(
                [
                    ProtectedPair.builtProgram("colobench"), "migrate", "--size", "16", "--rounds", "2", "--memory",
                    "hot", "--content", "half", "--transport", "unix", "--pages", "xbzrle", "--changed-words", "3",
                    "--json", "--pairs",
                ] + Self.pairs, within: .seconds(120))
            try #require(end == .exited(0), "\(text)")
            let runs = try #require(try JSONStreamParser.parse(text)["runs"]?.array, "\(text)")
            #expect(runs.count == Self.pairs.count)
            for run in runs {
                #expect(run["pages"]?.string == "xbzrle")
                #expect(run["xbzrle_pages"]?.integer == 4096)
                #expect(run["xbzrle_overflow"]?.integer == 0)
                // Three runs of eight bytes, where they lie in one or two bytes each; encoding and length.
                let bytes = try #require(run["xbzrle_bytes"]?.integer)
                #expect(bytes >= 4096 * 33 && bytes <= 4096 * 38, "\(text)")
                for key in ["gib_per_s", "cpu_s_per_gib", "pages_per_s", "downtime_ms", "encoding_rate"] {
                    #expect(try #require(run[key]?.double, "\(key) in \(text)") > 0, "\(key) in \(text)")
                }
                // Of so little, one end may have used less than the kernel counts by then.
                for key in ["source_cpu_s_per_gib", "destination_cpu_s_per_gib"] {
                    #expect(try #require(run[key]?.double, "\(key) in \(text)") >= 0, "\(key) in \(text)")
                }
                let isCompared = Self.pairs.count > 1 && run["destination"]?.string == "colod"
                #expect((run["rate_of_qemu"] != nil) == isCompared, "\(text)")
            }
        }

        @Test("memory that is not touched before cannot be measured so")
        func coldMemory() throws {
            let (end, text) = try run([
                ProtectedPair.builtProgram("colobench"), "migrate", "--pages", "xbzrle", "--memory", "cold",
            ])
            #expect(end == .exited(64))
            #expect(text.contains("--pages xbzrle is measured with --memory hot"))
        }
    }
}
