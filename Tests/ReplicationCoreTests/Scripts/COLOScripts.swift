import Environment
import Foundation
import MigrationFormat
import ReplicationCore
import Testing

/// One side of a COLO run: `gets MESSAGE [BYTES]` for a message, else the name of an event.
struct COLOMachine: ScriptMachine {
    private var primary: COLOPrimary?
    private var secondary: COLOSecondary?

    init(primary: COLOPrimary) { self.primary = primary }
    init(secondary: COLOSecondary) { self.secondary = secondary }

    mutating func run(_ words: [String], now: Nanoseconds) throws -> [String] {
        if primary != nil {
            let event = try primaryEvent(words)
            return describe(primary?.handle(event, now: now) ?? [])
        }
        let event = try secondaryEvent(words)
        return describe(secondary?.handle(event, now: now) ?? [])
    }

    private func describe(_ actions: [some Any]) -> [String] {
        actions.map { "\($0)".replacingOccurrences(of: "ReplicationCore.", with: "") }
    }

    private func message(_ words: [String]) throws -> COLOMessage {
        switch words[1] {
        case "READY": .checkpointReady
        case "REQUEST": .checkpointRequest
        case "REPLY": .checkpointReply
        case "SEND": .vmstateSend
        case "SIZE": .vmstateSize(try number(words[2]))
        case "RECEIVED": .vmstateReceived
        case "LOADED": .vmstateLoaded
        default: throw ScriptError(what: words[1])
        }
    }

    private func primaryEvent(_ words: [String]) throws -> COLOPrimary.Event {
        switch words[0] {
        case "gets": .message(try message(words))
        case "timer": .timer
        case "captured": .captured(pause: words.count > 1 ? try milliseconds(words[1]) : .zero)
        case "full": .holdLimitReached
        case "holds": .outputHeld(checkpoint: try number(words[1]))
        case "rests": .guestRests
        case "delay": .checkpointDelayChanged(try milliseconds(words[1]))
        case "lost": .channelLost("reset")
        case "failover": .failoverRequested
        default: throw ScriptError(what: words[0])
        }
    }

    private func secondaryEvent(_ words: [String]) throws -> COLOSecondary.Event {
        switch words[0] {
        case "gets": .message(try message(words))
        case "timer": .timer
        case "ram": .liveStateReceived
        case "devices": .deviceStateValidated
        case "bad": .malformed("section 7")
        case "committed": .committed
        case "lost": .channelLost("reset")
        case "failover": .failoverRequested
        case "abandon": .abandon
        default: throw ScriptError(what: words[0])
        }
    }
}

@Suite(.serialized) struct COLOScripts {
    private let primary = COLOMachine(
        primary: COLOPrimary(limits: .init(checkpointDelay: .milliseconds(50)), now: .zero))
    private let secondary = COLOMachine(secondary: COLOSecondary(limits: .init()))

    @Test func aPrimaryTakesCheckpointsOnTheTimerAndWhenTheHoldIsFull() throws {
        let script = """
            at 3ms
            gets READY
              startGuest
            at 53ms
            timer
              send(CHECKPOINT_REQUEST)
            gets REPLY
              pauseAndCapture(checkpoint: 1)
            captured
              sendCheckpoint(1)
            gets RECEIVED
            at 60ms
            gets LOADED
              releaseOutput(throughEpoch: 1)
            at 70ms
            full
              send(CHECKPOINT_REQUEST)
            gets REPLY
              pauseAndCapture(checkpoint: 2)
            captured
              sendCheckpoint(2)
            at 130ms
            gets RECEIVED
            # The next one was due at 120 ms already.
            gets LOADED
              releaseOutput(throughEpoch: 2)
              send(CHECKPOINT_REQUEST)
            gets REPLY
              pauseAndCapture(checkpoint: 3)
            captured
              sendCheckpoint(3)
            delay 20ms
            gets RECEIVED
            at 140ms
            gets LOADED
              releaseOutput(throughEpoch: 3)
              send(CHECKPOINT_REQUEST)
            """
        try check(script, on: primary)
    }

