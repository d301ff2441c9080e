import Environment
import PairLab
import QAPI
import QMP
import SystemCalls
import Testing

extension SystemTests {
    /// Hosts that live but cannot hear each other.
    @Suite("Cut cables", needsPair())
    struct CutCableTests {
        @Test("replication cut, heartbeat alive: the primary serves on and the secondary does not take over")
        func replicationAlone() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            let network = try #require(pair.network)
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            let time = SystemClock().now()
            try network.cut(.replication, of: .a)
            try load.waitForEveryConnection(after: time + .milliseconds(200), within: ProtectedPair.recoveryDeadline)
            try load.waitForWrites(200, after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            #expect(try pair.qmp(.a).status().serving)
            #expect(try !pair.qmp(.b).status().serving)
            #expect(try !pair.qmp(.b).guestRuns())
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }

        @Test(
            "everything cut and an arbiter that says no: the secondary does not take over, and nothing more is acknowledged"
        )
        func everythingWithoutFencing() throws {
            let folder = try TemporaryFolder(prefix: "colod-arbiter")
            try folder.write("#!/bin/sh\ntest -e \(folder.path("fenced"))\n", to: "fence", executable: true)
            var configuration = Guest.pairConfiguration()
            configuration.arbiter = .command(path: folder.path("fence"))
            let pair = try ProtectedPair(configuration)
            let network = try #require(pair.network)
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            try network.cut(.replication, of: .a)
            try network.cut(.heartbeat, of: .a)
            try pair.waitForStatus(of: .b, "aware of the loss", within: .seconds(15)) { !$0.protected }
            try pair.waitForStatus(of: .a, "aware of the loss", within: .seconds(15)) { !$0.protected }
            let time = SystemClock().now()
            // Long enough for several timeouts and questions to the arbiter.
            pause(.seconds(3))
            #expect(try !pair.qmp(.b).status().serving)
            #expect(throws: (any Error).self) { try load.waitForWrites(1, after: time, within: .milliseconds(1)) }

            // The operator fences host a by hand and decides.
            _ = try pair.kill(.a)
            try folder.write("", to: "fenced")
            try pair.qmp(.b).execute("x-colo-lost-heartbeat", within: .seconds(20))
            let takeover = SystemClock().now()
            try load.waitForEveryConnection(after: takeover, within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis(at: .b)).isEmpty)
        }

        @Test(
            "everything cut and an arbiter that fences for the first who asks: exactly one host serves, and nothing is lost"
        )
        func everythingWithFencing() throws {
            let folder = try TemporaryFolder(prefix: "colod-arbiter")
            // mkdir succeeds once, for whoever comes first; the same host may ask again.
            let script = """
                #!/bin/sh
                host=$(cat /proc/$PPID/cmdline | tr '\\0' ' ')
                if mkdir \(folder.path("won")) 2>/dev/null; then
                    echo "$host" >\(folder.path("winner"))
                    exit 0
                fi
                [ "$(cat \(folder.path("winner")))" = "$host" ]
                """
            try folder.write(script + "\n", to: "fence", executable: true)
            var configuration = Guest.pairConfiguration()
            configuration.arbiter = .command(path: folder.path("fence"))
            let pair = try ProtectedPair(configuration)
            let network = try #require(pair.network)
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            try network.cut(.replication, of: .a)
            try network.cut(.heartbeat, of: .a)
            let time = SystemClock().now()
            try load.waitForEveryConnection(after: time + .seconds(1), within: ProtectedPair.recoveryDeadline)
            let winner = try readText(folder.path("winner"))
            let side: Side = winner.contains("/a.yaml") ? .a : .b
            let record = try network.recordFrames(from: side.other)
            try load.waitForWrites(200, after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            #expect(record.newFrames() == [])
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis(at: side)).isEmpty)
        }
    }
}
