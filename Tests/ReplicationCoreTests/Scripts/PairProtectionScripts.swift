import Environment
import ReplicationCore
import Testing

/// What protected means, and what is done when it is not so.
@Suite(.serialized) struct PairProtectionScripts {
    @Test func protectionEndsWhenCheckpointsStay() throws {
        let script = """
            at 2100ms
            A hears B until 2500ms
            at 2200ms
            A hears B until 2600ms
              raise notProtected("no checkpoint was completed for 2150.0 ms")
              announce degraded 1 serving
            A confirmed 2 2
              release through 2 before 2600.0 ms
              raise protected
              announce protected 1 serving protected
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    @Test func protectionIsNotSaidOnTheWordOfAStaleConfirmation() throws {
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
            at 3000ms
            A confirmed 2 0
              stop replication 2
              raise holding("the peer confirms no heartbeat")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              announce holding 1 serving claims-alone 3
            A confirmed 2 1
            A hears B until 3400ms
            """
        try check(script, on: PairMachine())
    }

    @Test func aGuestWithoutNetworkGoesToThePeer() throws {
        let script = """
            at 100ms
            A impaired network
              raise notProtected("here a network of the guest is down")
              announce degraded 1 serving impaired: a network of the guest is down
            A hears B until 500ms
            at 3100ms
            A hears B until 3500ms
              raise handingOver("a network of the guest is down")
              announce degraded 1 serving impaired: a network of the guest is down hand-over
            B hears A
              persist 1 claimed 2
              announce secondary 1 checkpoint promises claims-takeover 2
            A hears B until 3500ms
              persist 2
              fence
              stop replication 2
              raise handedOver(2)
              announce waiting 2 promises impaired: a network of the guest is down
              announce waiting 2 promises leaving anew impaired: a network of the guest is down
              listen 3
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    /// The run ended because the guest could not be paused: its peer's checkpoint is worth more than a guest that hangs.
    @Test func aGuestThatHangsIsNotPreferredToThePeersCheckpoint() throws {
        let script = """
            at 100ms
            A impaired disk
              raise notProtected("here a disk of the guest does not answer")
              announce degraded 1 serving impaired: a disk of the guest does not answer
            A ended 2
              raise holding("reset")
              raise handingOver("a disk of the guest does not answer")
              announce holding 1 serving impaired: a disk of the guest does not answer hand-over
            B hears A
              persist 1 claimed 2
              announce secondary 1 checkpoint promises claims-takeover 2
            A hears B
              persist 2
              fence
              raise handedOver(2)
              announce waiting 2 promises impaired: a disk of the guest does not answer
              announce waiting 2 promises leaving anew impaired: a disk of the guest does not answer
              listen 3
            """
        try check(script, on: PairScripts.protectedPair(PairMachine()))
    }

    @Test func underTheManualPolicyAGuestThatHangsWaitsForTheOperator() throws {
        let script = """
            at 100ms
            A impaired disk
              raise notProtected("here a disk of the guest does not answer")
              announce degraded 1 serving impaired: a disk of the guest does not answer
            A ended 2
              raise holding("reset")
              announce holding 1 serving impaired: a disk of the guest does not answer
            B hears A
            A hears B
            at 900ms
            A impaired none
              persist 1 claimed 3 exposed
              announce holding 1 serving
              announce holding 1 serving claims-alone 3
            """
        try check(script, on: PairScripts.protectedPair(PairMachine(failover: .manual)))
    }

    @Test func aStoppedGuestStaysStopped() throws {
        let script = """
            at 100ms
            A stopped
              announce protected 1 serving protected stopped
            B hears A
              announce secondary 1 checkpoint promises stopped
            at 600ms
            B loses A
              raise peerLost(PeerLoss.silent)
              persist 2
              announce secondary 1 checkpoint entering stopped
              raise takingOver(2)
              take over stopped before 3600600.0 ms
              announce taking-over 1 checkpoint entering stopped claims-takeover 2
            """
        try check(script, on: PairScripts.protectedPair(PairMachine(hasArbiter: false)))
    }

    @Test func twoSidesThatDifferCopyNothing() throws {
        let script = """
            A starts
              listen 1
              announce starting 0 promises
              announce starting 0 ready promises
            B starts
              listen 1
              announce starting 0 promises
              announce starting 0 ready promises
            A differs memory
              raise peerDiffers(["memory"])
              announce starting 0 ready promises impaired: the two sides differ
            A hears B
              persist 0 claimed 1
              announce waiting 0 ready promises impaired: the two sides differ
              announce waiting 0 ready promises impaired: the two sides differ claims-start 1
            B hears A
              persist 1
              announce waiting 0 ready promises
              announce waiting 1 ready promises
            A hears B
              persist 1
              announce waiting 0 ready entering impaired: the two sides differ claims-start 1
              abandon 1
              raise starting(1)
              start guest
              announce taking-over 0 entering impaired: the two sides differ claims-start 1
            A runs
              announce guest
              announce unprotected 1 serving impaired: the two sides differ
            B hears A
            A hears B
            at 5000ms
            A hears B
              persist 1
            """
        try check(script, on: PairMachine())
    }

    /// A side that restarts finds a term that was written and never served in; the peer's guest is worth more.
    @Test func aRunningGuestOvertakesATermThatNobodyServesIn() throws {
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
            A runs
              announce guest
              announce unprotected 5 serving
            B starts 6
              listen 1
              announce starting 6 promises
              announce starting 6 ready promises
            A hears B
              persist 7
              announce unprotected 5 serving entering
              announce unprotected 7 serving
            B hears A
              raise superseded(by: 7)
              persist 7 superseded-by 7
              announce waiting 6 ready promises
              announce waiting 7 ready promises
            """
        try check(script, on: PairMachine())
    }

