import Environment
import Testing

@testable import MigrationCore

struct SourceMachineTests {
    /// A source, the time, and everything that it said.
    final class Source {
        var machine: SourceMachine
        var now = Nanoseconds.seconds(1)
        var said: [SourceMachine.Action] = []

        init(bandwidth: UInt64 = 0, _ change: (inout SourceMachine.Configuration) -> Void = { _ in }) {
            var configuration = SourceMachine.Configuration()
            change(&configuration)
            machine = SourceMachine(
                configuration: configuration, tunables: .init(maxBandwidth: bandwidth, downtimeLimit: 300))
            said = machine.start(now: now)
        }

        /// What follows from `event`, 200 ms later.
        func take(_ event: SourceMachine.Event) -> [SourceMachine.Action] {
            now = now + .milliseconds(200)
            let actions = machine.handle(event, now: now)
            said += actions
            return actions
        }

        /// Plays the outcomes of a migration without hindrance until `last` is asked for.
        func play(to last: SourceMachine.Action) -> Bool {
            for _ in 0..<40 {
                guard let action = said.last(where: { $0.isLasting }) else { return false }
                if action == last { return true }
                guard let event = outcome(of: action) else { return false }
                _ = take(event)
            }
            return false
        }

        private func outcome(of action: SourceMachine.Action) -> SourceMachine.Event? {
            switch action {
            case .connect: .connected
            case .holdPrimaries: .primariesHeld(1)
            case .awaitUnplug: .unplugged
            case .sendSetup: .setUp(pages: 10, bytes: 100)
            case .beginSnapshot: .snapshotBegun(pages: 10, pause: .milliseconds(1))
            case .sendPages: .sent(left: 0, bytes: 50_000, pages: 10)
            case .harvest, .harvestLast: .harvested(pages: 1)
            case .haltGuest: .halted(ran: true)
            case .askSwitchover: .switchoverAllowed
            case .sendEmptyPart, .sendPing: .spoke
            case .sendState: .stateSent
            case .closeStream: .streamClosed
            case .awaitPeer, .hearOut: .peerSaid(0)
            case .runCOLO: .coloEnded
            case .leaveGuest, .giveGuestBack, .keepGuest, .endSnapshot: .guestSettled
            case .switchToPostcopy: .postcopySwitched(left: 10)
            case .endPostcopy: .postcopyEnded
            case .reconnect: .reconnected
            case .recover: .recovered(left: 10)
            case .hearLastWords: .lastWordsHeard
            case .tell, .pass, .report, .reportRefusal, .interrupt, .breakChannel, .throttle, .releasePrimaries, .end:
                nil
            }
        }

        var told: [SourceMachine.Status] {
            said.compactMap { if case .tell(let status) = $0 { status } else { nil } }
        }
    }