    /// With checkpoints on output, the delay is the longest period; the secondary is asked ahead, and a guest that rests is
    /// captured at once.
    @Test func aPrimaryTakesCheckpointsOnOutput() throws {
        let limits = COLOPrimary.Limits(checkpointDelay: .milliseconds(100), onOutput: .fixed(.milliseconds(5)))
        let script = """
            gets READY
              startGuest
              send(CHECKPOINT_REQUEST)
            gets REPLY
            # The guest is captured as soon as it rests.
            at 2ms
            holds 1
              watchRest
            at 3ms
            rests
              pauseAndCapture(checkpoint: 1)
            captured
              sendCheckpoint(1)
            gets RECEIVED
            # What was held since belongs to the next.
            holds 2
            rests
            gets LOADED
              releaseOutput(throughEpoch: 1)
              send(CHECKPOINT_REQUEST)
              watchRest
            gets REPLY
            # A guest that does not rest is captured 5 ms after the last time.
            at 7ms
            timer
            at 8ms
            timer
              pauseAndCapture(checkpoint: 2)
            captured
              sendCheckpoint(2)
            gets RECEIVED
            gets LOADED
              releaseOutput(throughEpoch: 2)
              send(CHECKPOINT_REQUEST)
            # What is held before the secondary is ready waits for that alone, if the guest rests.
            at 9ms
            holds 3
              watchRest
            rests
            gets REPLY
              pauseAndCapture(checkpoint: 3)
            captured
              sendCheckpoint(3)
            gets RECEIVED
            gets LOADED
              releaseOutput(throughEpoch: 3)
              send(CHECKPOINT_REQUEST)
            gets REPLY
            # That long after the last time, it need not rest.
            at 20ms
            holds 4
              pauseAndCapture(checkpoint: 4)
            captured
              sendCheckpoint(4)
            gets RECEIVED
            gets LOADED
              releaseOutput(throughEpoch: 4)
              send(CHECKPOINT_REQUEST)
            gets REPLY
            # Output that the last one contained asks for nothing, and without output the delay counts.
            holds 4
            at 119ms
            timer
            at 120ms
            timer
              pauseAndCapture(checkpoint: 5)
            """
        try check(script, on: COLOMachine(primary: COLOPrimary(limits: limits, now: .zero)))
    }

    /// A secondary would not wait that long for a checkpoint that it was asked for ahead.
    @Test func withALongDelayTheSecondaryIsAskedWhenACheckpointIsDue() throws {
        let limits = COLOPrimary.Limits(checkpointDelay: .seconds(20), onOutput: .fixed(.milliseconds(5)))
        let script = """
            gets READY
              startGuest
            at 1ms
            holds 1
              send(CHECKPOINT_REQUEST)
              watchRest
            gets REPLY
            rests
              pauseAndCapture(checkpoint: 1)
            captured
              sendCheckpoint(1)
            gets RECEIVED
            gets LOADED
              releaseOutput(throughEpoch: 1)
            at 20000ms
            timer
            at 20001ms
            timer
              send(CHECKPOINT_REQUEST)
            gets REPLY
              pauseAndCapture(checkpoint: 2)
            """
        try check(script, on: COLOMachine(primary: COLOPrimary(limits: limits, now: .zero)))
    }

