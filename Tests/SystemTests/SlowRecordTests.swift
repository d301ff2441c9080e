import Environment
import Glibc
import PairLab
import QAPI
import SystemCalls
import Testing

extension SystemTests {
    /// A disk that takes seconds for each fsync.
    @Suite("Slow record", needsPair())
    struct SlowRecordTests {
        @Test(
            "the primary's record takes seconds to write and the secondary stands still for 0.8 s: one side serves, and nothing is lost"
        )
        func slowPrimary() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            let disk = try SystemCallFault(delaying: "fsync", by: .seconds(2), in: try pair.process(.a))
            defer { disk.end() }
            try pair.process(.b).send(SIGSTOP)
            pause(.milliseconds(800))
            try pair.process(.b).send(SIGCONT)
            // Writing the record once takes four seconds, and the claim is written before the term is entered.
            let end = ContinuousClock.now + .seconds(10)
            while ContinuousClock.now < end {
                guard try !pair.bothServe() else {
                    Issue.record("both hosts serve\n\(pair.log(.a))\n\(pair.log(.b))")
                    break
                }
                pause(.milliseconds(20))
            }
            #expect(disk.delayedCalls > 0)
            disk.end()
            try load.waitForEveryConnection(after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            let survivor = try pair.serving(.a) ? Side.a : .b
            try pair.waitForProtection(of: survivor)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            let lost = try report.lostWrites(askedOf: pair.redis())
            #expect(lost.isEmpty, "\(lost.count) of \(report.acknowledged) acknowledged writes are lost")
        }
    }
}