    @Test func aMigrationWithoutHindrance() {
        let source = Source()
        #expect(source.play(to: .leaveGuest))
        #expect(source.take(.guestSettled) == [.tell(.completed), .end])
        #expect(
            source.said == [
                .tell(.setup), .connect, .sendSetup, .pass(1), .tell(.active), .sendPages(256), .harvest, .pass(2),
                .haltGuest, .harvestLast, .pass(3), .sendPages(256), .sendState, .closeStream, .leaveGuest,
                .tell(.completed), .end,
            ])
    }

    /// The third outcome comes 600 ms after the beginning.
    private static let firstWait = SourceMachine.Action.awaitUnplug(until: .milliseconds(11_600))

    @Test func aGuestGivesItsPrimaryCardUpBeforeItMoves() {
        let source = Source { $0.hasPrimaries = true }
        #expect(source.play(to: .leaveGuest))
        #expect(source.take(.guestSettled) == [.tell(.completed), .releasePrimaries(giveBack: false), .end])
        #expect(
            source.said.prefix(9) == [
                .tell(.setup), .connect, .holdPrimaries, .sendSetup, .pass(1), .tell(.waitUnplug),
                Self.firstWait, .tell(.active), .sendPages(256),
            ])
    }

    @Test func aGuestWithoutItsPrimaryCardIsNotWaitedFor() {
        let source = Source { $0.hasPrimaries = true }
        #expect(source.play(to: .holdPrimaries))
        #expect(source.take(.primariesHeld(0)) == [.sendSetup])
        #expect(source.play(to: .sendPages(256)))
        #expect(source.told == [.setup, .active])
    }

    @Test func aCancelWhileTheCardIsWaitedForGivesItBack() {
        let source = Source { $0.hasPrimaries = true }
        #expect(source.play(to: Self.firstWait))
        #expect(source.machine.isRunning)
        #expect(source.take(.cancel) == [.tell(.cancelling), .interrupt])
        #expect(source.take(.interrupted()) == [.tell(.cancelled), .releasePrimaries(giveBack: true), .end])
    }

    /// A destination gives up on a source that says nothing for 30 seconds; a guest may take longer.
    @Test func theDestinationHearsOfASourceThatWaitsForItsGuest() {
        let source = Source { $0.hasPrimaries = true }
        #expect(source.play(to: Self.firstWait))
        #expect(source.take(.stillPlugged) == [.sendEmptyPart])
        #expect(source.take(.spoke) == [.awaitUnplug(until: source.now + .seconds(10))])
        #expect(source.machine.status == .waitUnplug)
        #expect(source.take(.unplugged) == [.tell(.active), .sendPages(256)])
    }

    @Test func aFailureGivesTheCardBackAfterItWasTold() {
        let source = Source { $0.hasPrimaries = true }
        #expect(source.play(to: .harvest))
        let actions = source.take(.failed("broken"))
        #expect(
            actions == [
                .tell(.failed), .report("broken", guestStands: false), .releasePrimaries(giveBack: true), .end,
            ])
    }

    @Test func aProcessThatEndsWhileTheCardIsWaitedForTellsNoMoreThanThat() {
        let source = Source { $0.hasPrimaries = true }
        #expect(source.play(to: Self.firstWait))
        #expect(source.take(.quit) == [.tell(.cancelling), .interrupt])
        #expect(source.take(.interrupted()) == [.releasePrimaries(giveBack: true), .end])
    }

    /// A guest that the destination may run has its card there.
    @Test func aGuestThatMayHaveMovedDoesNotGetItsCardBack() {
        let source = Source { $0.hasPrimaries = true }
        #expect(source.play(to: .sendState))
        #expect(source.take(.failed("broken", endMayHaveLeft: true)).contains(.keepGuest))
        #expect(source.take(.guestSettled) == [.releasePrimaries(giveBack: false), .end])
    }

    /// Every lasting action before the commitment, and what comes after a cancel in the middle of it.
    @Test(arguments: [
        SourceMachine.Action.connect, .sendSetup, .sendPages(256), .harvest, .haltGuest, .askSwitchover, .harvestLast,
    ])
    func aCancelIsLookedAtEverywhere(action: SourceMachine.Action) {
        let source = Source { $0.isCOLO = action == .askSwitchover }
        #expect(source.play(to: action))
        #expect(source.take(.cancel) == [.tell(.cancelling), .interrupt])
        #expect(source.take(.cancel).isEmpty)
        let stands = source.machine.haltedAt != nil
        let actions = source.take(.interrupted())
        if stands {
            #expect(actions == [.giveGuestBack])
            #expect(source.take(.guestSettled) == [.tell(.cancelled), .end])
        } else {
            #expect(actions == [.tell(.cancelled), .end])
        }
        #expect(source.machine.hasEnded)
    }

    /// The outcome of what was under way came first: it counts, and then the cancel.
    @Test func aGuestThatWasStoppedWhileItWasCancelledGoesOn() {
        let source = Source()
        #expect(source.play(to: .haltGuest))
        _ = source.take(.cancel)
        #expect(source.take(.halted(ran: true)) == [.giveGuestBack])
    }

    @Test func aCancelThatComesAfterTheCommitmentIsNone() {
        let source = Source { $0.hasReturnPath = true }
        #expect(source.play(to: .sendState))
        #expect(source.take(.cancel).isEmpty)
        _ = source.take(.stateSent)
        #expect(source.take(.cancel).isEmpty)
        #expect(source.take(.peerSaid(0)) == [.closeStream])
    }

    @Test func quittingCutsOffEverythingAndGivesNothingBack() {
        let source = Source { $0.hasReturnPath = true }
        #expect(source.play(to: .sendState))
        #expect(source.take(.quit) == [.tell(.cancelling), .interrupt])
        #expect(source.take(.interrupted()) == [.end])
    }

    @Test func aFailureIsToldBeforeTheGuestGoesOn() {
        let source = Source()
        #expect(source.play(to: .harvestLast))
        #expect(
            source.take(.failed("gone")) == [
                .tell(.failed), .report("gone", guestStands: false), .giveGuestBack,
            ])
    }

    @Test(arguments: [
        (SourceMachine.Event.failed("gone", endMayHaveLeft: true), SourceMachine.Action.keepGuest),
        (.failed("gone"), .giveGuestBack),
    ])
    func onlyAnEndThatMayHaveLeftKeepsTheGuest(event: SourceMachine.Event, expected: SourceMachine.Action) {
        let source = Source()
        #expect(source.play(to: .sendState))
        let last = source.take(event).last
        #expect(last == expected)
    }

    @Test(arguments: [
        (SourceMachine.Event.failed("silence"), SourceMachine.Action.keepGuest), (.peerSaid(1), .giveGuestBack),
        (.peerLeft, .giveGuestBack),
    ])
    func theDestinationsWordDecides(event: SourceMachine.Event, expected: SourceMachine.Action) {
        let source = Source { $0.hasReturnPath = true }
        #expect(source.play(to: .sendState))
        _ = source.take(.stateSent)
        let last = source.take(event).last
        #expect(last == expected)
    }

    /// `exec:cat > file` with a return path: the command waits for the end of the stream, and nobody ever speaks.
    @Test(
        arguments: [
            (
                false, nil, SourceMachine.Action.giveGuestBack,
                "The command took the stream, and no destination answered"
            ),
            (false, "It ended with status 5", .giveGuestBack, "It ended with status 5"),
            (true, nil, .giveGuestBack, "The destination closed the channel"),
            (true, "It ended with status 5", .keepGuest, "It ended with status 5 before the destination said"),
        ] as [(Bool, String?, SourceMachine.Action, String)])
    func aCommandThatLetsNothingBeHeardIsToldThatTheStreamIsOver(
        heard: Bool, how: String?, expected: SourceMachine.Action, text: String
    ) throws {
        let source = Source { $0.hasReturnPath = true }
        #expect(source.play(to: .sendState))
        let (sent, started) = (source.take(.stateSent), source.now)
        let deadline = started + .seconds(30)
        #expect(sent == [.awaitPeer(until: deadline, silence: started + .seconds(2))])
        #expect(source.take(.peerSilent) == [.hearOut(until: deadline)])
        #expect(source.take(.commandEnded(heard: heard, failure: how)).last == expected)
        #expect(source.machine.failure?.hasPrefix(text) == true)
        let isStopped = source.machine.failure?.hasSuffix("'cont' if it does not") == true
        #expect(isStopped == (expected == .keepGuest))
    }

    /// A destination that was only slow has the last word, whatever becomes of the command.
    @Test func aWordAfterTheEndOfTheStreamCounts() {
        let source = Source { $0.hasReturnPath = true }
        #expect(source.play(to: .sendState))
        _ = source.take(.stateSent)
        _ = source.take(.peerSilent)
        #expect(source.take(.peerSaid(0)) == [.closeStream])
        #expect(source.take(.streamFailed("It ended with status 5")) == [.leaveGuest])
        #expect(source.take(.guestSettled) == [.tell(.completed), .end])
    }

    @Test func aPausedMigrationSpeaksNowAndThenAndGoesOnWhenTold() {
        let source = Source { $0.pausesBeforeSwitchover = true }
        #expect(source.play(to: .haltGuest))
        #expect(source.take(.halted(ran: true)) == [.tell(.preSwitchover)])
        let deadline = source.machine.nextDeadline
        #expect(deadline == source.now + .seconds(10))
        source.now = deadline
        #expect(source.take(.timer) == [.sendEmptyPart])
        // What the operator says while it speaks is not lost.
        #expect(source.take(.goOn).isEmpty)
        #expect(source.take(.spoke) == [.tell(.device), .harvestLast])
    }

    @Test func aCancelOfAPausedMigrationWaitsForItsThread() {
        let source = Source { $0.pausesBeforeSwitchover = true }
        #expect(source.play(to: .haltGuest))
        _ = source.take(.halted(ran: true))
        #expect(source.take(.cancel) == [.tell(.cancelling), .interrupt])
        #expect(source.machine.nextDeadline == .never)
        for event in [SourceMachine.Event.goOn, .timer] { #expect(source.take(event).isEmpty) }
        #expect(source.take(.interrupted()) == [.giveGuestBack])
    }

    /// A wait for bandwidth ends with the limit, whenever that changes.
    @Test func aNewLimitEndsTheWaitForTheOldOne() {
        let source = Source(bandwidth: 10)
        #expect(source.play(to: .sendPages(1)))
        #expect(source.take(.sent(left: 9, bytes: 4096, pages: 1)).isEmpty)
        #expect(source.machine.nextDeadline > source.now + .seconds(9))
        #expect(source.take(.tuned(.init(maxBandwidth: 0, downtimeLimit: 300))) == [.sendPages(256)])
    }

    @Test func aMigrationToCOLOEndsInIt() {
        let source = Source { $0.isCOLO = true }
        #expect(source.play(to: .runCOLO))
        #expect(source.told == [.setup, .active, .colo])
        #expect(source.take(.cancel) == [.interrupt])
        #expect(source.take(.coloPass) == [.pass(4)])
        #expect(source.take(.coloFinished) == [.tell(.completed)])
        #expect(source.take(.coloEnded) == [.end])
    }
}
