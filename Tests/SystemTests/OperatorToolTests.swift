import Glibc
import PairLab
import QAPI
import QMP
import Testing

extension SystemTests {
    /// coloctl against a pair that runs.
    @Suite("coloctl", needsPair())
    struct OperatorToolTests {
        private func coloctl(_ arguments: [String], _ pair: ProtectedPair, on side: Side) throws -> (
            ProcessEnd?, String
        ) {
            let folder = try TemporaryFolder()
            let process = try LabHost(sharingMachineNetworkAs: "x").start(
                [ProtectedPair.builtProgram("coloctl")] + arguments + ["--socket", pair.socketPath(side)],
                log: folder.path("log"))
            return (process.waitForExit(within: .seconds(60)), process.output)
        }

        @Test("check exits with 0 while protected, 1 while unprotected and 2 once nothing serves")
        func check() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            #expect(try coloctl(["check"], pair, on: .a).0 == .exited(0))
            _ = try pair.kill(.b)
            try pair.waitForStatus(of: .a, "unprotected", within: .seconds(10)) { !$0.protected && $0.serving }
            #expect(try coloctl(["check"], pair, on: .a).0 == .exited(1))
            _ = try pair.kill(.a)
            #expect(try coloctl(["check"], pair, on: .a).0 == .exited(2))
        }

        @Test("status tells role and protection, for people and as JSON")
        func status() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let (end, text) = try coloctl(["status"], pair, on: .b)
            #expect(end == .exited(0))
            #expect(text.contains("secondary") && text.contains("protected"))
            let json = try JSONStreamParser.parse(try coloctl(["status", "--json"], pair, on: .a).1)
            #expect(json["role"]?.string == "primary")
            #expect(json["protected"]?.boolean == true)
        }

        @Test("a drill hands the guest over, tells how long that took, and the clients notice nothing else")
        func drill() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            let (end, text) = try coloctl(["drill", "--json"], pair, on: .a)
            #expect(end == .exited(0), "\(text)")
            #expect(try JSONStreamParser.parse(text)["milliseconds"]?.double != nil)
            try pair.waitForStatus(of: .b, "serving", within: .seconds(10)) { $0.serving }
            try load.waitForWrites(100, within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis(at: .b)).isEmpty)
        }

        @Test("a drill without protection is refused")
        func refusedDrill() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.start(.b)
            let (end, text) = try coloctl(["drill"], pair, on: .b)
            #expect(end != .exited(0) && end != nil)
            #expect(text.contains("not protected"))
        }
    }
}
