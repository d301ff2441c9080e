import Environment
import ReplicationCore
import Testing

private func ms(_ count: UInt64) -> Nanoseconds { .milliseconds(count) }

/// A side that stood still knows nothing of its peer: every wait begins anew.
@Suite struct PairStandstillTests {
    /// A primary without arbiter whose replication has just ended and whose claim the peer has not answered yet.
    private func claimingPrimary() -> PairController {
        var primary = PairController(configuration: .init(member: .first), persisted: .none, now: .zero)
        var report = PairReport(term: Term(1), state: .waiting)
        report.isReady = true
        report.promises = true
        for event: PairController.Event in [
            .startCommanded, .guestRuns, .heard(report, promisedUntil: .zero), .switchoverReached(run: 1),
            .checkpointConfirmed(run: 1, checkpoint: 0), .replicationEnded(run: 1, "reset"),
        ] {
            _ = primary.handle(event, now: ms(1))
        }
        return primary
    }

    private func tick(_ controller: inout PairController, to end: Nanoseconds) -> [PairController.Action] {
        var actions: [PairController.Action] = []
        while controller.nextDeadline <= end {
            actions += controller.handle(.timer, now: controller.nextDeadline)
        }
        return actions
    }

    @Test func aClaimThatAPeerLeavesUnansweredGoesToTheArbiter() {
        var primary = claimingPrimary()
        #expect(primary.state == .holding)
        #expect(!tick(&primary, to: ms(4900)).contains(.releaseAllOutput))
        #expect(tick(&primary, to: ms(5100)).contains(.releaseAllOutput))
    }

    @Test func aPrimaryThatWakesWithAnOpenClaimDecidesNothing() {
        var primary = claimingPrimary()
        #expect(primary.handle(.timer, now: ms(9000)) == [])
        #expect(primary.state == .holding)
        var taken = PairReport(term: Term(2), state: .unprotected)
        taken.isServing = true
        let actions = primary.handle(.heard(taken, promisedUntil: .zero), now: ms(9010))
        #expect(actions.first == .fence)
        #expect(!actions.contains(.releaseAllOutput))
    }

    @Test func aStartingSideThatWakesListensForItsPeerAgain() {
        var side = PairController(configuration: .init(member: .first), persisted: Term(1), now: .zero)
        #expect(!side.handle(.timer, now: ms(60_000)).contains(.startGuest))
        #expect(!tick(&side, to: ms(62_900)).contains(.startGuest))
        #expect(tick(&side, to: ms(63_100)).contains(.startGuest))
    }

    @Test func beingExposedIsPersistedBeforeTheSwitchover() {
        var primary = PairController(configuration: .init(member: .first), persisted: .none, now: .zero)
        var report = PairReport(term: Term(1), state: .waiting)
        report.isReady = true
        for event: PairController.Event in [.startCommanded, .guestRuns, .heard(report, promisedUntil: .zero)] {
            _ = primary.handle(event, now: ms(1))
        }
        #expect(!primary.peerMayHaveTakenOver)
        let actions = primary.handle(.switchoverReached(run: 1), now: ms(2))
        #expect(actions.prefix(2) == [.persist(Term(1)), .continueSwitchover(run: 1)])
        #expect(primary.peerMayHaveTakenOver)
    }
}
