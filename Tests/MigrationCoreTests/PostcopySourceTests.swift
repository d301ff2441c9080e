import Environment
import Testing

@testable import MigrationCore

/// The source of a postcopy: its guest moves first, and never runs here again once the package may have left.
struct PostcopySourceTests {
    typealias Source = SourceMachineTests.Source

    /// One whose operator wants postcopy from the beginning.
    private func source(
        bandwidth: UInt64 = 0, _ change: (inout SourceMachine.Configuration) -> Void = { _ in }
    ) -> Source {
        let source = Source(bandwidth: bandwidth) {
            ($0.mayPostcopy, $0.hasReturnPath) = (true, true)
            change(&$0)
        }
        _ = source.take(.startPostcopy)
        return source
    }

    /// One that has switched.
    private func switched(_ change: (inout SourceMachine.Configuration) -> Void = { _ in }) -> Source {
        let source = source(change)
        #expect(source.play(to: .switchToPostcopy))
        #expect(source.take(.postcopySwitched(left: 300)) == [.sendPages(256)])
        return source
    }

    /// One that was paused between two batches.
    private func paused(_ change: (inout SourceMachine.Configuration) -> Void = { _ in }) -> Source {
        let source = switched(change)
        #expect(source.take(.failed("broken")) == [.tell(.postcopyPaused), .breakChannel])
        return source
    }

    // MARK: The switch

