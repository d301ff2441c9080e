import Environment
import ReplicationCore
import Testing

/// Sides that end on purpose, and a guest that ends by itself.
@Suite(.serialized) struct PairLeavingScripts {
    @Test func aPrimaryThatIsStoppedHandsOver() throws {
        let script = """
            at 100ms
            A leaves
              announce protected 1 serving protected leaving stop hand-over
            B hears A
              persist 1 claimed 2
              announce secondary 1 checkpoint promises claims-takeover 2
            A hears B
              persist 2
              fence
              stop replication 2
              raise handedOver(2)
              announce waiting 2 promises leaving stop
              announce waiting 2 promises leaving stop
              leave stop
            B hears A
              persist 2
              announce secondary 1 checkpoint entering claims-takeover 2
              raise takingOver(2)
              take over
              announce taking-over 1 checkpoint entering claims-takeover 2
            B sees A refused
              raise peerLeft(Leaving.stop)
            B runs
              announce guest
              announce unprotected 2 serving
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    @Test func aSecondaryThatIsStoppedGrantsFirst() throws {
        let script = """
            at 100ms
            B leaves
              announce secondary 1 checkpoint promises leaving stop
            A hears B
              stop replication 2
              raise holding("the peer leaves")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              announce holding 1 serving claims-alone 3
            B hears A
              persist 3
              abandon 1
              announce waiting 3 promises leaving stop
              announce waiting 3 promises leaving stop
              leave stop
            A hears B
              persist 3
              announce holding 1 serving entering claims-alone 3
              release all
              announce guest
              raise continuingAlone(3)
              announce unprotected 3 serving
            A sees B refused
              raise peerLeft(Leaving.stop)
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    @Test func aPrimaryThatCannotHandOverFencesItselfSoThatNobodyIsAsked() throws {
        let script = """
            at 100ms
            A leaves
              announce protected 1 serving protected leaving stop hand-over
            at 5100ms
            A timer
              raise commandFailed(the peer did not take over within 5000.0 ms)
              stop replication 2
              raise holding("the peer confirms no heartbeat")
              fence
              announce waiting 1 promises leaving stop
              leave stop
              persist 1 exposed
            B hears A
              persist 1 claimed 2
              announce secondary 1 checkpoint promises claims-takeover 2
            B sees A refused
              raise peerLeft(Leaving.stop)
              persist 2
              announce secondary 1 checkpoint entering claims-takeover 2
              raise takingOver(2)
              take over
              announce taking-over 1 checkpoint entering claims-takeover 2
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    @Test func aGuestThatPowersItselfOffComesToLifeNowhere() throws {
        let script = """
            at 100ms
            A powers off
              stop replication 2
              raise guestPoweredOff
              announce ended 1 leaving powerOff
            B hears A
              abandon 1
              raise guestPoweredOff
              announce waiting 1 promises leaving powerOff
            A hears B
              persist 1
              release all
              announce ended 1 leaving powerOff
              leave powerOff
            B sees A refused
              raise peerLeft(Leaving.powerOff)
              announce waiting 1 promises leaving powerOff
              leave powerOff
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    /// A drill and a stop of the secondary meet: the guest stays where it is.
    @Test func aSecondaryThatIsStoppedTakesNothingOver() throws {
        let script = """
            at 100ms
            A drill
              announce protected 1 serving protected hand-over
            B hears A
              persist 1 claimed 2
              announce secondary 1 checkpoint promises claims-takeover 2
            B leaves
              persist 1
              announce secondary 1 checkpoint promises leaving stop
            A hears B
              stop replication 2
              raise holding("the peer leaves")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              announce holding 1 serving claims-alone 3
            B hears A
              persist 3
              abandon 1
              announce waiting 3 promises leaving stop
              announce waiting 3 promises leaving stop
              leave stop
            A hears B
              persist 3
              announce holding 1 serving entering claims-alone 3
              release all
              announce guest
              raise continuingAlone(3)
              announce unprotected 3 serving
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    @Test func aSecondaryThatIsAboutToEndIsAskedInVain() throws {
        let script = """
            at 100ms
            A drill
              announce protected 1 serving protected hand-over
            B leaves
              announce secondary 1 checkpoint promises leaving stop
            B hears A
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    /// The primary gave its guest away a moment before it heard that the secondary is being stopped. To protect it there
    /// anew takes longer than a side that leaves waits otherwise.
    @Test func aGuestThatWasGivenAwayTooLateIsGivenBack() throws {
        let script = """
            at 100ms
            A drill
              announce protected 1 serving protected hand-over
            B hears A
              persist 1 claimed 2
              announce secondary 1 checkpoint promises claims-takeover 2
            A hears B
              persist 2
              fence
              stop replication 2
              raise handedOver(2)
              announce waiting 2 promises
              announce waiting 2 promises leaving anew
              listen 3
            A starts 2
              listen 1
              announce starting 2 promises
              announce starting 2 ready promises
            B leaves
              persist 1
              announce secondary 1 checkpoint promises leaving stop
            B hears A
              persist 2
              announce secondary 1 checkpoint entering leaving stop
              raise takingOver(2)
              take over
              announce taking-over 1 checkpoint entering leaving stop
            B runs
              announce guest
              announce unprotected 2 serving leaving stop
              start replication 2
              announce synchronising 2 serving leaving stop
            A hears B
              announce waiting 2 ready promises
            B hears A
            A accepts 1
              announce receiving 2 promises
            at 9000ms
            B hears A until 9100ms
              persist 2
            B switchover 2
              persist 2 exposed
              continue switchover 2
            A held 1 0
              persist 2
              announce secondary 2 checkpoint promises
            B confirmed 2 0
            B hears A until 9400ms
              announce synchronising 2 serving leaving stop hand-over
            A hears B
              persist 2 claimed 3
              announce secondary 2 checkpoint promises claims-takeover 3
            B hears A
              persist 3
              fence
              stop replication 2
              raise handedOver(3)
              announce waiting 3 promises leaving stop
              announce waiting 3 promises leaving stop
              leave stop
            A hears B
              persist 3
              announce secondary 2 checkpoint entering claims-takeover 3
              raise takingOver(3)
              take over
              announce taking-over 2 checkpoint entering claims-takeover 3
            A runs
              announce guest
              announce unprotected 3 serving
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    @Test func aGuestThatNobodyTakesBackEndsWithItsSide() throws {
        let script = """
            at 100ms
            A drill
              announce protected 1 serving protected hand-over
            B hears A
              persist 1 claimed 2
              announce secondary 1 checkpoint promises claims-takeover 2
            A hears B
              persist 2
              fence
              stop replication 2
              raise handedOver(2)
              announce waiting 2 promises
              announce waiting 2 promises leaving anew
              listen 3
            A starts 2
              listen 1
              announce starting 2 promises
              announce starting 2 ready promises
            B leaves
              persist 1
              announce secondary 1 checkpoint promises leaving stop
            B hears A
              persist 2
              announce secondary 1 checkpoint entering leaving stop
              raise takingOver(2)
              take over
              announce taking-over 1 checkpoint entering leaving stop
            B runs
              announce guest
              announce unprotected 2 serving leaving stop
              start replication 2
              announce synchronising 2 serving leaving stop
            B sees A refused
              raise peerLost(PeerLoss.refused)
              stop replication 2
              raise replicationFailed("the peer is lost")
              announce unprotected 2 serving leaving stop
            at 15100ms
            B timer
              fence
              announce waiting 2 promises leaving stop
              leave stop
              persist 2
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }
}
