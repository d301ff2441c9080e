import Environment
import MigrationFormat
import ReplicationCore
import Testing

private func ms(_ count: UInt64) -> Nanoseconds { .milliseconds(count) }

/// A primary in its first checkpoint, just captured.
private func primaryWithCapturedCheckpoint() -> COLOPrimary {
    var primary = COLOPrimary(limits: .init(checkpointDelay: ms(50)), now: .zero)
    _ = primary.handle(.message(.checkpointReady), now: ms(1))
    _ = primary.handle(.timer, now: ms(51))
    _ = primary.handle(.message(.checkpointReply), now: ms(52))
    _ = primary.handle(.captured(pause: ms(1)), now: ms(53))
    return primary
}

/// A secondary that received a checkpoint wholly and is making it current.
private func secondaryCommitting() -> COLOSecondary {
    var secondary = COLOSecondary(limits: .init())
    for event: COLOSecondary.Event in [
        .message(.checkpointRequest), .message(.vmstateSend), .liveStateReceived, .message(.vmstateSize(10)),
        .deviceStateValidated,
    ] {
        _ = secondary.handle(event, now: ms(1))
    }
    return secondary
}

@Suite struct COLOPrimaryTests {
    @Test func outputIsReleasedOnlyWhenTheCheckpointIsLoaded() {
        var primary = primaryWithCapturedCheckpoint()
        #expect(primary.handle(.message(.vmstateReceived), now: ms(54)) == [])
        #expect(primary.handle(.message(.vmstateLoaded), now: ms(55)) == [.releaseOutput(throughEpoch: 1)])
        #expect(primary.lastComplete == 1)
    }

    @Test func theDelayCountsFromTheStartOfThePreviousCheckpoint() {
        var primary = primaryWithCapturedCheckpoint()
        _ = primary.handle(.message(.vmstateReceived), now: ms(54))
        _ = primary.handle(.message(.vmstateLoaded), now: ms(55))
        #expect(primary.nextDeadline == ms(101))
        #expect(primary.handle(.timer, now: ms(100)) == [])
        #expect(primary.handle(.timer, now: ms(101)) == [.send(.checkpointRequest)])
    }

    @Test func theHoldLimitStartsACheckpointAtOnceOrRightAfterTheOneUnderWay() {
        var primary = primaryWithCapturedCheckpoint()
        #expect(primary.handle(.holdLimitReached, now: ms(54)) == [])
        _ = primary.handle(.message(.vmstateReceived), now: ms(54))
        #expect(
            primary.handle(.message(.vmstateLoaded), now: ms(55))
                == [.releaseOutput(throughEpoch: 1), .send(.checkpointRequest)])
    }

    @Test func everyWaitHasANamedDeadline() {
        var primary = COLOPrimary(limits: .init(), now: .zero)
        let first = primary.handle(.timer, now: .seconds(20))
        #expect(first == [.leave(.deadline(wait: "readyTimeout", limit: .seconds(20)))])
        primary = primaryWithCapturedCheckpoint()
        let second = primary.handle(.timer, now: ms(53) + .seconds(10))
        #expect(second == [.leave(.deadline(wait: "transferTimeout", limit: .seconds(10)))])
    }

    @Test(arguments: [
        COLOPrimary.Event.message(.vmstateLoaded), .message(.checkpointRequest), .channelLost("reset"),
        .malformed("message 9"), .failoverRequested,
    ])
    func aFailureLeavesOnceAndReleasesNothing(_ event: COLOPrimary.Event) {
        var primary = primaryWithCapturedCheckpoint()
        let actions = primary.handle(event, now: ms(54))
        guard actions.count == 1, case .leave = actions[0] else {
            Issue.record("\(actions)")
            return
        }
        #expect(primary.handle(.message(.vmstateReceived), now: ms(55)) == [])
        #expect(primary.handle(.message(.vmstateLoaded), now: ms(55)) == [])
    }
}

