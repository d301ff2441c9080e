import Testing

@testable import MigrationCore

struct DestinationMachineTests {
    private final class Destination {
        private(set) var machine: DestinationMachine

        init(_ change: (inout DestinationMachine.Configuration) -> Void = { _ in }) {
            var configuration = DestinationMachine.Configuration()
            change(&configuration)
            machine = DestinationMachine(configuration: configuration)
            _ = machine.start()
        }

        func handle(_ event: DestinationMachine.Event) -> [DestinationMachine.Action] { machine.handle(event) }
    }

    @Test func aMigrationWithoutHindrance() {
        let destination = Destination()
        #expect(destination.handle(.accepted) == [.tell(.active), .load])
        #expect(destination.handle(.command(.openReturnPath)) == [.load])
        #expect(destination.handle(.command(.ping(7))) == [.pong(7), .load])
        #expect(destination.handle(.contents) == [.load])
        #expect(destination.handle(.loaded(isDescribed: true)) == [.applyState])
        #expect(destination.handle(.stateApplied) == [.startGuest])
        #expect(destination.handle(.guestStarted) == [.tell(.completed), .shut(0), .end])
    }

    @Test func whoeverHasNoBusinessHereChangesNothing() {
        let destination = Destination()
        #expect(destination.handle(.turnedAway("no", anotherMayCome: true)) == [.reportRefusal("no"), .accept])
        #expect(
            destination.handle(.turnedAway("no", anotherMayCome: false)) == [.reportRefusal("no"), .waitAgain, .end])
        #expect(destination.machine.status == .none)
    }

    @Test func aFailureIsSaidOnTheReturnPath() {
        let destination = Destination()
        _ = destination.handle(.accepted)
        _ = destination.handle(.command(.openReturnPath))
        let text = "load of migration failed: broken"
        #expect(destination.handle(.failed("broken")) == [.shut(1), .tell(.failed), .report(text), .end])
        #expect(destination.machine.failure == text)
    }

    @Test func nobodyIsWaitedForAnyMore() {
        let destination = Destination()
        #expect(destination.handle(.interrupted) == [.end])
        #expect(destination.machine.status == .none)
    }

    /// The source takes the end of a channel without a word for a failure and goes on: then this side must not.
    @Test func aConnectionThatIsCutBeforeTheGuestStartsKeepsItFromStarting() {
        let destination = Destination()
        _ = destination.handle(.accepted)
        _ = destination.handle(.command(.openReturnPath))
        _ = destination.handle(.loaded(isDescribed: true))
        #expect(destination.handle(.cut) == [.breakChannel])
        let actions = destination.handle(.stateApplied)
        #expect(actions.contains(.tell(.failed)))
    }

    @Test func aGuestThatIsBeingStartedIsNotCutOff() {
        let destination = Destination()
        _ = destination.handle(.accepted)
        _ = destination.handle(.command(.openReturnPath))
        _ = destination.handle(.loaded(isDescribed: true))
        _ = destination.handle(.stateApplied)
        #expect(destination.handle(.cut).isEmpty)
        let actions = destination.handle(.guestStarted)
        #expect(actions.contains(.shut(0)))
    }

    @Test func aMemberOfAPairTakesNoPlainStream() {
        let destination = Destination { $0.acceptsOnlyCOLO = true }
        _ = destination.handle(.accepted)
        let actions = destination.handle(.contents)
        #expect(actions.contains(.tell(.failed)))
    }

    @Test func aStreamToCOLOHasToBeWhole() {
        let first = Destination()
        _ = first.handle(.accepted)
        #expect(first.handle(.command(.enableCOLO)) == [.load])
        let torn = first.handle(.loaded(isDescribed: false))
        #expect(torn.contains(.tell(.failed)))
        let second = Destination { $0.coloRefusal = "no" }
        _ = second.handle(.accepted)
        let actions = second.handle(.command(.enableCOLO))
        #expect(actions.contains(.report("load of migration failed: no")))
    }
}
