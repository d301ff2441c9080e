import Environment
import Glibc
import PairLab
import QAPI
import QMP
import Synchronization
import SystemCalls
import Testing

extension SystemTests {
    /// Unauthenticated peers that send a whole COLO stream to the replication port.
    @Suite("Unauthenticated primaries", needsPair())
    struct UnauthenticatedPrimaryTests {
        @Test("before, beside and after the real primary they change nothing: no takeover, no question, no lost write")
        func unauthenticatedPrimary() throws {
            let arbiter = try RecordingArbiter()
            let pair = try ProtectedPair(arbiter.configuration())
            let network = try #require(pair.network)

            // Before: the secondary waits alone.
            try pair.start(.b)
            let other = try UnauthenticatedPrimary(on: network.a, like: pair)
            try other.waitForAttempts(3)
            let waiting = try pair.qmp(.b).status()
            #expect(waiting.role == .waiting && !waiting.serving && waiting.term == 0)
            #expect(waiting.checkpoints == 0)
            #expect(try pair.qmp(.b).execute("query-migrate")["status"]?.string != "colo")

            // It goes away, and comes again.
            other.end()
            pause(.seconds(1))
            #expect(try !pair.serving(.b))
            #expect(try !pair.qmp(.b).guestRuns())

            // Beside: the real primary has to get through.
            let second = try UnauthenticatedPrimary(on: network.a, like: pair)
            try second.waitForAttempts(1)
            let crowd = try SilentCrowd(on: network.a)
            defer { crowd.end() }
            try pair.start(.a)
            try pair.waitForService(within: ProtectedPair.protectionDeadline)
            let before = try pair.waitForProtection(of: .a, within: .seconds(20))
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            crowd.end()
            let complaints = try pair.process(.b).output.split(separator: "\n").filter {
                $0.contains("replication port")
            }
            #expect((1..<6).contains(complaints.count), "\(complaints.prefix(10))")

            // After: the secondary holds checkpoints.
            try second.waitForAttempts(3)
            let after = try pair.qmp(.a).status()
            #expect(after.protected && after.serving && after.term == before.term)
            #expect(after.checkpoints > before.checkpoints)
            let (held, line) = try pair.coloctl(["check"], on: .b)
            #expect(held == .exited(0), "\(line)")
            second.end()
            #expect(arbiter.questions.isEmpty, "\(arbiter.questions)")

            // What the secondary holds is the real guest.
            _ = try pair.kill(.a)
            try pair.waitForStatus(of: .b, "serving", within: .seconds(20)) { $0.serving }
            try load.waitForEveryConnection(after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }
    }
}

/// A colod without a pair, with the same machine as the pair's, that migrates to host b with COLO again and again.
private final class UnauthenticatedPrimary {
    private let process: ManagedProcess
    private let folder: TemporaryFolder
    private let isEnding: StopFlag

    /// Shared with the thread.
    private final class StopFlag: Sendable {
        let attempts = Mutex(0)
        let wasTaken = Mutex(false)
        let isSet = Mutex(false)
    }

    init(on host: LabHost, like pair: ProtectedPair) throws {
        folder = try TemporaryFolder(prefix: "colod-unauthenticated")
        let socket = folder.path("qmp")
        let guest = pair.configuration.guest
        process = try host.start(
            [
                ProtectedPair.builtProgram("colod"), "--machine", "riscv64", "--memory", guest.memory, "--kernel",
                "\(guest.folder)/Image", "--initrd", "\(guest.folder)/initramfs.cpio", "--append", "console=ttyS0",
                "--net", "tap,tap=tap9,mac=52:54:00:12:34:56", "--paused", "--qmp", "unix:\(socket)",
            ], log: folder.path("log"))
        let flag = StopFlag()
        isEnding = flag
        let source = Source(try QMPClient(path: socket, within: .seconds(10)))
        try source.client.execute(
            "migrate-set-capabilities", ["capabilities": [["capability": "x-colo", "state": true]]])
        let uri = JSONValue.string("tcp:\(PairNetwork.address(of: .b, on: .replication)):7800")
        _ = try Thread(name: "other-primary") {
            while !flag.isSet.withLock({ $0 }) {
                if (try? source.client.execute("migrate", ["uri": uri])) != nil {
                    if source.becamePrimary() { flag.wasTaken.withLock { $0 = true } }
                    flag.attempts.withLock { $0 += 1 }
                }
                pause(.milliseconds(50))
            }
        }
    }

    /// Waits until that many more attempts have failed.
    func waitForAttempts(_ count: Int) throws {
        let known = isEnding.attempts.withLock { $0 }
        let end = ContinuousClock.now + .seconds(30)
        while isEnding.attempts.withLock({ $0 }) < known + count {
            if isEnding.wasTaken.withLock({ $0 }) { throw LabError("it was taken for the primary") }
            guard ContinuousClock.now < end else {
                throw LabError("it does not get through: \(process.output)")
            }
            pause(.milliseconds(20))
        }
    }

    /// Its host dies.
    func end() {
        isEnding.isSet.withLock { $0 = true }
        process.killAndWait()
    }

    deinit { end() }

    /// The connection belongs to the thread once it has begun.
    private final class Source: @unchecked Sendable {
        // SAFETY: used by one thread after the other, never by two.
        let client: QMPClient
        init(_ client: QMPClient) { self.client = client }

        /// Waits until the attempt has failed; true if it became a COLO run.
        func becamePrimary() -> Bool {
            let end = ContinuousClock.now + .seconds(5)
            while ContinuousClock.now < end, let answer = try? client.execute("query-migrate") {
                let status = answer["status"]?.string
                if status == "failed" || status == "cancelled" || status == "completed" { return false }
                if status == "colo" { return true }
                pause(.milliseconds(20))
            }
            return false
        }
    }
}

/// Connections to the replication port of host b that say nothing, hundreds at a time, for ever new ones.
private final class SilentCrowd: Sendable {
    private static let size = 300
    /// So that a slot that becomes free is taken at once.
    private static let interval: Duration = .milliseconds(10)
    private let isEnding = Mutex(false)

    init(on host: LabHost) throws {
        _ = try Thread(name: "crowd") { [self] in
            // Any client will do that sends nothing by itself.
            var crowd: [RedisClient] = []
            while !isEnding.withLock({ $0 }) {
                let address = PairNetwork.address(of: .b, on: .replication)
                if let one = try? RedisClient(address, port: 7800, from: host, within: .seconds(1)) {
                    crowd.append(one)
                }
                if crowd.count > Self.size { crowd.removeFirst() }
                pause(Self.interval)
            }
        }
    }

    func end() { isEnding.withLock { $0 = true } }
}
