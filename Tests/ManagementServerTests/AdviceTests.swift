import QAPI
import QMP
import Testing

@testable import coloctl

/// Every combination of what advice depends on, also those that no colod tells: none may be given false advice.
private let situations: [ColodStatus] = {
    var all: [ColodStatus] = []
    for role in ColodRole.allCases {
        for state in ColodState.allCases {
            for bits in 0..<16 {
                let (connected, serving, isManual, hasArbiter) = (
                    bits & 1 != 0, bits & 2 != 0, bits & 4 != 0, bits & 8 != 0
                )
                for peerServes in [nil, false, true] as [Bool?] {
                    for isPaired in [false, true] {
                        var one = status(
                            role: role, state: state, protected: state == .protected, serving: serving,
                            connected: connected && isPaired)
                        one.failover = isManual ? .manual : .automatic
                        one.arbiter = hasArbiter ? "command" : "none"
                        one.peer.serving = connected && isPaired ? peerServes : nil
                        if !isPaired { (one.peer.networks, one.peer.networksUp) = (0, 0) }
                        all.append(one)
                    }
                }
            }
        }
    }
    return all
}()

@Suite struct AdviceTests {
    private func checkAll(_ claim: String, _ holds: (ColodStatus, String?) -> Bool) {
        for status in situations {
            let advice = Advice(status: status).next
            if !holds(status, advice) { Issue.record("\(claim): \(advice ?? "nothing") for \(status.json.text())") }
        }
    }

    @Test func theTableIsWhole() { #expect(situations.count == 4 * 9 * 16 * 3 * 2) }

    @Test func aPeerThatIsThereIsNotToBeBroughtBack() {
        let words = ["bring the other host", "start colod on the other host", "bring its colod"]
        checkAll("the peer is connected") { status, advice in
            !status.peer.connected || !words.contains { advice?.contains($0) == true }
        }
    }

    @Test func aGuestWithoutAPairHasNoOtherHost() {
        checkAll("there is no pair") { status, advice in
            status.isPaired
                || !["other host", "peer", "arbiter", "coloctl failover"].contains { advice?.contains($0) == true }
        }
    }

    @Test func theOnlyCheckpointOfAGuestThatRunsNowhereIsToBeResumed() {
        checkAll("this side alone has the guest") { status, advice in
            guard status.isPaired, status.role == .secondary, status.state == .unprotected else { return true }
            let runsNowhere = status.peer.serving == false || !status.peer.connected
            return !runsNowhere || advice?.contains("'coloctl failover'") == true
        }
    }

    @Test func aPrimaryThatServesIsNotToBeReplaced() {
        checkAll("the peer serves") { status, advice in
            status.peer.serving != true || advice?.contains("coloctl failover") != true
        }
    }

    @Test func theLastResortIsNamedOnlyWhereNobodyIsHeard() {
        checkAll("booting afresh loses the guest") { status, advice in
            guard advice?.contains("coloctl start") == true else { return true }
            return status.isPaired && !status.peer.connected && !status.serving && advice?.contains("only if") == true
        }
    }

    @Test func theArbiterIsNamedOnlyWhereThereIsOne() {
        checkAll("there is no arbiter") { status, advice in
            status.hasArbiter || advice?.contains("arbiter") != true
        }
    }

    @Test func onlyWhatIsWellNeedsNothing() {
        checkAll("something is to be done") { status, advice in
            let isWell = status.isPaired ? status.state == .protected : status.serving || status.role == .primary
            return isWell || advice != nil
        }
        checkAll("all is well") { status, advice in
            status.state != .protected || !status.isPaired || advice == nil
        }
    }

    @Test func aStoppedGuestIsToBeContinued() {
        for state in [ColodState.protected, .unprotected] {
            for role in [ColodRole.primary, .alone] {
                var side = status(role: role, state: state, protected: state == .protected, connected: true)
                side.stopped = true
                #expect(Advice(status: side).next == "'coloctl qmp cont' lets the guest run again")
            }
        }
    }

    @Test func aNetworkThatIsDownIsToBeMended() {
        var side = status(state: .protected, protected: true, serving: true, connected: true)
        side.peer.networksUp = 1
        side.peer.heartbeat = [ColodNetwork(address: "tcp:10.80.0.2:7801", up: false)]
        #expect(Advice(status: side).next?.hasPrefix("mend it: heartbeat network tcp:10.80.0.2:7801 is down") == true)
    }

    @Test func twoSidesThatDifferCopyNothingByThemselves() {
        var side = status(role: .waiting, state: .superseded, connected: true)
        side.impairments = ["this side has no copy of the guest", "the two sides differ, memory: 1 here, 2 there"]
        let advice = Advice(status: side).next
        #expect(advice?.hasPrefix("nothing is copied, because the two sides differ, memory: 1 here, 2 there") == true)
    }

    @Test func aPeerWithAnotherKeyIsToBeCompared() {
        var side = status(role: .waiting, state: .connecting)
        side.peer.ignored = 3
        #expect(Advice(status: side).next?.hasPrefix("compare the key file") == true)
    }
}
