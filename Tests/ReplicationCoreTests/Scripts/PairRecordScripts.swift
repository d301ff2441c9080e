import Environment
import ReplicationCore
import Testing

/// What a pair does while a record cannot be written, or takes its time.
@Suite(.serialized) struct PairRecordScripts {
    /// The primary writes that it goes on alone, while the secondary only was frozen: the write is no longer true when it
    /// is done, and the secondary is asked instead.
    @Test func aTermThatWasWrittenForALostPeerIsVoidWhenThePeerIsHeard() throws {
        let script = """
            at 1000ms
            A disk slow
            A loses B
              raise peerLost(PeerLoss.silent)
              stop replication 2
              raise holding("the peer is lost")
              persist 3
              announce holding 1 serving entering
            A timer
            A hears B
              raise peerReturned
              announce guest
              raise entryWithdrawn(3)
              announce holding 1 serving
            A written
              persist 1 claimed 3 exposed
              announce holding 1 serving claims-alone 3
            A written
            B hears A
              persist 3
              abandon 1
              announce waiting 3 promises
              listen 2
              announce waiting 3 promises
              announce waiting 3 ready promises
            A hears B
              persist 3
              announce holding 1 serving entering claims-alone 3
            A written
              release all
              announce guest
              raise continuingAlone(3)
              announce unprotected 3 serving
            """
        try check(script, on: PairScripts.protectedPair(PairMachine(hasArbiter: false)))
    }

    /// The heartbeat goes on while a term is written, so whoever was frozen hears that its peer is about to go on.
    @Test func aSecondaryThatHearsAPrimaryEnterATermDoesNothing() throws {
        let script = """
            at 1000ms
            A disk slow
            A loses B
              raise peerLost(PeerLoss.silent)
              stop replication 2
              raise holding("the peer is lost")
              persist 3
              announce holding 1 serving entering
            B hears A
            at 2000ms
            B hears A
            A written
              release all before 3602000.0 ms
              announce holding 1 serving entering claims-alone 3
              announce guest
              raise continuingAlone(3)
              announce unprotected 3 serving
            B hears A
              abandon 1
              persist 3
              announce waiting 1 promises
              announce waiting 3 promises
              listen 2
              announce waiting 3 promises
              announce waiting 3 ready promises
            """
        try check(script, on: PairScripts.protectedPair(PairMachine(hasArbiter: false)))
    }

    @Test func aTakeoverThatIsLateListensAgainBeforeItIsTried() throws {
        let script = """
            at 1000ms
            B loses A
              raise peerLost(PeerLoss.silent)
              persist 2
              announce secondary 1 checkpoint entering
              raise takingOver(2)
              take over before 3601000.0 ms
              announce taking-over 1 checkpoint entering claims-takeover 2
            at 2500ms
            B expired
              announce secondary 1 checkpoint entering claims-takeover 2
            at 2900ms
            B timer
            at 3000ms
            B timer
              raise takingOver(2)
              take over before 3603000.0 ms
              announce taking-over 1 checkpoint entering claims-takeover 2
            B runs
              announce guest
              announce unprotected 2 serving
            """
        try check(script, on: PairScripts.protectedPair(PairMachine(hasArbiter: false)))
    }

    @Test func aReleaseThatIsLateFindsThePeerThatTookOver() throws {
        let script = """
            at 1000ms
            A acts late
            A loses B
              raise peerLost(PeerLoss.silent)
              stop replication 2
              raise holding("the peer is lost")
              persist 3
              announce holding 1 serving entering
              release all before 3601000.0 ms
              announce holding 1 serving entering claims-alone 3
            B loses A
              raise peerLost(PeerLoss.silent)
              persist 2
              announce secondary 1 checkpoint entering
              raise takingOver(2)
              take over before 3601000.0 ms
              announce taking-over 1 checkpoint entering claims-takeover 2
            at 3000ms
            A expired
            B runs
              announce guest
              announce unprotected 2 serving
            A hears B
              raise peerReturned
              announce guest
              fence
              raise superseded(by: 2)
              persist 2 superseded-by 2
              announce waiting 1 promises
              announce waiting 2 promises
              announce waiting 2 promises leaving anew
              listen 3
            """
        try check(script, on: PairScripts.protectedPair(PairMachine(hasArbiter: false)))
    }