    /// The gap adapts to what captures cost: twice the pause, as the share of the time that is allowed.
    @Test func aBusyGuestIsCapturedAsOftenAsItsShareAllows() throws {
        let limits = COLOPrimary.Limits(checkpointDelay: .milliseconds(100), onOutput: .share(10))
        let script = """
            gets READY
              startGuest
              send(CHECKPOINT_REQUEST)
            gets REPLY
            at 10ms
            holds 1
              pauseAndCapture(checkpoint: 1)
            captured 2ms
              sendCheckpoint(1)
            gets RECEIVED
            gets LOADED
              releaseOutput(throughEpoch: 1)
              send(CHECKPOINT_REQUEST)
            gets REPLY
            # 2 · 2 ms are 10 of 100 of 40 ms.
            at 20ms
            holds 2
              watchRest
            at 49ms
            timer
            at 50ms
            timer
              pauseAndCapture(checkpoint: 2)
            """
        try check(script, on: COLOMachine(primary: COLOPrimary(limits: limits, now: .zero)))
    }

    /// Much output is not kept waiting for a guest that does not rest.
    @Test func aFullHoldHasABusyGuestCaptured() throws {
        let limits = COLOPrimary.Limits(checkpointDelay: .milliseconds(100), onOutput: .fixed(.milliseconds(50)))
        let script = """
            gets READY
              startGuest
              send(CHECKPOINT_REQUEST)
            holds 1
              watchRest
            gets REPLY
            full
              pauseAndCapture(checkpoint: 1)
            captured
              sendCheckpoint(1)
            gets RECEIVED
            gets LOADED
              releaseOutput(throughEpoch: 1)
              send(CHECKPOINT_REQUEST)
            """
        try check(script, on: COLOMachine(primary: COLOPrimary(limits: limits, now: .zero)))
    }

    @Test func aPrimaryLeavesOnAMessageOutOfPlace() throws {
        let script = """
            gets READY
              startGuest
            at 50ms
            timer
              send(CHECKPOINT_REQUEST)
            gets LOADED
              leave(unexpected message VMSTATE_LOADED while waiting for CHECKPOINT_REPLY)
            gets REPLY
            lost
            """
        try check(script, on: primary)
    }

    @Test func aPrimaryGivesUpASecondaryThatNeverAnswers() throws {
        let script = """
            gets READY
              startGuest
            at 50ms
            timer
              send(CHECKPOINT_REQUEST)
            at 3049ms
            timer
            at 3050ms
            timer
              leave(peer exceeded replyTimeout (3000.0 ms))
            """
        try check(script, on: primary)
    }

    @Test func aSecondaryReceivesTwoCheckpointsAndTakesOverFromTheSecond() throws {
        let script = """
            gets REQUEST
              send(CHECKPOINT_REPLY)
            gets SEND
              receiveLiveState(checkpoint: 1)
            ram
            gets SIZE 100
              receiveDeviceState(checkpoint: 1, bytes: 100)
            devices
              send(VMSTATE_RECEIVED)
              commit(checkpoint: 1)
            committed
              send(VMSTATE_LOADED)
            gets REQUEST
              send(CHECKPOINT_REPLY)
            gets SEND
              receiveLiveState(checkpoint: 2)
            ram
            gets SIZE 120
              receiveDeviceState(checkpoint: 2, bytes: 120)
            devices
              send(VMSTATE_RECEIVED)
              commit(checkpoint: 2)
            lost
            failover
            committed
              leave(failover requested)
              takeOver(checkpoint: 2)
            """
        try check(script, on: secondary)
    }

    @Test func aSecondaryFallsBackToTheCheckpointBeforeATornOne() throws {
        let script = """
            gets REQUEST
              send(CHECKPOINT_REPLY)
            gets SEND
              receiveLiveState(checkpoint: 1)
            ram
            gets SIZE 100
              receiveDeviceState(checkpoint: 1, bytes: 100)
            bad
              discardStaging
              leave(malformed checkpoint: section 7)
            devices
            gets REQUEST
            failover
              takeOver(checkpoint: 0)
            """
        try check(script, on: secondary)
    }

    @Test func aSecondaryRefusesTheWrongMessage() throws {
        let script = """
            gets LOADED
              leave(unexpected message VMSTATE_LOADED while waiting for CHECKPOINT_REQUEST)
            abandon
              discardAll
            failover
            """
        try check(script, on: secondary)
    }
}