    /// Each attempt copies the whole memory and holds the output: also of those that come as far as that, and then fail,
    /// each waits longer than the one before.
    @Test func anAttemptThatFailsAfterTheSwitchoverIsRepeatedMoreSeldom() throws {
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
            A ended 2
              raise holding("reset")
              persist 1 claimed 3 exposed
              announce holding 1 serving
              announce holding 1 serving claims-alone 3
            B closed 1
              listen 2
              announce waiting 1 promises
              announce waiting 1 ready promises
            B hears A
              persist 3
              announce waiting 3 ready promises
            A hears B
              persist 3
              announce holding 1 serving entering claims-alone 3
              release all
              announce guest
              raise continuingAlone(3)
              announce unprotected 3 serving
            B hears A
            at 1000ms
            A hears B
              start replication 3
              announce synchronising 3 serving
            B accepts 2
              announce receiving 3 promises
            A switchover 3
              persist 3 exposed
              continue switchover 3
            A ended 3
              raise holding("reset")
              persist 3 claimed 5 exposed
              announce holding 3 serving
              announce holding 3 serving claims-alone 5
            B closed 2
              listen 3
              announce waiting 3 promises
              announce waiting 3 ready promises
            B hears A
              persist 5
              announce waiting 5 ready promises
            A hears B
              persist 5
              announce holding 3 serving entering claims-alone 5
              release all
              announce guest
              raise continuingAlone(5)
              announce unprotected 5 serving
            B hears A
            at 2500ms
            A hears B
            at 3000ms
            A hears B
              start replication 4
              announce synchronising 5 serving
            """
        try check(script, on: PairMachine())
    }

    /// The primary's end of a channel is gone, and the secondary's does not notice: it must not keep the port for long.
    @Test func aCopyThatThePrimaryNoLongerSendsIsDropped() throws {
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
            A ended 2
              raise replicationFailed("reset")
              announce unprotected 1 serving
            at 100ms
            B hears A
            at 3000ms
            B hears A
            at 3100ms
            B hears A
              abandon 1
              listen 2
              announce waiting 1 promises
              announce waiting 1 ready promises
            """
        try check(script, on: PairMachine())
    }
}