    @Test func aSecondaryThatCannotWriteKeepsItsCheckpointAndTriesAgain() throws {
        let script = """
            at 1000ms
            B disk full
            B loses A
              raise peerLost(PeerLoss.silent)
              persist 2
              announce secondary 1 checkpoint entering
              raise recordUnwritable("no space left")
              announce secondary 1 checkpoint entering impaired: the state directory cannot be written
            at 1500ms
            B timer
            at 2000ms
            B timer
              persist 2
            B disk well
            at 3000ms
            B timer
              persist 2
              raise recordWritten
              raise takingOver(2)
              take over before 3603000.0 ms
              announce taking-over 1 checkpoint entering claims-takeover 2
            """
        try check(script, on: PairScripts.protectedPair(PairMachine(hasArbiter: false)))
    }

    /// Nothing is given up for a side that has not written what it claims.
    @Test func aDrillNeedsTheClaimOnRecordFirst() throws {
        let script = """
            at 100ms
            B disk full
            A drill
              announce protected 1 serving protected hand-over
            B hears A
              persist 1 claimed 2
              raise recordUnwritable("no space left")
              announce secondary 1 checkpoint promises impaired: the state directory cannot be written
            A hears B
              raise notProtected("on the peer the state directory cannot be written")
              announce degraded 1 serving hand-over
            B disk well
            at 1100ms
            B timer
              persist 1 claimed 2
              raise recordWritten
              announce secondary 1 checkpoint promises claims-takeover 2
            A hears B
              persist 2
              fence
              stop replication 2
              raise handedOver(2)
              announce waiting 2 promises
              announce waiting 2 promises leaving anew
              listen 3
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    @Test func aPrimaryThatCannotWriteIsNotProtectedAndGoesOnServing() throws {
        let script = """
            at 1000ms
            A disk full
            at 6000ms
            A hears B until 6400ms
              raise notProtected("no checkpoint was completed for 2150.0 ms")
              persist 1 exposed
              announce degraded 1 serving
              raise recordUnwritable("no space left")
              announce degraded 1 serving impaired: the state directory cannot be written
            A confirmed 2 5
              release through 5 before 6400.0 ms
              announce degraded 1 serving impaired: the state directory cannot be written
            B hears A
              persist 1
            A drill
              raise commandFailed(the record of terms cannot be written here: no space left)
            A disk well
            at 7000ms
            A hears B until 7400ms
              persist 1 exposed
              raise recordWritten
              raise protected
              announce protected 1 serving protected
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    /// What was still to be acknowledged when a higher term was entered is not written above it.
    @Test func aTermThatIsServedInIsNeverFollowedByALowerOne() throws {
        let script = """
            A starts 3
              listen 1
              announce starting 3 promises
              announce starting 3 ready promises
            B starts 4
              listen 1
              announce starting 4 promises
              announce starting 4 ready promises
            A disk slow
            at 5000ms
            A timer
              persist 3 claimed 5
            A hears B
              raise superseded(by: 4)
              announce waiting 3 ready promises
            A start
              announce waiting 3 ready entering
            A written
              persist 5 superseded-by 4
            A written
              abandon 1
              raise starting(5)
              start guest
              announce taking-over 3 entering
            A runs
              announce guest
              announce unprotected 5 serving
              persist 5
            A timer
            """
        try check(script, on: PairMachine())
    }

    /// The machine of a side that gave its guest up is retired: it begins anew (which listening brings about) before it
    /// may boot the guest.
    @Test func aSideThatGaveItsGuestUpBootsNoneBeforeItBeganAnew() throws {
        let script = """
            at 100ms
            A loses B
              raise peerLost(PeerLoss.silent)
              stop replication 2
              raise holding("the peer is lost")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              ask arbiter continue-alone 3
              announce holding 1 serving claims-alone 3
            B starts 2
              listen 1
              announce starting 2 promises
              announce starting 2 ready promises
            A disk slow
            A hears B
              raise peerReturned
              announce guest
              fence
              raise superseded(by: 2)
              persist 2 superseded-by 2
              announce waiting 1 promises
              withdraw question 3
            A start
              raise commandFailed(this side gave its guest up and is about to begin anew)
            A written
              announce waiting 2 promises
              announce waiting 2 promises leaving anew
              listen 3
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }
}
