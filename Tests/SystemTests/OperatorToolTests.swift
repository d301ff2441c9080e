import Glibc
import PairLab
import QAPI
import QMP
import Testing

extension SystemTests {
    /// coloctl against a pair that runs.
    @Suite("coloctl", needsPair())
    struct OperatorToolTests {
        @Test("check exits with 0 while protected, 1 while unprotected and 2 once nothing serves")
        func check() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            #expect(try pair.coloctl(["check"], on: .a).0 == .exited(0))
            _ = try pair.kill(.b)
            try pair.waitForStatus(of: .a, "unprotected", within: .seconds(10)) { !$0.protected && $0.serving }
            #expect(try pair.coloctl(["check"], on: .a).0 == .exited(1))
            _ = try pair.kill(.a)
            #expect(try pair.coloctl(["check"], on: .a).0 == .exited(2))
        }

        @Test("status tells role and protection, for people and as JSON")
        func status() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let (end, text) = try pair.coloctl(["status"], on: .b)
            #expect(end == .exited(0))
            #expect(text.contains("secondary") && text.contains("protected"))
            let json = try JSONStreamParser.parse(try pair.coloctl(["status", "--json"], on: .a).1)
            #expect(json["role"]?.string == "primary")
            #expect(json["protected"]?.boolean == true)
        }

        @Test("a drill hands the guest over, tells how long that took, and the clients notice nothing else")
        func drill() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            let (end, text) = try pair.coloctl(["drill", "--json"], on: .a)
            #expect(end == .exited(0), "\(text)")
            #expect(try JSONStreamParser.parse(text)["milliseconds"]?.double != nil)
            try pair.waitForStatus(of: .b, "serving", within: .seconds(10)) { $0.serving }
            try load.waitForWrites(100, within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis(at: .b)).isEmpty)
        }

        @Test("a drill says from when to when it was measured")
        func measuredDrill() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let (end, text) = try pair.coloctl(["drill"], on: .a)
            #expect(end == .exited(0), "\(text)")
            #expect(text.hasPrefix("Drill done: handed over in ") && text.contains(" ms (from the command "))
        }

        @Test("events stays quiet while nothing but checkpoints happens, and lives through a drill")
        func events() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let folder = try TemporaryFolder()
            let follower = try pair.startColoctl(["events"], on: .a, log: folder.path("events"))
            let all = try pair.startColoctl(["events", "--all"], on: .a, log: folder.path("all"))
            func lines(_ process: ManagedProcess) -> Int { process.output.split(separator: "\n").count }
            try wait(within: .seconds(20), "50 events of checkpoints") { lines(all) > 50 }
            #expect(lines(follower) < 5, "\(follower.output)")
            #expect(!follower.output.contains("RESUME") && !follower.output.contains("MIGRATION_PASS"))
            #expect(try pair.coloctl(["drill"], on: .a).0 == .exited(0))
            try wait(within: .seconds(60), "the new secondary's protection in the events") {
                let text = follower.output
                return text.contains("ended: colod ends or begins anew") && text.contains("connected again")
                    && text.contains("status: secondary, protected")
            }
            #expect(follower.status == nil)
        }

        @Test("a drill without protection is refused")
        func refusedDrill() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.start(.b)
            let (end, text) = try pair.coloctl(["drill"], on: .b)
            #expect(end != .exited(0) && end != nil)
            #expect(text.contains("not protected"))
        }
    }
}

/// Waits until `holds`; throws when that takes longer than `limit`.
private func wait(within limit: Duration, _ what: String, _ holds: () -> Bool) throws {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while !holds() {
        guard clock.now < deadline else { throw LabError("\(what) did not come within \(limit)") }
        usleep(20_000)
    }
}
