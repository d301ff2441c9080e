import Environment
import ReplicationCore
import Testing

/// Who serves, told as scripts for the two controllers of a pair.
@Suite(.serialized) struct PairScripts {
    /// How a pair begins, up to protection; the other scripts go on from here.
    static func protectedPair(_ machine: PairMachine) throws -> PairMachine {
        var machine = machine
        for line in """
        A starts
        B starts
        A hears B
        B hears A
        A hears B
        A runs
        B hears A
        A hears B
        B accepts 1
        A switchover 2
        B held 1 0
        A confirmed 2 0
        A confirmed 2 1
        B held 1 1
        A hears B until 400ms
        B hears A
        """.split(separator: "\n") {
            _ = try machine.run(line.split(separator: " ").map(String.init), now: .zero)
        }
        return machine
    }

    @Test func theFirstStartNeedsThePeersGrantAndLeadsToProtection() throws {
        let script = """
            A starts
              listen 1
              announce starting 0 promises
              announce starting 0 ready promises
            B starts
              listen 1
              announce starting 0 promises
              announce starting 0 ready promises
            A hears B
              persist 0 claimed 1
              announce waiting 0 ready promises
              announce waiting 0 ready promises claims-start 1
            B hears A
              persist 1
              announce waiting 0 ready promises
              announce waiting 1 ready promises
            A hears B
              persist 1
              announce waiting 0 ready entering claims-start 1
              abandon 1
              raise starting(1)
              start guest
              announce taking-over 0 entering claims-start 1
            A runs
              announce guest
              announce unprotected 1 serving
              start replication 2
              announce synchronising 1 serving
            B hears A
            A hears B
            B accepts 1
              announce receiving 1 promises
            A switchover 2
              persist 1 exposed
              continue switchover 2
            B held 1 0
              announce secondary 1 checkpoint promises
            A confirmed 2 0
            A confirmed 2 1
              announce degraded 1 serving
            at 5ms
            A hears B until 400ms
              release through 1 before 400.0 ms
              raise protected
              announce protected 1 serving protected
            A confirmed 2 2
              release through 2 before 400.0 ms
              announce protected 1 serving protected
            """
        try check(script, on: PairMachine())
    }

    @Test func aFirstStartWithoutPeerWaitsAndThenBegins() throws {
        let script = """
            A starts
              listen 1
              announce starting 0 promises
              announce starting 0 ready promises
            at 2999ms
            A timer
            at 3000ms
            A timer
              persist 1
              announce starting 0 ready entering
              abandon 1
              raise starting(1)
              start guest before 3603000.0 ms
              announce taking-over 0 entering claims-start 1
            """
        try check(script, on: PairMachine())
    }

    @Test func aSecondaryNeverBeginsByItself() throws {
        let script = """
            B starts
              listen 1
              announce starting 0 promises
              announce starting 0 ready promises
            at 60000ms
            B timer
              persist 0
            """
        try check(script, on: PairMachine(hasArbiter: false))
    }

