import Glibc
import PairLab
import Testing

extension SystemTests {
    /// What colod says of a configuration file before it starts anything.
    @Suite("Configuration errors", needsColod())
    struct ConfigurationErrorTests {
        private func check(_ text: String, arguments: [String] = ["--check-config"]) throws -> (ProcessEnd?, String) {
            let folder = try TemporaryFolder()
            try folder.write(text, to: "bad.yaml")
            let process = try LabHost(sharingMachineNetworkAs: "x").start(
                [ProtectedPair.builtProgram("colod")] + arguments + ["--config", folder.path("bad.yaml")],
                log: folder.path("log"))
            return (process.waitForExit(within: .seconds(20)), process.output)
        }

        @Test("an unknown key is named, with the file, and the exit status is 78", arguments: [["--check-config"], []])
        func unknownKey(arguments: [String]) throws {
            let (status, output) = try check("role: primary\nguset: {name: web}\n", arguments: arguments)
            #expect(status == .exited(78))
            #expect(output.contains("guset"))
            #expect(output.contains("bad.yaml"))
        }

        @Test("a file that is no YAML is refused")
        func noYAML() throws {
            let (status, output) = try check("role: [primary\n")
            #expect(status == .exited(78))
            #expect(output.contains("bad.yaml"))
        }
    }
}
