import Environment
import PairLab
import QMP
import SystemCalls
import Testing

extension SystemTests {
    /// A Debian guest with Redis that moves before its memory does, while clients write to it.
    @Suite("A guest that moves before its memory", needsPair())
    struct GuestPostcopyTests {
        private static let rounds = 20

        /// Each time the connection between the hosts is cut once to three times, at random moments and by either side, and
        /// the memory follows over another one. One boot for all: what arrived by one postcopy leaves by the next.
        @Test("serves all the time, though the connection is cut at random moments")
        func cutAtRandomMoments() throws {
            var generator = SeededGenerator(seed: Seed.base)
            let guest = try MovingGuest(Guest.pairConfiguration().guest)
            try guest.boot()
            let load = try guest.startLoad()
            try load.waitForWrites(100, within: ProtectedPair.recoveryDeadline)
            var served = 0
            for round in 1...Self.rounds {
                let cuts = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                    Int.random(in: 0...250, using: &generator)
                }
                let preempt = generator.chance(1, in: 2) ? ["postcopy-preempt"] : []
                let name = "round \(round), cut after \(cuts) ms \(preempt.joined()), seed \(Seed.base)"
                let report = try guest.move(by: .following(name, preempt, PostcopyMove(cuts: cuts)))
                try load.waitForEveryConnection(after: report.span.upperBound, within: ProtectedPair.recoveryDeadline)
                #expect(report.wasUsed, "\(name): \(report.status.text())")
                served += load.report.acknowledged(in: try #require(report.following))
            }
            // A cut that comes at once, before the guest has what it needs, leaves little time; all of them together do not.
            #expect(served > Self.rounds, "seed \(Seed.base): \(served) answers while memory was missing")
            let ledger = load.stop()
            #expect(ledger.failures.isEmpty, "seed \(Seed.base): \(ledger.failures)")
            let lost = try ledger.lostWrites(askedOf: guest.redis())
            #expect(lost.isEmpty, "seed \(Seed.base): \(lost.count) of \(ledger.acknowledged) writes are lost")
        }
    }
}
