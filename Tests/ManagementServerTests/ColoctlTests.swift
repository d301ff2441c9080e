import ArgumentParser
import Environment
import QAPI
import QMP
import Testing

@testable import coloctl

private func status(
    role: ColodRole = .primary, state: ColodState, protected: Bool = false, serving: Bool = false,
    connected: Bool = false
) -> ColodStatus {
    ColodStatus(
        role: role, state: state, protected: protected, serving: serving, term: 4,
        peer: ColodPeer(connected: connected, networks: 0, networksUp: 0, ignored: 0), checkpoints: 0, heldPackets: 0,
        heldBytes: 0, failover: .automatic, arbiter: "none")
}

@Suite struct CheckTests {
    @Test(
        arguments: [
            (status(state: .protected, protected: true, serving: true), .ok),
            (status(role: .secondary, state: .protected, protected: true), .ok),
            (status(role: .alone, state: .unprotected, serving: true), .warning),
            (status(role: .secondary, state: .synchronising, connected: true), .warning),
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
                + "peer / lost at once | term=4 checkpoints=7c pause_median=1.500ms pause_p99=2.000ms "
                + "pause_max=3.000ms checkpoint_age=40ms held_packets=0 held_bytes=0B")
    }

    @Test func whoeverCannotAskDoesNotKnow() {
        #expect(Verdict(Failure(.unclear, "no answer")).severity == .unknown)
        #expect(Verdict(Failure(.unreachable, "nobody")).line == "COLOD CRITICAL - nobody")
    }
}

@Suite struct StatusTableTests {
    @Test func saysWhatToDoUnlessProtected() {
        let good = StatusTable(status: status(state: .protected, protected: true), name: "web", runState: "running")
        #expect(good.text.contains("Protected     yes"))
        #expect(!good.text.contains("Next:"))
        for state in ColodState.allCases where state != .protected {
            #expect(StatusTable(status: status(state: state), name: nil, runState: nil).text.contains("\nNext: "))
        }
    }

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

    @Test func refusesContradictoryOptions() {
        #expect(throws: (any Error).self) { try Coloctl.parseAsRoot(["status", "--socket", "a", "--name", "b"]) }
        #expect(throws: (any Error).self) { try Coloctl.parseAsRoot(["status", "--name", "../x"]) }
        #expect(throws: (any Error).self) { try Coloctl.parseAsRoot(["qmp"]) }
        #expect(throws: Never.self) { try Coloctl.parseAsRoot(["qmp", "query-status", "--socket", "a"]) }
    }
}