    @Test func aPostcopyWithoutHindrance() {
        let source = source()
        #expect(source.play(to: .leaveGuest))
        #expect(source.take(.guestSettled) == [.tell(.completed), .end])
        let start = Nanoseconds.seconds(1) + .milliseconds(200)
        let sent = start + .milliseconds(200 * 9)
        #expect(
            source.said == [
                .tell(.setup), .connect, .sendSetup, .pass(1), .tell(.active), .sendPages(256), .harvest, .pass(2),
                .tell(.postcopyActive), .haltGuest, .harvestLast, .pass(3), .switchToPostcopy, .sendPages(256),
                .endPostcopy, .awaitPeer(until: sent + .seconds(30), silence: sent + .seconds(2)), .leaveGuest,
                .tell(.completed), .end,
            ])
    }

    @Test func itIsLookedAtBetweenTwoBatches() {
        let source = source()
        #expect(source.play(to: .sendPages(256)))
        #expect(source.take(.sent(left: 5, bytes: 4096, pages: 1)) == [.tell(.postcopyActive), .haltGuest])
        #expect(source.take(.startPostcopy).isEmpty)
        #expect(source.machine.isRunning)
    }

    @Test func aWaitForBandwidthIsNoWaitForPostcopy() {
        let source = Source(bandwidth: 10) { ($0.mayPostcopy, $0.hasReturnPath) = (true, true) }
        #expect(source.play(to: .sendPages(1)))
        #expect(source.take(.sent(left: 9, bytes: 4096, pages: 1)).isEmpty)
        #expect(source.take(.startPostcopy) == [.tell(.postcopyActive), .haltGuest])
        #expect(source.machine.nextDeadline == .never)
    }

    @Test func withAPauseBeforeTheSwitchoverClientsAreToldAfterIt() {
        let source = source { $0.pausesBeforeSwitchover = true }
        #expect(source.play(to: .haltGuest))
        #expect(source.told == [.setup, .active])
        #expect(source.take(.halted(ran: true)) == [.tell(.preSwitchover)])
        #expect(source.take(.pause).isEmpty)
        #expect(source.take(.goOn) == [.tell(.postcopyActive), .harvestLast])
        #expect(source.take(.harvested(pages: 3)) == [.pass(3), .switchToPostcopy])
    }

    /// Nothing is left to follow the guest.
    @Test func withoutPagesItEndsAsPrecopyDoes() {
        let source = source()
        #expect(source.play(to: .harvest))
        #expect(source.take(.harvested(pages: 0)) == [.pass(2), .haltGuest])
        #expect(source.play(to: .sendState))
        #expect(!source.told.contains(.postcopyActive))
    }

    @Test func aPackageBehindWhichNothingIsLeftIsTheEnd() {
        let source = source()
        #expect(source.play(to: .switchToPostcopy))
        #expect(source.take(.postcopySwitched(left: 0)) == [.endPostcopy])
    }

    @Test func whoHasNotAllowedItGetsNone() {
        let changes: [(inout SourceMachine.Configuration) -> Void] = [
            { $0.mayPostcopy = false }, { $0.isCOLO = true },
            { ($0.isBackgroundSnapshot, $0.hasReturnPath) = (true, false) },
        ]
        for change in changes {
            let source = source(change)
            #expect(source.play(to: .sendState))
            #expect(!source.told.contains(.postcopyActive))
        }
    }

    // MARK: Failures

    @Test(arguments: [SourceMachine.Action.haltGuest, .harvestLast, .switchToPostcopy])
    func beforeThePackageHasLeftTheGuestGoesOnHere(action: SourceMachine.Action) {
        let source = source()
        #expect(source.play(to: action))
        let actions = source.take(.failed("gone"))
        #expect(actions.prefix(2) == [.tell(.failed), .report("gone", guestStands: false)])
        #expect(actions.last == (action == .haltGuest ? .end : .giveGuestBack))
    }

    @Test(arguments: [
        (SourceMachine.Action.switchToPostcopy, SourceMachine.Event.failed("gone", endMayHaveLeft: true)),
        (.sendPages(256), .failed("gone")), (.endPostcopy, .failed("gone")), (.sendPages(256), .interrupted()),
    ])
    func afterwardsTheGuestStandsHere(action: SourceMachine.Action, event: SourceMachine.Event) {
        let source = source()
        #expect(source.play(to: .switchToPostcopy))
        #expect(source.play(to: action))
        #expect(source.take(event) == [.tell(.postcopyPaused), .breakChannel])
        #expect(source.machine.isRunning)
        #expect(source.machine.pauseReason == (event == .interrupted() ? "The channel was cut" : "gone"))
        // What those channels still have to say is no longer of interest.
        for late in [SourceMachine.Event.failed("late"), .peerLeft, .peerSaid(1), .sent(left: 0, bytes: 0, pages: 0)] {
            #expect(source.take(late).isEmpty)
        }
        #expect(source.machine.switchedAt != nil)
    }

    @Test(arguments: [SourceMachine.Event.peerLeft, .peerSaid(1), .failed("silence", endMayHaveLeft: true)])
    func noWordGivesTheGuestBackThatHasRun(event: SourceMachine.Event) {
        let source = switched()
        #expect(source.take(.peerRuns).isEmpty)
        _ = source.take(.sent(left: 0, bytes: 4096, pages: 1))
        _ = source.take(.postcopyEnded)
        #expect(source.take(event) == [.tell(.postcopyPaused), .breakChannel])
        #expect(source.machine.mayResume)
    }

    /// Nothing is under way while it waits for bandwidth.
    @Test(arguments: [SourceMachine.Event.failed("gone"), .peerLeft, .pause, .channelBroke("gone")])
    func aChannelThatBreaksBetweenTwoBatchesPausesAtOnce(event: SourceMachine.Event) {
        let source = switched()
        _ = source.take(.tuned(.init(maxBandwidth: 0, maxPostcopyBandwidth: 10, downtimeLimit: 300)))
        #expect(source.take(.sent(left: 9, bytes: 4096, pages: 1)) == [.sendPages(1)], "the package is not charged")
        #expect(source.take(.sent(left: 8, bytes: 8192, pages: 2)).isEmpty)
        #expect(source.machine.nextDeadline > source.now)
        #expect(source.take(event) == [.tell(.postcopyPaused), .breakChannel])
        #expect(source.machine.nextDeadline == .never)
    }

    // MARK: A guest that comes back

    private static let refusal = "The destination failed before it ran the guest (SHUT 1)"

    /// Whatever is under way ends first.
    @Test(arguments: [SourceMachine.Action.switchToPostcopy, .sendPages(256), .endPostcopy])
    func whatHasNeverRunThereGoesOnHere(action: SourceMachine.Action) {
        let source = source()
        #expect(source.play(to: .switchToPostcopy))
        #expect(source.play(to: action))
        #expect(source.take(.peerGaveUp(1)) == [.breakChannel])
        let back = source.take(.failed("broken pipe", endMayHaveLeft: true))
        #expect(
            back == [.tell(.failed), .report(Self.refusal, guestStands: false), .giveGuestBack])
        #expect(source.take(.channelBroke("reset")).isEmpty)
        #expect(source.take(.guestSettled) == [.end])
        #expect(source.machine.failure == Self.refusal)
    }

    @Test func itComesBackAtOnceWhereNothingIsUnderWay() {
        let paused = paused()
        #expect(paused.take(.peerGaveUp(1)).last == .giveGuestBack)
        let pacing = switched()
        _ = pacing.take(.tuned(.init(maxBandwidth: 0, maxPostcopyBandwidth: 10, downtimeLimit: 300)))
        _ = pacing.take(.sent(left: 9, bytes: 4096, pages: 1))
        _ = pacing.take(.sent(left: 8, bytes: 8192, pages: 2))
        #expect(pacing.take(.peerGaveUp(1)).last == .giveGuestBack)
        let waiting = switched { $0.hasPrimaries = true }
        _ = waiting.take(.sent(left: 0, bytes: 4096, pages: 1))
        _ = waiting.take(.postcopyEnded)
        #expect(waiting.take(.peerSaid(1)).last == .giveGuestBack)
        #expect(waiting.take(.peerGaveUp(1)).isEmpty)
        #expect(waiting.take(.guestSettled) == [.releasePrimaries(giveBack: true), .end])
    }

    @Test func aCancelThatFindsTheDestinationFailedIsOne() {
        let source = source()
        #expect(source.play(to: .switchToPostcopy))
        _ = source.take(.cancel)
        #expect(source.take(.peerGaveUp(1)) == [.breakChannel])
        #expect(source.take(.failed("cut", endMayHaveLeft: true)) == [.giveGuestBack])
        #expect(source.take(.guestSettled) == [.tell(.cancelled), .end])
    }

    @Test func aWordThatComesAfterTheGuestHasRunOnlyPauses() {
        let running = switched()
        _ = running.take(.peerRuns)
        let released = switched { $0.releasesRAM = true }
        for source in [running, released] {
            #expect(source.take(.peerGaveUp(1)) == [.breakChannel])
            #expect(source.take(.failed("broken")) == [.tell(.postcopyPaused), .breakChannel])
            #expect(source.machine.pauseReason == "The destination said SHUT 1 before it had all pages")
        }
    }

    @Test func anOperatorMayTakeBackWhatWasNeverHeardOf() {
        let source = paused()
        #expect(source.machine.mayTakeBack)
        let why = "The guest was taken back by command from a postcopy that was paused (broken)"
        let deadline = source.now + .milliseconds(200) + .seconds(2)
        #expect(source.take(.takeBack) == [.hearLastWords(until: deadline)])
        #expect(source.machine.isTakingBack && !source.machine.mayResume && !source.machine.mayTakeBack)
        #expect(source.take(.takeBack).isEmpty && source.take(.cancel).isEmpty && source.take(.pause).isEmpty)
        #expect(
            source.take(.lastWordsHeard) == [.tell(.failed), .report(why, guestStands: false), .giveGuestBack])
        #expect(!source.machine.mayResume && !source.machine.mayTakeBack)
        #expect(source.take(.resume).isEmpty)
        #expect(source.take(.guestSettled) == [.end])
    }

    /// What the destination said last may not have been read when the operator says so.
    @Test func whatIsHeardInTheMeantimeDecides() {
        let running = paused()
        _ = running.take(.takeBack)
        #expect(running.take(.peerRuns).isEmpty)
        #expect(running.take(.lastWordsHeard).isEmpty)
        #expect(running.machine.hasRunElsewhere && running.machine.mayResume && !running.machine.mayTakeBack)
        let refused = paused()
        _ = refused.take(.takeBack)
        #expect(refused.take(.peerGaveUp(1)) == [.breakChannel])
        #expect(refused.take(.lastWordsHeard).last == .giveGuestBack)
        #expect(refused.machine.failure == Self.refusal)
        // Not all of it was heard in time.
        let unheard = paused()
        _ = unheard.take(.takeBack)
        #expect(unheard.take(.interrupted()).isEmpty)
        #expect(unheard.machine.mayTakeBack && !unheard.machine.isTakingBack)
        let quitting = paused()
        _ = quitting.take(.takeBack)
        #expect(quitting.take(.quit) == [.tell(.cancelling), .interrupt])
        #expect(quitting.take(.lastWordsHeard) == [.end], "a process that ends starts no guest")
    }

    @Test func nothingElseIsTakenBack() {
        let heard = switched()
        _ = heard.take(.peerRuns)
        _ = heard.take(.failed("broken"))
        let late = paused()
        _ = late.take(.peerRuns)
        let recovered = paused()
        _ = recovered.take(.resume)
        #expect(recovered.take(.takeBack).isEmpty, "it is being resumed")
        _ = recovered.take(.reconnected)
        _ = recovered.take(.recovered(left: 3))
        _ = recovered.take(.failed("broken again"))
        for source in [heard, late, recovered, paused { $0.releasesRAM = true }, switched()] {
            #expect(!source.machine.mayTakeBack)
            #expect(source.take(.takeBack).isEmpty)
        }
    }

    // MARK: Cancel, pause, quit

    @Test(arguments: [SourceMachine.Action.haltGuest, .harvestLast])
    func aCancelBeforeThePackageLeavesTakesTheGuestBack(action: SourceMachine.Action) {
        let source = source()
        #expect(source.play(to: action))
        #expect(source.take(.cancel) == [.tell(.cancelling), .interrupt])
        let rest = source.take(action == .haltGuest ? .halted(ran: true) : .interrupted())
        #expect(rest == [.giveGuestBack])
        #expect(source.take(.guestSettled) == [.tell(.cancelled), .end])
    }

    @Test func aCancelWhileThePackageLeavesDependsOnWhetherItHas() {
        for event in [
            SourceMachine.Event.failed("cut"), .failed("cut", endMayHaveLeft: true), .postcopySwitched(left: 3),
        ] {
            let source = source()
            #expect(source.play(to: .switchToPostcopy))
            #expect(source.take(.cancel) == [.tell(.cancelling), .breakChannel])
            let isHere = event == .failed("cut")
            let expected: [SourceMachine.Action] = isHere ? [.giveGuestBack] : [.tell(.postcopyPaused), .breakChannel]
            #expect(source.take(event) == expected)
            #expect(source.machine.mayResume != isHere)
        }
    }

    @Test(arguments: [SourceMachine.Action.sendPages(256), .endPostcopy])
    func aCancelOfAPostcopyPausesIt(action: SourceMachine.Action) {
        let source = switched()
        if action == .endPostcopy { #expect(source.play(to: action)) }
        #expect(source.take(.cancel) == [.tell(.cancelling), .breakChannel])
        #expect(source.take(.cancel).isEmpty)
        #expect(source.take(.failed("cut")) == [.tell(.postcopyPaused), .breakChannel])
        #expect(source.take(.cancel).isEmpty)
        #expect(source.take(.pause).isEmpty)
    }

    @Test(arguments: [SourceMachine.Action.switchToPostcopy, .sendPages(256), .endPostcopy])
    func aPauseBreaksTheChannels(action: SourceMachine.Action) {
        let source = source()
        #expect(source.play(to: .switchToPostcopy))
        #expect(source.play(to: action))
        #expect(source.take(.pause) == [.breakChannel])
        // It had left before.
        let outcome: SourceMachine.Event =
            switch action {
            case .switchToPostcopy: .postcopySwitched(left: 4)
            case .endPostcopy: .postcopyEnded
            default: .sent(left: 4, bytes: 0, pages: 0)
            }
        #expect(source.take(outcome) == [.tell(.postcopyPaused), .breakChannel])
    }

    @Test func theFirstReasonIsTold() {
        let source = switched()
        #expect(source.take(.channelBroke("reset by peer")) == [.breakChannel])
        #expect(source.take(.pause) == [.breakChannel])
        _ = source.take(.failed("broken pipe"))
        #expect(source.machine.pauseReason == "reset by peer")
        #expect(source.take(.channelBroke("late")).isEmpty)
    }

    @Test func aPauseWaitsUntilTheGuestHasMoved() {
        let source = source()
        #expect(source.play(to: .haltGuest))
        #expect(source.take(.pause).isEmpty)
        #expect(source.take(.halted(ran: true)) == [.harvestLast])
        #expect(source.take(.harvested(pages: 4)) == [.pass(3), .switchToPostcopy])
        #expect(source.take(.postcopySwitched(left: 4)) == [.tell(.postcopyPaused), .breakChannel])
    }

    /// The destination has all of it: there is nothing to pause any more.
    @Test(arguments: [SourceMachine.Event.pause, .cancel])
    func theLastWordCountsWhateverWasWanted(event: SourceMachine.Event) {
        let source = switched()
        _ = source.take(.sent(left: 0, bytes: 4096, pages: 1))
        _ = source.take(.postcopyEnded)
        #expect(source.take(event).last == .breakChannel)
        #expect(source.take(.peerSaid(0)) == [.leaveGuest])
        #expect(source.take(event).isEmpty)
        #expect(source.take(.guestSettled) == [.tell(.completed), .end])
    }

    @Test func aPauseIsOneOfPostcopyOnly() {
        let source = source()
        #expect(source.play(to: .sendPages(256)))
        #expect(source.take(.pause).isEmpty)
        #expect(source.take(.resume).isEmpty)
        #expect(!source.machine.mayResume)
    }

    @Test func aProcessThatEndsLeavesTheGuestWhereItIs() {
        let steps: [(Source) -> Void] = [
            { _ in }, { _ = $0.take(.failed("gone")) },
            {
                _ = $0.take(.failed("gone"))
                _ = $0.take(.resume)
            },
            {
                _ = $0.take(.failed("gone"))
                _ = $0.take(.resume)
                _ = $0.take(.reconnected)
            },
        ]
        for step in steps {
            let source = switched { $0.hasPrimaries = true }
            step(source)
            #expect(source.take(.quit) == [.tell(.cancelling), .interrupt])
            #expect(!source.machine.mayResume)
            #expect(source.take(.interrupted()) == [.releasePrimaries(giveBack: false), .end])
            #expect(source.machine.hasEnded)
        }
    }

    // MARK: Recovery

    @Test func aPausedPostcopyIsResumedAsOftenAsItTakes() {
        let source = paused()
        for _ in 0..<3 {
            #expect(source.machine.mayResume)
            #expect(source.take(.resume) == [.reconnect])
            #expect(!source.machine.mayResume)
            #expect(source.take(.resume).isEmpty)
            let deadline = source.now + .milliseconds(200) + .seconds(30)
            #expect(source.take(.reconnected) == [.tell(.postcopyRecover), .recover(until: deadline)])
            #expect(!source.machine.mayResume)
            #expect(source.take(.pause).isEmpty)
            #expect(source.take(.recovered(left: 299)) == [.tell(.postcopyActive), .sendPages(256)])
            #expect(source.take(.peerLeft) == [.tell(.postcopyPaused), .breakChannel])
        }
        _ = source.take(.resume)
        _ = source.take(.reconnected)
        #expect(source.take(.recovered(left: 0)) == [.tell(.postcopyActive), .endPostcopy])
        #expect(source.take(.postcopyEnded).count == 1)
        #expect(source.take(.peerSaid(0)) == [.leaveGuest])
    }

    @Test func aDestinationThatIsNotThereChangesNothing() {
        let source = paused()
        _ = source.take(.resume)
        #expect(source.take(.failed("Connection refused")) == [.reportRefusal("Connection refused")])
        #expect(source.machine.mayResume)
        #expect(source.told.last == .postcopyPaused)
    }

    @Test(arguments: [SourceMachine.Event.failed("nothing came"), .peerLeft, .peerSaid(1), .interrupted()])
    func aRecoveryThatComesToNothingLeavesItPaused(event: SourceMachine.Event) {
        let source = paused()
        _ = source.take(.resume)
        _ = source.take(.reconnected)
        #expect(source.take(.cancel).isEmpty)
        let actions = source.take(event)
        #expect(actions.prefix(2) == [.tell(.postcopyPaused), .breakChannel])
        #expect(actions.count == 3)
        #expect(source.machine.mayResume)
    }

    @Test func whatWasGivenUpCannotBeSentAgain() {
        let source = paused { $0.releasesRAM = true }
        #expect(!source.machine.mayResume)
        #expect(source.take(.resume).isEmpty)
    }

    @Test func afterAPauseTheExpectedDowntimeIsTheLimit() {
        let source = source()
        #expect(source.play(to: .harvest))
        _ = source.take(.harvested(pages: 1_000_000))
        #expect(source.play(to: .endPostcopy))
        #expect(source.machine.expectedDowntime > 300)
        _ = source.take(.failed("gone"))
        #expect(source.machine.expectedDowntime > 300)
        _ = source.take(.resume)
        #expect(source.machine.expectedDowntime == 300)
    }

    // MARK: Bandwidth

    /// One that has to wait for hours before it may send another page.
    private func pacing(inPostcopy: Bool) -> Source {
        let source = inPostcopy ? switched() : Source(bandwidth: 1)
        if inPostcopy {
            _ = source.take(.tuned(.init(maxBandwidth: 0, maxPostcopyBandwidth: 1, downtimeLimit: 300)))
            _ = source.take(.sent(left: 99, bytes: 4096, pages: 1))
            _ = source.take(.sent(left: 98, bytes: 8192, pages: 2))
        } else {
            #expect(source.play(to: .sendPages(1)))
            _ = source.take(.sent(left: 98, bytes: 8192, pages: 2))
        }
        return source
    }

    @Test(arguments: [true, false]) func aWaitForBandwidthIsNoSilence(inPostcopy: Bool) {
        let source = pacing(inPostcopy: inPostcopy)
        let word: SourceMachine.Action = inPostcopy ? .sendPing : .sendEmptyPart
        if inPostcopy {
            // Asked for since the guest moved, three outcomes ago.
            #expect(source.machine.nextDeadline == source.now + .seconds(10) - .milliseconds(600))
            source.now = source.machine.nextDeadline
            #expect(source.take(.timer) == [word])
            #expect(source.take(.spoke).isEmpty)
        }
        for _ in 0..<3 {
            #expect(source.machine.nextDeadline == source.now + .seconds(10))
            source.now = source.machine.nextDeadline
            #expect(source.take(.timer) == [word])
            #expect(source.take(.spoke).isEmpty)
        }
        let faster = SourceMachine.Tunables(maxBandwidth: 1 << 20, maxPostcopyBandwidth: 1 << 20, downtimeLimit: 300)
        source.now = source.machine.nextDeadline
        _ = source.take(.timer)
        #expect(source.take(.tuned(faster)).isEmpty, "one thing at a time")
        #expect(source.take(.spoke).count == 1, "what was due under the old limit is forgotten")
    }

    /// Pages that leave show nothing of the destination: it is asked all the same.
    @Test(arguments: [UInt64(4096), 0]) func theDestinationIsAskedHoweverOftenPagesLeave(limit: UInt64) {
        let source = switched()
        _ = source.take(.tuned(.init(maxBandwidth: 0, maxPostcopyBandwidth: limit, downtimeLimit: 300)))
        var (actions, pages, last, asked) = ([SourceMachine.Action.sendPages(1)], 0, source.now, 0)
        for _ in 0..<300 {
            switch actions.last {
            case .sendPages:
                pages += 1
                actions = source.take(.sent(left: 1000 - pages, bytes: UInt64(pages) * 4096, pages: UInt64(pages)))
            case .sendPing:
                #expect(source.now - last < .seconds(12))
                (last, asked) = (source.now, asked + 1)
                actions = source.take(.spoke)
            default:
                source.now = max(source.now, source.machine.nextDeadline)
                actions = source.take(.timer)
            }
        }
        #expect(asked >= 4 && pages > 50, "asked \(asked) times, \(pages) pages")
    }

    @Test func whatIsWantedDuringAWordIsDoneAfterIt() {
        let source = Source(bandwidth: 1) { ($0.mayPostcopy, $0.hasReturnPath) = (true, true) }
        #expect(source.play(to: .sendPages(1)))
        _ = source.take(.sent(left: 98, bytes: 8192, pages: 2))
        source.now = source.machine.nextDeadline
        #expect(source.take(.timer) == [.sendEmptyPart])
        #expect(source.take(.startPostcopy).isEmpty)
        #expect(source.take(.spoke) == [.tell(.postcopyActive), .haltGuest])
        let postcopy = pacing(inPostcopy: true)
        postcopy.now = postcopy.machine.nextDeadline
        #expect(postcopy.take(.timer) == [.sendPing])
        #expect(postcopy.take(.pause) == [.breakChannel])
        #expect(postcopy.take(.spoke) == [.tell(.postcopyPaused), .breakChannel])
    }

    @Test func postcopyHasALimitOfItsOwn() {
        let source = switched()
        _ = source.take(.sent(left: 200, bytes: 4096 * 100, pages: 100))
        let change = SourceMachine.Tunables(maxBandwidth: 1, maxPostcopyBandwidth: 0, downtimeLimit: 300)
        #expect(source.take(.tuned(change)).isEmpty)
        #expect(source.take(.sent(left: 100, bytes: 4096 * 200, pages: 200)) == [.sendPages(256)], "that of precopy")
        _ = source.take(.tuned(.init(maxBandwidth: 0, maxPostcopyBandwidth: 4096 * 100, downtimeLimit: 300)))
        #expect(source.take(.sent(left: 60, bytes: 4096 * 240, pages: 240)) == [.sendPages(10)])
        #expect(source.take(.sent(left: 20, bytes: 4096 * 280, pages: 280)).isEmpty)
        #expect(source.machine.nextDeadline > source.now)
        #expect(source.take(.tuned(change)) == [.sendPages(256)], "what was due under the old limit is forgotten")
    }
}
