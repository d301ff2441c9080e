import Testing

@testable import MigrationCore

/// The destination of a postcopy: its guest runs on, whatever becomes of the channels.
struct PostcopyDestinationTests {
    private final class Destination {
        private(set) var machine: DestinationMachine

        init(_ change: (inout DestinationMachine.Configuration) -> Void = { _ in }) {
            var configuration = DestinationMachine.Configuration()
            configuration.mayPostcopy = true
            change(&configuration)
            machine = DestinationMachine(configuration: configuration)
            _ = machine.start()
        }

        func take(_ event: DestinationMachine.Event) -> [DestinationMachine.Action] { machine.handle(event) }
    }

    private func loading(
        _ change: (inout DestinationMachine.Configuration) -> Void = { _ in }
    ) -> Destination {
        let destination = Destination(change)
        _ = destination.take(.accepted)
        _ = destination.take(.command(.openReturnPath))
        _ = destination.take(.contents)
        return destination
    }

    private func receiving() -> Destination {
        let destination = loading()
        _ = destination.take(.packageLoaded)
        _ = destination.take(.stateApplied)
        #expect(destination.take(.guestStarted) == [.receivePages])
        return destination
    }

    private func paused() -> Destination {
        let destination = receiving()
        #expect(destination.take(.failed("broken")) == [.tell(.postcopyPaused), .breakChannel])
        return destination
    }

    private func recovering() -> Destination {
        let destination = paused()
        #expect(destination.take(.recoverRequested) == [.acceptRecovery])
        #expect(destination.take(.accepted) == [.tell(.postcopyRecover), .recover])
        return destination
    }

    @Test func aPostcopyWithoutHindrance() {
        let destination = loading()
        #expect(destination.take(.packageLoaded) == [.tell(.postcopyActive), .applyState])
        #expect(destination.take(.stateApplied) == [.startGuest])
        #expect(destination.take(.guestStarted) == [.receivePages])
        #expect(destination.take(.pagesLoaded) == [.tell(.completed), .shut(0), .end])
    }

    @Test func whoHasNotAllowedItTakesNoPackage() {
        let plain = loading { $0.mayPostcopy = false }
        #expect(plain.take(.packageLoaded).contains(.tell(.failed)))
        let paired = loading()
        _ = paired.take(.command(.enableCOLO))
        #expect(paired.take(.packageLoaded).contains(.tell(.failed)))
    }

    // MARK: Failures

    @Test func beforeTheGuestRunsAFailureIsTheEnd() {
        for outcomes in [[], [.packageLoaded], [.packageLoaded, .stateApplied]] as [[DestinationMachine.Event]] {
            let destination = loading()
            for outcome in outcomes { _ = destination.take(outcome) }
            let text = "load of migration failed: gone"
            #expect(destination.take(.failed("gone")) == [.shut(1), .tell(.failed), .report(text), .end])
        }
    }

    @Test(arguments: [DestinationMachine.Event.failed("gone"), .interrupted, .command(.enableCOLO)])
    func afterwardsItRunsOn(event: DestinationMachine.Event) {
        let destination = receiving()
        #expect(destination.take(event) == [.tell(.postcopyPaused), .breakChannel])
        #expect(destination.machine.failure == nil)
        #expect(destination.machine.pauseReason != nil)
        #expect(destination.machine.mayRecover)
        for late in [DestinationMachine.Event.failed("late"), .interrupted, .pagesLoaded] {
            #expect(destination.take(late).isEmpty)
        }
    }

    @Test(arguments: [DestinationMachine.Event.pause, .cut])
    func aPauseBreaksTheChannels(event: DestinationMachine.Event) {
        let destination = receiving()
        #expect(destination.take(event) == [.breakChannel])
        #expect(destination.take(.failed("broken")) == [.tell(.postcopyPaused), .breakChannel])
        #expect(destination.machine.pauseReason != "broken")
        #expect(destination.take(event).isEmpty)
    }