@Suite struct COLOSecondaryTests {
    @Test func aCheckpointIsAcknowledgedInWireOrder() {
        var secondary = COLOSecondary(limits: .init())
        #expect(secondary.start() == [.send(.checkpointReady)])
        #expect(secondary.handle(.message(.checkpointRequest), now: ms(1)) == [.send(.checkpointReply)])
        #expect(secondary.handle(.message(.vmstateSend), now: ms(2)) == [.receiveLiveState(checkpoint: 1)])
        #expect(secondary.handle(.liveStateReceived, now: ms(3)) == [])
        #expect(
            secondary.handle(.message(.vmstateSize(7)), now: ms(3)) == [.receiveDeviceState(checkpoint: 1, bytes: 7)])
        #expect(
            secondary.handle(.deviceStateValidated, now: ms(4)) == [.send(.vmstateReceived), .commit(checkpoint: 1)])
        #expect(secondary.handle(.committed, now: ms(5)) == [.send(.vmstateLoaded)])
        #expect(secondary.lastComplete == 1)
    }

    @Test func aTornCheckpointIsDiscardedAndTheLastCompleteOneIsUsed() {
        var secondary = COLOSecondary(limits: .init())
        _ = secondary.handle(.message(.checkpointRequest), now: ms(1))
        _ = secondary.handle(.message(.vmstateSend), now: ms(1))
        #expect(
            secondary.handle(.channelLost("reset"), now: ms(2)) == [.discardStaging, .leave(.channelLost("reset"))])
        #expect(secondary.handle(.failoverRequested, now: ms(3)) == [.takeOver(checkpoint: 0)])
    }

    @Test func aReceivedCheckpointIsCommittedEvenWhenThePeerDiesMeanwhile() {
        var secondary = secondaryCommitting()
        #expect(secondary.handle(.channelLost("reset"), now: ms(2)) == [])
        #expect(secondary.handle(.failoverRequested, now: ms(2)) == [])
        #expect(secondary.handle(.committed, now: ms(3)) == [.leave(.requested), .takeOver(checkpoint: 1)])
    }

    @Test func anOversizedDeviceStateIsRefused() {
        var secondary = COLOSecondary(limits: .init())
        _ = secondary.handle(.message(.checkpointRequest), now: ms(1))
        _ = secondary.handle(.message(.vmstateSend), now: ms(1))
        _ = secondary.handle(.liveStateReceived, now: ms(1))
        let actions = secondary.handle(.message(.vmstateSize(.max)), now: ms(2))
        #expect(actions.first == .discardStaging)
        #expect(secondary.phase == .left)
    }

    @Test func anAbandonedCheckpointIsNeverUsed() {
        var secondary = secondaryCommitting()
        #expect(secondary.handle(.abandon, now: ms(2)) == [])
        #expect(secondary.handle(.committed, now: ms(3)).last == .discardAll)
        #expect(secondary.handle(.failoverRequested, now: ms(4)) == [])
    }

    @Test func aHangingPrimaryIsGivenUp() {
        var secondary = COLOSecondary(limits: .init())
        _ = secondary.handle(.message(.checkpointRequest), now: ms(1))
        #expect(secondary.handle(.timer, now: ms(5000)) == [])
        let actions = secondary.handle(.timer, now: ms(5001))
        #expect(actions == [.discardStaging, .leave(.deadline(wait: "sendTimeout", limit: .seconds(5)))])
    }
}

@Suite struct OutputPermitTests {
    /// The thread of a run lets nothing out by the permission of another one, or without one.
    @Test func aPermissionIsForOneRun() {
        let permit = OutputPermit(run: 3, until: ms(70))
        #expect(OutputPermit.end(of: permit, forRun: 3) == ms(70))
        #expect(OutputPermit.end(of: permit, forRun: 4) == nil)
        #expect(OutputPermit.end(of: nil, forRun: 3) == nil)
    }
}
