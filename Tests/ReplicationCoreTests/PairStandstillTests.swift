import Environment
import ReplicationCore
import Testing

private func ms(_ count: UInt64) -> Nanoseconds { .milliseconds(count) }

/// A controller whose record is written at once.
private struct Side {
    private(set) var controller: PairController

    init(_ member: PairMember, _ record: PairRecord = PairRecord(term: .none), hasArbiter: Bool = false) {
        var configuration = PairController.Configuration(member: member)
        configuration.hasArbiter = hasArbiter
        controller = PairController(configuration: configuration, record: record, now: .zero)
    }

    mutating func handle(_ event: PairController.Event, at now: Nanoseconds) -> [PairController.Action] {
        var actions = controller.handle(event, now: now)
        for action in actions {
            switch action {
            case .persist(let record): actions += handle(.persisted(record), at: now)
            case .listenForReplication(let run): actions += handle(.listening(run: run), at: now)
            default: break
            }
        }
        return actions
    }

    mutating func tick(to end: Nanoseconds) -> [PairController.Action] {
        var actions: [PairController.Action] = []
        while controller.nextDeadline <= end { actions += handle(.timer, at: controller.nextDeadline) }
        return actions
    }
}

extension [PairController.Action] {
    var releasesAll: Bool { contains { if case .releaseAllOutput = $0 { true } else { false } } }
    var startsGuest: Bool { contains { if case .startGuest = $0 { true } else { false } } }
    var asksArbiter: Bool { contains { if case .askArbiter = $0 { true } else { false } } }
}

/// A side that stood still knows nothing of its peer: every wait begins anew.
@Suite struct PairStandstillTests {
    /// A primary whose replication has just ended and whose claim the peer has not answered yet.
    private func claimingPrimary(hasArbiter: Bool = true) -> Side {
        var primary = Side(.first, hasArbiter: hasArbiter)
        _ = primary.handle(.startCommanded, at: ms(0))
        _ = primary.tick(to: ms(600))
        _ = primary.handle(.guestRuns, at: ms(600))
        var report = PairReport(term: Term(1), state: .waiting)
        report.isReady = true
        report.promises = true
        report.extensions = .own
        for event: PairController.Event in [
            .heard(report, promisedUntil: .zero), .switchoverReached(run: 1),
            .checkpointConfirmed(run: 1, checkpoint: 0), .replicationEnded(run: 1, "reset"),
        ] {
            _ = primary.handle(event, at: ms(601))
        }
        return primary
    }

    @Test func aClaimThatAPeerLeavesUnansweredGoesToTheArbiter() {
        var primary = claimingPrimary()
        #expect(primary.controller.state == .holding)
        #expect(!primary.tick(to: ms(5500)).asksArbiter)
        #expect(primary.tick(to: ms(5700)).asksArbiter)
    }

    /// What the arbiter said once is no answer to what it is asked later.
    @Test func anAnswerOfTheArbiterStandsUntilItIsAskedAgain() {
        var primary = claimingPrimary()
        #expect(primary.tick(to: ms(5700)).asksArbiter)
        _ = primary.handle(.arbiterAnswered(Term(3), .no("it lives")), at: ms(5701))
        #expect(primary.controller.arbiterRefusal == "it lives")
        #expect(primary.controller.lastFailure?.text == "arbiter refused term 3: it lives")
        #expect(primary.tick(to: ms(8000)).asksArbiter)
        #expect(primary.controller.arbiterRefusal == nil)
        _ = primary.handle(.arbiterAnswered(Term(3), .timedOut), at: ms(8001))
        #expect(primary.controller.arbiterRefusal == nil)
        #expect(primary.controller.lastFailure?.text == "arbiter did not answer term 3")
    }

    @Test func aFailedCommandNamesTheArbiterOnlyIfItSaidNoToIt() {
        let text = CommandFailure.notAgreed(arbiter: nil).description
        #expect(text == "neither the peer nor the arbiter agreed in time")
        #expect(CommandFailure.notAgreed(arbiter: "it lives").description == "\(text): it lives")
        #expect(CommandFailure.refused("the arbiter is away").description == "the arbiter is away")
    }

    /// Without an arbiter a peer that is heard is nobody's to overrule, however long it says nothing.
    @Test func withoutArbiterAClaimWaitsForAPeerThatIsHeard() {
        var primary = claimingPrimary(hasArbiter: false)
        #expect(!primary.tick(to: ms(30_000)).releasesAll)
        #expect(primary.controller.state == .holding)
    }

    @Test func aPrimaryThatWakesWithAnOpenClaimDecidesNothing() {
        var primary = claimingPrimary(hasArbiter: false)
        #expect(!primary.handle(.timer, at: ms(9000)).releasesAll)
        #expect(primary.controller.state == .holding)
        var taken = PairReport(term: Term(2), state: .unprotected)
        taken.isServing = true
        let actions = primary.handle(.heard(taken, promisedUntil: .zero), at: ms(9010))
        #expect(actions.first == .fence)
        #expect(!actions.releasesAll)
    }

    /// The peer is lost; this side writes its term, stands still for a second, and finds the record written.
    @Test func whoWakesWithAWrittenTermListensBeforeItActs() {
        var primary = claimingPrimary(hasArbiter: false)
        _ = primary.tick(to: ms(1190))
        var actions = primary.handle(.peerLost(.silent), at: ms(1200))
        #expect(actions.releasesAll)
        actions = primary.handle(.entryExpired, at: ms(2500))
        #expect(!actions.releasesAll)
        #expect(!primary.tick(to: ms(2950)).releasesAll)
        #expect(primary.tick(to: ms(3100)).releasesAll)
    }

    @Test func aStartingSideThatWakesListensForItsPeerAgain() {
        var side = Side(.first, PairRecord(term: Term(1)))
        #expect(!side.handle(.timer, at: ms(60_000)).startsGuest)
        #expect(!side.tick(to: ms(62_900)).startsGuest)
        #expect(side.tick(to: ms(63_100)).startsGuest)
    }

    @Test func beingExposedIsPersistedBeforeTheSwitchover() {
        var primary = Side(.first)
        _ = primary.handle(.startCommanded, at: ms(0))
        _ = primary.tick(to: ms(600))
        _ = primary.handle(.guestRuns, at: ms(600))
        var report = PairReport(term: Term(1), state: .waiting)
        report.isReady = true
        report.extensions = .own
        _ = primary.handle(.heard(report, promisedUntil: .zero), at: ms(601))
        var controller = primary.controller
        let actions = controller.handle(.switchoverReached(run: 1), now: ms(602))
        let record = PairRecord(term: Term(1), peerMayHaveTakenOver: true)
        #expect(actions.contains(.persist(record)))
        #expect(!actions.contains(.continueSwitchover(run: 1)))
        #expect(controller.handle(.persisted(record), now: ms(603)).contains(.continueSwitchover(run: 1)))
    }
}