    @Test func theSecondaryTakesOverOnlyAfterTheArbitersYes() throws {
        let script = """
            at 600ms
            B loses A
              raise peerLost(PeerLoss.silent)
              persist 1 claimed 2
              ask arbiter take-over 2
              announce secondary 1 checkpoint claims-takeover 2
            B arbiter no 2
              raise arbiterRefused(2, ArbiterPurpose.takeOver, ArbiterVerdict.no("it lives"))
              announce secondary 1 checkpoint promises claims-takeover 2
            at 2599ms
            B timer
            at 2600ms
            B timer
              ask arbiter take-over 2
              announce secondary 1 checkpoint claims-takeover 2
            B arbiter yes 2
              persist 2
              announce secondary 1 checkpoint entering claims-takeover 2
              raise takingOver(2)
              take over
              announce taking-over 1 checkpoint entering claims-takeover 2
            B runs
              announce guest
              announce unprotected 2 serving
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func withoutArbiterALostPrimaryIsReplacedAtOnce() throws {
        let script = """
            at 600ms
            B sees A refused
              raise peerLost(PeerLoss.refused)
              persist 2
              announce secondary 1 checkpoint entering
              raise takingOver(2)
              take over before 3600600.0 ms
              announce taking-over 1 checkpoint entering claims-takeover 2
            B runs
              announce guest
              announce unprotected 2 serving
            """
        try check(script, on: Self.protectedPair(PairMachine(hasArbiter: false)))
    }

    @Test func underTheManualPolicyTheOperatorDecides() throws {
        let script = """
            at 600ms
            B loses A
              raise peerLost(PeerLoss.silent)
              raise failoverNeeded
            B timer
            B failover
              persist 1 claimed 2
              ask arbiter take-over 2
              announce secondary 1 checkpoint claims-takeover 2
            B arbiter yes 2
              persist 2
              announce secondary 1 checkpoint entering claims-takeover 2
              raise takingOver(2)
              take over
              announce taking-over 1 checkpoint entering claims-takeover 2
            """
        try check(script, on: Self.protectedPair(PairMachine(failover: .manual)))
    }

    @Test func anOperatorWhoVouchesForALostPeerNeedsNoArbiter() throws {
        let script = """
            at 600ms
            B loses A
              raise peerLost(PeerLoss.silent)
              persist 1 claimed 2
              ask arbiter take-over 2
              announce secondary 1 checkpoint claims-takeover 2
            B vouched
              persist 2
              announce secondary 1 checkpoint entering claims-takeover 2
              withdraw question 2
              raise takingOver(2)
              take over before 3600600.0 ms
              announce taking-over 1 checkpoint entering claims-takeover 2
            A loses B
              raise peerLost(PeerLoss.silent)
              stop replication 2
              raise holding("the peer is lost")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              ask arbiter continue-alone 3
              announce holding 1 serving claims-alone 3
            A vouched
              persist 3
              announce holding 1 serving entering claims-alone 3
              withdraw question 3
              release all before 3600600.0 ms
              announce guest
              raise continuingAlone(3)
              announce unprotected 3 serving
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func anOperatorWhoVouchesForAPeerThatIsHeardStillNeedsItsGrant() throws {
        let script = """
            at 100ms
            B vouched
              persist 1 claimed 2
              announce secondary 1 checkpoint promises claims-takeover 2
            B timer
            A hears B
              persist 2
              fence
              stop replication 2
              raise handedOver(2)
              announce waiting 2 promises
              announce waiting 2 promises leaving anew
              listen 3
            B hears A
              persist 2
              announce secondary 1 checkpoint entering claims-takeover 2
              raise takingOver(2)
              take over
              announce taking-over 1 checkpoint entering claims-takeover 2
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func aPrimaryThatWakesReleasesNothingAndMeetsTheHigherTerm() throws {
        let script = """
            at 500ms
            B loses A
              raise peerLost(PeerLoss.silent)
              persist 2
              announce secondary 1 checkpoint entering
              raise takingOver(2)
              take over before 3600500.0 ms
              announce taking-over 1 checkpoint entering claims-takeover 2
            B runs
              announce guest
              announce unprotected 2 serving
            at 3000ms
            # Loaded long ago, read only now: the lease is over.
            A confirmed 2 2
              stop replication 2
              raise holding("the peer confirms no heartbeat")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              announce holding 1 serving claims-alone 3
            A ended 2
            A hears B
              fence
              raise superseded(by: 2)
              persist 2 superseded-by 2
              announce waiting 1 promises
              announce waiting 2 promises
              announce waiting 2 promises leaving anew
              listen 3
            A timer
            B hears A
              raise peerReturned
              announce guest
            A hears B
            """
        try check(script, on: Self.protectedPair(PairMachine(hasArbiter: false)))
    }

    @Test func aPrimaryThatLostOnlyTheReplicationLinkAsksItsSecondary() throws {
        let script = """
            at 100ms
            A ended 2
              raise holding("reset")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              announce holding 1 serving claims-alone 3
            B closed 1
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
              release all
              announce guest
              raise continuingAlone(3)
              announce unprotected 3 serving
            at 1099ms
            A timer
            at 1100ms
            A timer
              start replication 3
              announce synchronising 3 serving
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func aPrimaryThatLostItsSecondaryAsksTheArbiterBeforeItReleases() throws {
        let script = """
            at 500ms
            A loses B
              raise peerLost(PeerLoss.silent)
              stop replication 2
              raise holding("the peer is lost")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              ask arbiter continue-alone 3
              announce holding 1 serving claims-alone 3
            A confirmed 2 2
            A arbiter timeout 3
              raise arbiterRefused(3, ArbiterPurpose.continueAlone, ArbiterVerdict.timedOut)
            A timer
            at 2500ms
            A timer
              ask arbiter continue-alone 3
            A arbiter yes 3
              persist 3
              announce holding 1 serving entering claims-alone 3
              release all
              announce guest
              raise continuingAlone(3)
              announce unprotected 3 serving
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func anAnswerThatWasOvertakenIsIgnored() throws {
        let script = """
            at 500ms
            A loses B
              raise peerLost(PeerLoss.silent)
              stop replication 2
              raise holding("the peer is lost")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              ask arbiter continue-alone 3
              announce holding 1 serving claims-alone 3
            B loses A
              raise peerLost(PeerLoss.silent)
              persist 1 claimed 2
              ask arbiter take-over 2
              announce secondary 1 checkpoint claims-takeover 2
            B arbiter yes 2
              persist 2
              announce secondary 1 checkpoint entering claims-takeover 2
              raise takingOver(2)
              take over
              announce taking-over 1 checkpoint entering claims-takeover 2
            A hears B
              raise peerReturned
              announce guest
            A arbiter yes 3
              persist 3
              announce holding 1 serving entering claims-alone 3
            B runs
              announce guest
              announce unprotected 2 serving
            A hears B
              fence
              raise superseded(by: 2)
              persist 2 superseded-by 2
              announce waiting 1 promises
              announce waiting 2 promises
              announce waiting 2 promises leaving anew
              listen 3
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func noGrantIsGivenWhileTheArbiterIsAsked() throws {
        let script = """
            at 500ms
            B loses A
              raise peerLost(PeerLoss.silent)
              persist 1 claimed 2
              ask arbiter take-over 2
              announce secondary 1 checkpoint claims-takeover 2
            A ended 2
              raise holding("reset")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              announce holding 1 serving claims-alone 3
            B hears A
              raise peerReturned
            A hears B
            B arbiter no 2
              raise arbiterRefused(2, ArbiterPurpose.takeOver, ArbiterVerdict.no("it lives"))
              persist 1
              announce secondary 1 checkpoint promises
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
              release all
              announce guest
              raise continuingAlone(3)
              announce unprotected 3 serving
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func ofTwoClaimsTheServingSidesWins() throws {
        let script = """
            at 100ms
            B failover
              persist 1 claimed 2
              announce secondary 1 checkpoint promises claims-takeover 2
            A failover
              stop replication 2
              raise holding("failover requested")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              announce holding 1 serving claims-alone 3
            A hears B
            B hears A
              persist 3
              announce secondary 1 checkpoint promises
              abandon 1
              announce waiting 3 promises
              listen 2
              announce waiting 3 promises
              announce waiting 3 ready promises
            A hears B
              persist 3
              announce holding 1 serving entering claims-alone 3
              release all
              announce guest
              raise continuingAlone(3)
              announce unprotected 3 serving
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func aDrillHandsTheGuestOver() throws {
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
            B hears A
              persist 2
              announce secondary 1 checkpoint entering claims-takeover 2
              raise takingOver(2)
              take over
              announce taking-over 1 checkpoint entering claims-takeover 2
            B runs
              announce guest
              announce unprotected 2 serving
            A hears B
            B hears A
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func aDrillNeedsAProtectedPair() throws {
        let script = """
            A starts 1
              listen 1
              announce starting 1 promises
              announce starting 1 ready promises
            B starts 1
              listen 1
              announce starting 1 promises
              announce starting 1 ready promises
            A drill
              raise commandFailed(the pair is not protected)
            B drill
              raise commandFailed(the pair is not protected)
            B failover
              raise commandFailed(there is no complete checkpoint to take over from)
            """
        try check(script, on: PairMachine())
    }

    @Test func aRestartedPrimaryLetsTheSecondaryTakeOver() throws {
        let script = """
            at 100ms
            A starts 1 exposed
              listen 1
              announce starting 1 promises
              announce starting 1 ready promises
            B hears A
              persist 1 claimed 2
              announce secondary 1 checkpoint promises claims-takeover 2
            A hears B
              persist 2
              announce waiting 1 ready promises
              announce waiting 2 ready promises
            B hears A
              persist 2
              announce secondary 1 checkpoint entering claims-takeover 2
              raise takingOver(2)
              take over
              announce taking-over 1 checkpoint entering claims-takeover 2
            B runs
              announce guest
              announce unprotected 2 serving
              start replication 2
              announce synchronising 2 serving
            A hears B
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func aRestartedPrimaryWhosePeerMayHaveTakenOverNeverStartsAlone() throws {
        let script = """
            A starts 1 exposed
              listen 1
              announce starting 1 promises
              announce starting 1 ready promises
            at 60000ms
            A timer
              persist 1 exposed
            A start
              persist 3
              announce starting 1 ready entering
              abandon 1
              raise starting(3)
              start guest before 3660000.0 ms
              announce taking-over 1 entering
            """
        try check(script, on: PairMachine())
    }

    @Test func aRestartedSideThatServedAloneAsksTheArbiter() throws {
        let script = """
            A starts 3
              listen 1
              announce starting 3 promises
              announce starting 3 ready promises
            at 3000ms
            A timer
              persist 3 claimed 5
              ask arbiter start 5
              announce starting 3 ready claims-start 5
            A arbiter yes 5
              persist 5
              announce starting 3 ready entering claims-start 5
              abandon 1
              raise starting(5)
              start guest
              announce taking-over 3 entering claims-start 5
            """
        try check(script, on: PairMachine())
    }

    @Test func twoRestartedSidesAgreeWhoBegins() throws {
        let script = """
            A starts 1 exposed
              listen 1
              announce starting 1 promises
              announce starting 1 ready promises
            B starts 2
              listen 1
              announce starting 2 promises
              announce starting 2 ready promises
            A hears B
              raise superseded(by: 2)
              persist 2 superseded-by 2
              announce waiting 1 ready promises
              announce waiting 2 ready promises
            B hears A
              persist 2 claimed 4
              announce waiting 2 ready promises
              announce waiting 2 ready promises claims-start 4
            A hears B
              persist 4 superseded-by 2
              announce waiting 4 ready promises
            B hears A
              persist 4
              announce waiting 2 ready entering claims-start 4
              abandon 1
              raise starting(4)
              start guest
              announce taking-over 2 entering claims-start 4
            """
        try check(script, on: PairMachine())
    }

    @Test func outputThatMissedItsLeaseIsReleasedUnderTheNextOne() throws {
        let script = """
            at 100ms
            A confirmed 2 2
              release through 2 before 400.0 ms
              announce protected 1 serving protected
            A late 2
              release through 2 before 400.0 ms
            at 450ms
            A timer
            A late 2
            A hears B until 900ms
              release through 2 before 900.0 ms
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func aSecondaryThatConfirmsNoHeartbeatIsLeft() throws {
        let script = """
            at 450ms
            A confirmed 2 2
              announce protected 1 serving protected
            at 2001ms
            A timer
              stop replication 2
              raise holding("the peer confirms no heartbeat")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              announce holding 1 serving claims-alone 3
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }

    @Test func aBrokenGuestIsNotServedAndThePeerMayBegin() throws {
        let script = """
            at 500ms
            B loses A
              raise peerLost(PeerLoss.silent)
              persist 1 claimed 2
              ask arbiter take-over 2
              announce secondary 1 checkpoint claims-takeover 2
            B arbiter yes 2
              persist 2
              announce secondary 1 checkpoint entering claims-takeover 2
              raise takingOver(2)
              take over
              announce taking-over 1 checkpoint entering claims-takeover 2
            B breaks
              fence
              raise guestFailed("no memory")
              persist 1
              announce failed 1
            A hears B
              raise notProtected("the peer confirms no checkpoint")
              announce degraded 1 serving
            B hears A
              raise peerReturned
            A hears B
            """
        try check(script, on: Self.protectedPair(PairMachine()))
    }
}
