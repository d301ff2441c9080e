import ArgumentParser
import Environment
import ManagementServer
import QAPI
import QMP
import Testing

@testable import coloctl

/// The status of a member of a pair.
func status(
    role: ColodRole = .primary, state: ColodState, protected: Bool = false, serving: Bool = false,
    connected: Bool = false, peerServes: Bool? = nil, impairments: [String]? = nil
) -> ColodStatus {
    var status = ColodStatus(
        role: role, state: state, protected: protected, serving: serving, term: 4,
        peer: ColodPeer(connected: connected, networks: 2, networksUp: connected ? 2 : 0, ignored: 0), checkpoints: 0,
        heldPackets: 0, heldBytes: 0, failover: .automatic, arbiter: "none")
    status.peer.serving = peerServes
    status.impairments = impairments
    return status
}

@Suite struct CheckTests {
    @Test(
        arguments: [
            (status(state: .protected, protected: true, serving: true), .ok),
            (status(role: .secondary, state: .protected, protected: true), .ok),
            (status(role: .alone, state: .unprotected, serving: true), .warning),
            (status(role: .secondary, state: .synchronising, connected: true, peerServes: true), .warning),
            (status(role: .secondary, state: .unprotected, connected: true, peerServes: true), .warning),
            (status(role: .secondary, state: .unprotected, connected: true, peerServes: false), .critical),
            (
                status(
                    role: .secondary, state: .unprotected, connected: true, peerServes: true,
                    impairments: ["here the state directory cannot be written: no space left"]), .critical
            ),
            (status(role: .secondary, state: .synchronising), .critical),
            (status(role: .waiting, state: .superseded, connected: true), .critical),
            (status(state: .failed), .critical),
        ] as [(ColodStatus, Verdict.Severity)])
    func exitStatusesFollowProtectionAndService(status: ColodStatus, severity: Verdict.Severity) {
        #expect(Verdict(status).severity == severity)
    }

    @Test func printsOneLineWithPerformanceData() {
        var pair = status(state: .unprotected, serving: true)
        pair.checkpoints = 7
        pair.pauseMs = ColodPause(median: 1.5, p99: 2, max: 3)
        pair.lastCheckpointAgeMs = 40
        pair.lastFailure = "peer | lost\nat once"
        #expect(
            Verdict(pair).line
                == "COLOD WARNING - primary, running unprotected (unprotected), term 4, last checkpoint 40 ms ago, "
                + "last failure: peer / lost at once | term=4 checkpoints=7c pause_median=1.500ms pause_p99=2.000ms "
                + "pause_max=3.000ms checkpoint_age=40ms held_packets=0 held_bytes=0B")
    }

    @Test func whoeverCannotAskDoesNotKnow() {
        #expect(Verdict(Failure(.unclear, "no answer")).severity == .unknown)
        #expect(Verdict(Failure(.unreachable, "nobody")).line == "COLOD CRITICAL - nobody")
        let denied = Verdict(.denied("/run/colod"))
        #expect(denied.severity == .unknown)
        #expect(denied.line.contains("permission denied: /run/colod") && denied.line.contains("adduser USER colod"))
    }

    @Test func theLossOfOneNetworkIsAWarningThatNamesIt() {
        var pair = status(state: .protected, protected: true, serving: true, connected: true)
        pair.peer.networksUp = 1
        #expect(Verdict(pair).line.contains("WARNING - primary, protected, but 1 of 2 heartbeat networks is down"))
        pair.peer.heartbeat = [
            ColodNetwork(address: "tcp:10.80.0.2:7801", up: true),
            ColodNetwork(address: "tcp:10.81.0.2:7801", up: false),
        ]
        #expect(Verdict(pair).severity == .warning)
        #expect(Verdict(pair).line.contains("protected, but heartbeat network tcp:10.81.0.2:7801 is down"))
    }

    @Test func aCertificateThatEndsSoonIsAWarningThatNamesIt() {
        var pair = status(state: .protected, protected: true, serving: true, connected: true)
        pair.warnings = ["object s0: the certificate /c/server-cert.pem (CN=a) ends on 2026-12-01 09:05 UTC"]
        #expect(Verdict(pair).severity == .warning)
        #expect(Verdict(pair).line.contains("protected, but object s0: the certificate /c/server-cert.pem (CN=a) ends"))
        pair.protected = false
        #expect(Verdict(pair).line.contains(", object s0: the certificate"))
    }

    @Test func aGuestThatAnOperatorStoppedIsNotWell() {
        var pair = status(state: .protected, protected: true, connected: true)
        pair.stopped = true
        #expect(Verdict(pair).severity == .warning)
        #expect(Verdict(pair).line.contains("the guest is stopped"))
    }

    @Test func whatIsOvercomeIsNotTold() {
        var pair = status(state: .protected, protected: true, serving: true, connected: true)
        pair.lastFailure = "peer lost"
        #expect(!Verdict(pair).line.contains("peer lost"))
        pair.protected = false
        pair.lastFailureAgeMs = 720_000
        pair.impairments = ["the peer is not heard"]
        pair.waitsFor = "the peer"
        #expect(
            Verdict(pair).line.contains(
                "the peer is not heard, waits for the peer, last failure: 12 min ago: peer lost"))
    }
}

