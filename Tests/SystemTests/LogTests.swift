import Glibc
import PairLab
import QAPI
import Testing

extension SystemTests {
    /// What an operator reads in the log of two hosts.
    @Suite("Log", needsPair())
    struct LogTests {
        /// What the dump of a Swift value looks like.
        private static let dumps = ["ReplicationCore.", "Replication.", "Optional(", "Term(", "peerLost(", "Fault."]

        @Test("the log names the role in fact, and a takeover is a warning in words")
        func takeover() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            _ = try pair.kill(.a)
            try pair.waitForStatus(of: .b, "serving", within: .seconds(20)) { $0.serving }
            let (primary, survivor) = (try pair.process(.a).output, try pair.process(.b).output)
            #expect(lines(primary, "notice guest lab is protected").allSatisfy { $0.contains("role=primary term=1") })
            #expect(lines(primary, "notice guest lab is protected").count == 1)
            #expect(lines(survivor, "this side waits for the peer at ").first?.contains("role=waiting") == true)
            #expect(lines(survivor, "warning the peer (tcp:").count == 1)
            #expect(
                lines(survivor, "warning takeover: guest lab resumes here from its last checkpoint, term 2").count == 1)
            for text in [primary, survivor] {
                for dump in Self.dumps { #expect(!text.contains(dump), "\(lines(text, dump))") }
            }
        }

        @Test("a takeover in a drill is no warning")
        func drill() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            #expect(try pair.coloctl(["drill"], on: .a).0 == .exited(0))
            try pair.waitForProtection(of: .b)
            let (old, new) = (try pair.process(.a).output, try pair.process(.b).output)
            #expect(lines(new, "notice takeover: guest lab resumes here").count == 1)
            #expect(lines(old, "notice guest lab was handed over").count == 1)
            #expect(lines(new, "waits for an operator").isEmpty)
        }

        @Test("the guest's console cannot be taken for the daemon, and the flight record is short and has times")
        func consoleAndRecord() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let process = try pair.process(.a)
            let console = lines(process.output, " console lab| ")
            #expect(console.contains { $0.contains("Linux version") })
            #expect(
                !process.output.split(separator: "\n").contains {
                    $0.contains(" info ") && $0.contains("Linux version")
                })
            _ = try pair.waitForStatus(of: .a, "200 checkpoints on", within: .seconds(60)) { $0.checkpoints > 200 }
            process.send(SIGUSR1)
            let clock = ContinuousClock()
            let deadline = clock.now + .seconds(10)
            while lines(process.output, "checkpoint x ").isEmpty, clock.now < deadline { usleep(20_000) }
            let record = lines(process.output, "flight recorder: ")
            #expect(record.count > 3 && record.count < 100, "\(record.count) lines")
            #expect(record.contains { $0.contains(/-\d+\.\d{3} s \d{4}-.*Z checkpoint x \d+ in \d+\.\d s/) })
        }

        @Test("a failover that the arbiter refuses names the arbiter, its answer and what to do")
        func refusedFailover() throws {
            var configuration = Guest.pairConfiguration()
            configuration.failover = .manual
            configuration.arbiter = .command(path: "/bin/false")
            let pair = try ProtectedPair(configuration)
            try pair.startAndProtect()
            _ = try pair.kill(.a)
            try pair.waitForStatus(of: .b, "alone with its checkpoint", within: .seconds(20)) { !$0.peer.connected }
            #expect(try pair.coloctl(["status"], on: .b).1.contains("run 'coloctl failover' here"))
            let (end, text) = try pair.coloctl(["failover", "--yes"], on: .b)
            #expect(end == .exited(1))
            #expect(text.contains("/bin/false ended with exit status 1"), "\(text)")
            #expect(text.contains("make the arbiter say yes"), "\(text)")
            let refusals = lines(
                try pair.process(.b).output, "warning the arbiter refused (/bin/false ended with exit status 1)")
            #expect(refusals.count == 1, "\(refusals)")
        }

        private func lines(_ text: String, _ part: String) -> [Substring] {
            text.split(separator: "\n").filter { $0.contains(part) }
        }
    }
}
