import Environment
import Testing

@testable import MigrationCore

/// The source of a background snapshot: its guest goes on, whatever becomes of the stream.
struct BackgroundSnapshotTests {
    private func source() -> SourceMachineTests.Source { .init { $0.isBackgroundSnapshot = true } }

    @Test func theInstantComesFirstAndThenEachPageOnce() {
        let source = source()
        #expect(source.play(to: .endSnapshot))
        #expect(source.take(.guestSettled) == [.tell(.completed), .end])
        #expect(
            source.said == [
                .tell(.setup), .connect, .sendSetup, .tell(.active), .beginSnapshot, .sendPages(256), .sendState,
                .closeStream, .endSnapshot, .tell(.completed), .end,
            ])
        #expect(source.machine.passes == 0)
        #expect(source.machine.snapshotPause == .milliseconds(1))
    }

    @Test(arguments: [
        SourceMachine.Action.connect, .sendSetup, .beginSnapshot, .sendPages(256), .sendState, .closeStream,
    ])
    func aCancelIsObeyedToTheVeryEnd(action: SourceMachine.Action) {
        let source = source()
        #expect(source.play(to: action))
        #expect(source.take(.cancel) == [.tell(.cancelling), .interrupt])
        let actions = source.take(.interrupted(endMayHaveLeft: action == .closeStream))
        if [.connect, .sendSetup, .beginSnapshot].contains(action) {
            #expect(actions == [.tell(.cancelled), .end], "there was no snapshot yet")
        } else {
            #expect(actions == [.endSnapshot])
            #expect(source.take(.guestSettled) == [.tell(.cancelled), .end])
        }
    }

    @Test func oneThatBeganWhileItWasCancelledEnds() {
        let source = source()
        #expect(source.play(to: .beginSnapshot))
        _ = source.take(.cancel)
        #expect(source.take(.snapshotBegun(pages: 10, pause: .zero)) == [.endSnapshot])
    }

    @Test func aCancelOfWhatHasEndedIsNone() {
        let source = source()
        #expect(source.play(to: .endSnapshot))
        #expect(source.take(.cancel).isEmpty)
        #expect(source.take(.guestSettled) == [.tell(.completed), .end])
    }

    /// The next snapshot may be wanted as soon as clients know of this one's end.
    @Test(arguments: [SourceMachine.Action.sendPages(256), .sendState])
    func theGuestIsLetGoBeforeAFailureIsTold(action: SourceMachine.Action) {
        let source = source()
        #expect(source.play(to: action))
        #expect(source.take(.failed("gone", endMayHaveLeft: action == .sendState)) == [.endSnapshot])
        #expect(
            source.take(.guestSettled) == [.tell(.failed), .report("gone", guestStands: false), .end],
            "the guest runs here, whoever else may run it")
    }

    @Test func aProcessThatEndsLetsTheGuestGoToo() {
        let source = source()
        #expect(source.play(to: .sendPages(256)))
        #expect(source.take(.quit) == [.tell(.cancelling), .interrupt])
        #expect(source.take(.interrupted()) == [.endSnapshot])
        #expect(source.take(.guestSettled) == [.end])
    }
}