@Suite struct StatusTableTests {
    @Test func saysWhatToDoUnlessProtected() {
        let good = StatusTable(
            status: status(state: .protected, protected: true, connected: true), name: "web", runState: "running")
        #expect(good.text.contains("Protected     yes"))
        #expect(!good.text.contains("Next:"))
        for state in ColodState.allCases where state != .protected {
            #expect(StatusTable(status: status(state: state), name: nil, runState: nil).text.contains("\nNext: "))
        }
    }

    @Test func showsEachNetworkAndTheAgeOfTheLastFailure() {
        var pair = status(state: .protected, protected: true, serving: true, connected: true)
        pair.peer.networksUp = 1
        pair.peer.heartbeat = [
            ColodNetwork(address: "tcp:10.80.0.2:7801", up: true),
            ColodNetwork(address: "tcp:10.81.0.2:7801", up: false),
        ]
        pair.lastFailure = "peer lost"
        pair.lastFailureAgeMs = 720_000
        let text = StatusTable(status: pair, name: "web", runState: "running").text
        #expect(text.contains("1 of 2 networks up: tcp:10.80.0.2:7801 up, tcp:10.81.0.2:7801 DOWN"))
        #expect(text.contains("12 min ago: peer lost (overcome: the guest is protected)"))
        pair.protected = false
        #expect(StatusTable(status: pair, name: nil, runState: nil).text.contains("12 min ago: peer lost\n"))
    }

    @Test func aGuestWithoutAPairHasNoRowsAboutOne() {
        var alone = status(role: .alone, state: .unprotected, serving: true)
        alone.peer.networks = 0
        let text = StatusTable(status: alone, name: nil, runState: "running").text
        #expect(!text.contains("Peer") && !text.contains("Failover") && !text.contains("Next:"))
    }

