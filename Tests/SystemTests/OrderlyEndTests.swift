import Glibc
import PairLab
import QAPI
import Testing

extension SystemTests {
    /// Hosts that are shut down in good order.
    @Suite("Orderly end", needsPair())
    struct OrderlyEndTests {
        /// How long a colod may take to end, whatever its replication is doing.
        private static let endLimit: Duration = .seconds(4)

        @Test("a primary that is asked to end does so without waiting for its peer, and its peer loses nothing")
        func endPrimary() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            let end = try Self.end(.a, of: pair, SIGTERM)
            #expect(end == .exited(0))
            let status = try pair.waitForStatus(of: .b, "primary", within: .seconds(5)) { $0.serving }
            #expect(status.term > 1)
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }

        @Test("a secondary that is asked to end does so, and the primary serves on alone")
        func endSecondary() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            #expect(try Self.end(.b, of: pair, SIGTERM) == .exited(0))
            #expect(try pair.waitForStatus(of: .a, "alone", within: .seconds(5)) { !$0.protected }.serving)
            try pair.waitForService(within: .seconds(5))
        }

        @Test("a primary that holds its output, because its arbiter says no, ends at once too")
        func endWhileHolding() throws {
            var configuration = Guest.pairConfiguration()
            configuration.arbiter = .command(path: "/bin/false")
            let pair = try ProtectedPair(configuration)
            try pair.startAndProtect()
            _ = try pair.kill(.b)
            try pair.waitForStatus(of: .a, "holding", within: .seconds(5)) { !$0.serving }
            #expect(try Self.end(.a, of: pair, SIGTERM) == .exited(0))
        }

        private static func end(_ side: Side, of pair: ProtectedPair, _ signal: Int32) throws -> ProcessEnd? {
            let process = try pair.process(side)
            process.send(signal)
            return process.waitForExit(within: endLimit)
        }
    }
}
