import Environment
import PairLab
import QAPI
import SystemCalls
import Testing

extension SystemTests {
    /// A guest that an operator has stopped stays stopped until an operator lets it run.
    @Suite("Stopped guest", needsPair())
    struct StoppedGuestTests {
        @Test(
            "a stopped guest is nothing to be content with, a takeover leaves it stopped, and it runs on with all its data"
        )
        func takeover() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            try pair.qmp(.a).execute("stop")
            try pair.waitForStatus(of: .a, "stopped", within: .seconds(5)) { $0.stopped == true }
            let (end, line) = try pair.coloctl(["check"], on: .a)
            #expect(end == .exited(1) || end == .exited(2), "\(line)")
            #expect(line.contains("stopped"), "\(line)")
            // The secondary learns it with the next heartbeats.
            pause(.seconds(1))

            _ = try pair.kill(.a)
            try pair.waitForStatus(of: .b, "the guest's owner", within: .seconds(20)) {
                $0.term > 1 && $0.stopped == true
            }
            let time = SystemClock().now()
            // Nothing sets it running by itself.
            pause(.seconds(2))
            #expect(try !pair.qmp(.b).guestRuns())
            #expect(throws: (any Error).self) { try load.waitForWrites(1, after: time, within: .milliseconds(1)) }
            #expect(try pair.coloctl(["check"], on: .b).0 != .exited(0))

            try pair.qmp(.b).execute("cont")
            try load.waitForEveryConnection(after: time, within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }
    }
}
