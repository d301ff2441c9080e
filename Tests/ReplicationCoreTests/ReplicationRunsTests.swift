import Environment
import ReplicationCore
import Testing

private func ms(_ count: UInt64) -> Nanoseconds { .milliseconds(count) }

/// Threads are a little behind: what was decided meanwhile holds, whatever they were about to do.
@Suite struct ReplicationRunsTests {
    private func runs(_ events: [ReplicationRuns.Event]) -> (ReplicationRuns, [ReplicationRuns.Action]) {
        var runs = ReplicationRuns()
        var actions: [ReplicationRuns.Action] = []
        for event in events { actions = runs.handle(event, now: ms(1)) }
        return (runs, actions)
    }

    private let toSwitchover: [ReplicationRuns.Event] = [.start(run: 1), .mayBegin(run: 1), .switchoverReached]

    @Test func aRunGoesItsWay() {
        var runs = ReplicationRuns()
        #expect(runs.handle(.start(run: 1), now: .zero) == [.prepare(run: 1)])
        #expect(runs.handle(.mayBegin(run: 1), now: .zero) == [.connect(run: 1)])
        #expect(runs.handle(.switchoverReached, now: .zero) == [.report(.switchoverReached(run: 1))])
        #expect(runs.mayGoOn == nil)
        #expect(runs.handle(.continueSwitchover(run: 1), now: .zero) == [.hold])
        #expect(runs.mayGoOn == true)
        #expect(runs.handle(.primaryBegan, now: .zero) == [])
        #expect(
            runs.handle(.outgoingEnded("reset"), now: .zero) == [.report(.replicationEnded(run: 1, "reset"))])
        #expect(runs.wasReleased == nil)
        #expect(runs.handle(.released, now: .zero) == [])
        #expect(runs.wasReleased == true)
    }

    @Test func aRunThatWasStoppedBeforeItBeganNeverBegins() {
        var (runs, _) = runs([.start(run: 1), .stop(run: 1)])
        #expect(runs.handle(.mayBegin(run: 1), now: .zero) == [])
        #expect(runs.outgoingRun == 0)
    }

    /// The thread of the run before still connects, and tells later that it is over: that is not the end of this run.
    @Test func aRunDoesNotBeginWhileTheOneBeforeConnects() {
        var (runs, _) = runs([.start(run: 1), .mayBegin(run: 1), .stop(run: 1), .start(run: 2)])
        #expect(runs.isVoid(outgoing: 1))
        #expect(!runs.isVoid(outgoing: 2))
        #expect(
            runs.handle(.mayBegin(run: 2), now: .zero)
                == [.report(.replicationEnded(run: 2, "the run before has not ended"))])
        #expect(
            runs.handle(.outgoingEnded("cancelled"), now: .zero)
                == [.report(.replicationEnded(run: 1, "cancelled"))])
        #expect(runs.handle(.mayBegin(run: 3), now: .zero) == [.connect(run: 3)])
    }

    @Test func aRunThatWasStoppedAtItsSwitchoverGetsNo() {
        var (runs, _) = runs(toSwitchover)
        #expect(runs.handle(.stop(run: 1), now: .zero) == [.cancelOutgoing])
        #expect(runs.mayGoOn == false)
        #expect(runs.handle(.continueSwitchover(run: 1), now: .zero) == [])
    }

    @Test func aRunThatIsStoppedBetweenItsLastByteAndColoLeavesAtOnce() {
        var (runs, _) = runs(toSwitchover + [.continueSwitchover(run: 1), .stop(run: 1)])
        #expect(runs.handle(.primaryBegan, now: .zero) == [.leavePrimary])
    }

    /// The controller may have let the output out before the run's thread notices that it is over.
    @Test func outputThatWasReleasedEarlyKeepsNobodyWaiting() {
        let (runs, _) = runs(
            toSwitchover + [.continueSwitchover(run: 1), .primaryBegan, .stop(run: 1), .released, .outgoingEnded("x")])
        #expect(runs.wasReleased == true)
    }

    @Test func whoIsFencedDoesNothingMore() {
        var (runs, fenced) = runs(toSwitchover + [.continueSwitchover(run: 1), .fence])
        #expect(fenced == [.fence, .cancelOutgoing])
        #expect(runs.mayGoOn == false)
        #expect(runs.wasReleased == false)
        #expect(runs.handle(.start(run: 2), now: .zero) == [])
        guard case .restart = runs.handle(.listen(run: 3), now: .zero).first else {
            Issue.record("a fenced side listens again in place")
            return
        }
    }

    private let held: [ReplicationRuns.Event] = [.listen(run: 1), .accepted, .secondaryBegan, .held(checkpoint: 0)]

    @Test func aCheckpointIsResumedInTime() {
        var (runs, held) = runs(held)
        #expect(held == [.report(.checkpointHeld(run: 1, checkpoint: 0))])
        #expect(runs.handle(.takeOver(before: ms(100)), now: ms(1)) == [.loadCheckpoint])
        #expect(runs.handle(.readyToResume, now: ms(99)) == [.resume])
        #expect(runs.handle(.resumed, now: ms(99)) == [.report(.guestRuns)])
    }

    @Test func aTakeoverThatIsLateWaitsForAnotherWord() {
        var (runs, _) = runs(held + [.takeOver(before: ms(100))])
        #expect(runs.handle(.readyToResume, now: ms(100)) == [.report(.entryExpired)])
        #expect(runs.handle(.takeOver(before: ms(700)), now: ms(600)) == [.resume])
    }

    @Test func aLoadedCheckpointThatIsAbandonedNeverRuns() {
        var (runs, _) = runs(held + [.takeOver(before: ms(100))])
        _ = runs.handle(.readyToResume, now: ms(100))
        guard case .restart = runs.handle(.abandon(run: 1), now: ms(200)).first else {
            Issue.record("the machine keeps a guest that must never run")
            return
        }
        #expect(runs.handle(.takeOver(before: .never), now: ms(300)) != [.resume])
    }

    @Test func aCheckpointOutlivesItsChannelAndIsToldOnce() {
        var (runs, ended) = runs(held + [.incomingEnded("reset")])
        #expect(ended == [.report(.incomingEnded(run: 1, "reset"))])
        #expect(runs.handle(.incomingEnded("again"), now: .zero) == [])
        #expect(runs.handle(.takeOver(before: .never), now: .zero) == [.loadCheckpoint])
    }

    @Test func aRunThatWasAbandonedWhileItsChannelCameIsCut() {
        var (runs, abandoned) = runs([.listen(run: 1), .accepted, .abandon(run: 1)])
        #expect(abandoned == [.cancelIncoming])
        #expect(runs.handle(.secondaryBegan, now: .zero) == [.abandonSecondary])
        #expect(runs.memoryIsForeign)
    }

    @Test func aSideThatEndsReportsNothingMore() {
        var (runs, ended) = runs(held + [.end])
        #expect(ended == [.abandonSecondary])
        #expect(runs.handle(.incomingEnded("cut"), now: .zero) == [])
        #expect(runs.handle(.listen(run: 2), now: .zero) == [])
    }
}