    @Test func whatHasComeWhollyIsNotPausedAnyMore() {
        let destination = receiving()
        _ = destination.take(.pause)
        #expect(destination.take(.pagesLoaded) == [.tell(.completed), .shut(0), .end])
    }

    /// A guest that is being started may need pages for that.
    @Test func aPauseWaitsUntilTheGuestRuns() {
        let destination = loading()
        #expect(destination.take(.pause).isEmpty, "it is not in postcopy yet")
        _ = destination.take(.packageLoaded)
        #expect(destination.take(.pause).isEmpty)
        #expect(destination.take(.stateApplied) == [.startGuest])
        #expect(destination.take(.guestStarted) == [.receivePages, .breakChannel])
        #expect(destination.take(.failed("broken")) == [.tell(.postcopyPaused), .breakChannel])
    }

    /// It runs nowhere else.
    @Test func aGuestThatIsCutOffWhileItIsStartedIsStarted() {
        let destination = loading()
        _ = destination.take(.packageLoaded)
        #expect(destination.take(.cut) == [.breakChannel])
        #expect(destination.take(.stateApplied) == [.startGuest])
    }

    // MARK: Recovery

    @Test func aPausedPostcopyIsRecoveredAsOftenAsItTakes() {
        let destination = recovering()
        for _ in 0..<3 {
            #expect(!destination.machine.mayRecover)
            #expect(destination.take(.recoverRequested).isEmpty)
            #expect(destination.take(.pause).isEmpty)
            #expect(destination.take(.resumed) == [.tell(.postcopyActive), .receivePages])
            #expect(destination.take(.failed("gone")) == [.tell(.postcopyPaused), .breakChannel])
            #expect(destination.take(.recoverRequested) == [.acceptRecovery])
            #expect(destination.take(.accepted) == [.tell(.postcopyRecover), .recover])
        }
        _ = destination.take(.resumed)
        #expect(destination.take(.pagesLoaded) == [.tell(.completed), .shut(0), .end])
    }

    @Test func anotherAddressTakesThePlaceOfTheOneBefore() {
        let destination = paused()
        _ = destination.take(.recoverRequested)
        #expect(destination.machine.mayRecover)
        #expect(destination.take(.recoverRequested) == [.replaceListener])
        #expect(destination.take(.cut).isEmpty)
        #expect(destination.take(.accepted) == [.tell(.postcopyRecover), .recover])
    }

    @Test func whoeverHasNoBusinessHereChangesNothing() {
        let destination = paused()
        _ = destination.take(.recoverRequested)
        #expect(destination.take(.turnedAway("no", anotherMayCome: true)) == [.reportRefusal("no"), .acceptRecovery])
        for event in [
            DestinationMachine.Event.turnedAway("no", anotherMayCome: false), .nobodyCame("no"), .failed("no"),
        ] {
            #expect(destination.take(event) == [.reportRefusal("no")])
            #expect(destination.machine.status == .postcopyPaused)
            #expect(destination.take(.recoverRequested) == [.acceptRecovery])
        }
    }

    @Test func aRecoveryThatComesToNothingLeavesItPaused() {
        let destination = recovering()
        #expect(destination.take(.cut) == [.breakChannel])
        #expect(destination.take(.failed("gone")) == [.tell(.postcopyPaused), .breakChannel, .reportRefusal("gone")])
        #expect(destination.machine.mayRecover)
    }

    // MARK: The end of the process

    @Test func aProcessThatEndsSaysNothing() {
        let accepting = paused()
        _ = accepting.take(.recoverRequested)
        for destination in [receiving(), paused(), accepting, recovering()] {
            #expect(destination.take(.cancel) == [.interrupt])
            #expect(!destination.machine.mayRecover)
            #expect(destination.take(.interrupted) == [.end])
            #expect(destination.machine.hasEnded)
        }
        let starting = loading()
        _ = starting.take(.packageLoaded)
        _ = starting.take(.cancel)
        #expect(starting.take(.stateApplied) == [.end], "the guest is not started any more")
    }
}