    @Test(
        arguments: [
            (0, "0 ms ago"), (1999, "1999 ms ago"), (2000, "2 s ago"), (119_000, "119 s ago"), (120_000, "2 min ago"),
            (5_400_000, "90 min ago"), (7_200_000, "2 h ago"), (172_800_000, "2 days ago"),
            (.max, "213503982334 days ago"),
        ] as [(UInt64, String)])
    func tellsAges(milliseconds: UInt64, text: String) { #expect(ago(milliseconds: milliseconds) == text) }

    @Test(arguments: [(0, 1, "0.0"), (1.25, 1, "1.3"), (0.004, 2, "0.00"), (12.345, 2, "12.35"), (-1.5, 1, "-1.5")])
    func writesDecimals(value: Double, digits: Int, text: String) { #expect(decimal(value, digits: digits) == text) }
}

@Suite struct ConnectionTests {
    private static let patience = Nanoseconds.seconds(10)

    @Test func asksAndFollows() async throws {
        try await withServer { _, commands, path in
            try await onThread {
                let follower = try Connection(path: path, patience: Self.patience)
                let connection = try Connection(path: path, patience: Self.patience)
                #expect(try connection.status().role == .alone)
                #expect(try connection.run("stop") == [:])
                #expect(try connection.run("query-status")["status"] == "paused")
                #expect(try follower.nextEvent().name == "STOP")
                do throws(Failure) {
                    _ = try connection.run("migrate", ["uri": "x"])
                    Issue.record("not refused")
                } catch {
                    #expect(error.description == "colod refused: Parameter 'uri' expects a valid migration protocol")
                }
            }
        }
    }

    @Test func givesUpAtItsDeadline() async throws {
        try await withServer { _, commands, path in
            try await onThread {
                let connection = try Connection(path: path, patience: Self.patience)
                do throws(Failure) {
                    _ = try connection.run("migrate", ["uri": "hang"], patience: .milliseconds(20))
                    Issue.record("answered")
                } catch {
                    #expect(error.kind == .unclear)
                    #expect(error.text.hasSuffix("does not answer in time"))
                }
            }
            commands.release()
        }
    }

    @Test func saysWhatToDoWhenNobodyListens() {
        do throws(Failure) {
            _ = try Connection(path: "/nonexistent/x.qmp", patience: Self.patience)
            Issue.record("connected")
        } catch {
            #expect(error.kind == .unreachable)
            #expect(error.description.contains("Next: start it"))
        }
    }

    @Test func aSocketPathThatIsTooLongIsCalledThat() {
        let path = "/tmp/" + String(repeating: "x", count: 103)
        do throws(Failure) {
            _ = try Connection(path: path, patience: Self.patience)
            Issue.record("connected")
        } catch {
            #expect(error.text == "the socket path is too long: \(path) has 108 bytes, at most 107 fit")
        }
    }

    @Test func eventsThatComeBeforeAReplyAreKept() async throws {
        try await withServer { _, _, path in
            try await onThread {
                let connection = try Connection(path: path, patience: Self.patience)
                _ = try connection.run("stop")
                #expect(try connection.nextEvent(until: .zero)?.name == "STOP")
                #expect(try connection.nextEvent(until: .zero) == nil)
            }
        }
    }

    @Test func theEndOfAConnectionIsToldApart() async throws {
        try await withServer { server, _, path in
            let connection = try await onThread {
                UncheckedConnection(try Connection(path: path, patience: Self.patience))
            }
            await server.shutdown()
            try await onThread {
                do throws(Failure) {
                    _ = try connection.value.nextEvent()
                    Issue.record("an event")
                } catch { #expect(error.kind == .closed) }
            }
        }
    }

    @Test func aRefusedFailoverTellsAboutTheArbiter() {
        var side = status(role: .secondary, state: .unprotected)
        side.arbiter = "command"
        let refused = Failure(.refused, "colod refused: no agreement: arbiter /x ended with exit status 1")
        #expect(FailoverCommand.explain(refused, side).description.contains("make the arbiter say yes"))
        side.arbiter = "none"
        #expect(FailoverCommand.explain(refused, side).next == "'coloctl status' tells what this side can do")
    }

    @Test func aDrillSaysWhatWasMeasured() {
        #expect(
            DrillResult(milliseconds: 40, takeover: 268.04, isNewSide: true).text
                == "handed over in 268.0 ms (from the command to the first frame released by the new side)")
        let unmeasured = DrillResult(milliseconds: 12.3456789, takeover: nil, isNewSide: false)
        #expect(
            unmeasured.text.contains("until this side heard that the other one has the guest); clients wait longer"))
        #expect(unmeasured.json.shown().contains("\"milliseconds\": 12.346,"))
    }

    @Test func refusesContradictoryOptions() {
        #expect(throws: (any Error).self) { try Coloctl.parseAsRoot(["status", "--socket", "a", "--name", "b"]) }
        #expect(throws: (any Error).self) { try Coloctl.parseAsRoot(["status", "--name", "../x"]) }
        #expect(throws: (any Error).self) { try Coloctl.parseAsRoot(["qmp"]) }
        #expect(throws: Never.self) { try Coloctl.parseAsRoot(["qmp", "query-status", "--socket", "a"]) }
    }
}

/// A connection that one thread after the other uses.
private final class UncheckedConnection: @unchecked Sendable {
    // SAFETY: the test waits for each thread before it begins the next.
    let value: Connection
    init(_ value: Connection) { self.value = value }
}
