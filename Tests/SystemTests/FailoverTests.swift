import Environment
import Glibc
import PairLab
import QAPI
import QMP
import SystemCalls
import Testing

extension SystemTests {
    /// Hosts that die under load.
    @Suite("Failover", needsPair())
    struct FailoverTests {
        @Test(
            "SIGKILL of the primary at a random moment loses no acknowledged write and no connection", arguments: 0..<20
        )
        func killPrimary(run: UInt64) throws {
            let seed = Seed.base + run
            var generator = SeededGenerator(seed: seed)
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let load = try pair.startLoad()
            let delay = Int.random(in: 0...1000, using: &generator)
            let result = try pair.killPrimaryUnderLoad(load, after: .milliseconds(delay))
            print(
                "seed \(seed): killed after \(delay) ms, first answer after \(Int(result.firstAnswer)) ms,",
                "\(result.load.acknowledged) writes acknowledged")
            #expect(result.lost.isEmpty, "seed \(seed): lost \(result.lost.prefix(5).map(\.key))")
            #expect(result.load.failures.isEmpty, "seed \(seed)")
            #expect(
                try pair.waitForStatus(of: .b, "primary", within: .seconds(5)) { $0.serving }.term
                    > result.before.term)
        }

        @Test("a guest with two harts survives the same")
        func twoHarts() throws {
            var configuration = Guest.pairConfiguration()
            configuration.guest.vcpus = 2
            let pair = try ProtectedPair(configuration)
            try pair.startAndProtect()
            let result = try pair.killPrimaryUnderLoad(try pair.startLoad(), after: .milliseconds(300))
            #expect(result.isClean, "\(result.lost.count) lost, \(result.load.failures)")
        }

        @Test("a host that died and came back protects the survivor, and takes over from it in turn")
        func thereAndBack() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            var primary = Side.a
            for round in 1...3 {
                let load = try pair.startLoad(prefix: "round\(round)")
                let result = try pair.killPrimaryUnderLoad(load, on: primary, after: .milliseconds(200))
                #expect(result.isClean, "round \(round): \(result.lost.count) lost, \(result.load.failures)")
                try pair.start(primary)
                primary = primary.other
                let status = try pair.waitForProtection(of: primary)
                #expect(status.serving)
                #expect(try pair.qmp(primary.other).status().role == .secondary)
            }
        }

        @Test("SIGKILL of the secondary: the primary serves on alone, and says so")
        func killSecondary() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            let time = try pair.kill(.b)
            try load.waitForEveryConnection(after: time + .milliseconds(100), within: ProtectedPair.recoveryDeadline)
            let status = try pair.waitForStatus(of: .a, "unprotected", within: .seconds(10)) { !$0.protected }
            #expect(status.serving)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
            // The last failure stays readable.
            #expect(status.lastFailure != nil)
        }

        @Test(
            "a primary frozen with SIGSTOP and woken after the takeover sends nothing and becomes the waiting secondary"
        )
        func frozenPrimary() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            let network = try #require(pair.network)
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            let time = SystemClock().now()
            try pair.process(.a).send(SIGSTOP)
            try load.waitForEveryConnection(after: time + .milliseconds(100), within: ProtectedPair.recoveryDeadline)
            let survivor = try pair.waitForStatus(of: .b, "primary", within: .seconds(5)) { $0.serving }

            let record = try network.recordFrames(from: .a)
            try pair.process(.a).send(SIGCONT)
            let woken = try pair.waitForStatus(of: .a, "superseded", within: .seconds(15)) {
                !$0.serving && $0.term >= survivor.term
            }
            #expect(woken.term == survivor.term)
            try load.waitForWrites(200, after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            // The clock is read before each frame, and the process may be frozen between the two: that one frame leaves
            // late, and the survivor's checkpoint contains it. Nothing follows it.
            let late = record.newFrames()
            #expect(late.count <= 1, "\(late)")
            // What is left of its guest is gone: it is the survivor's secondary now.
            try pair.waitForProtection(of: .b)
            try pair.waitForStatus(of: .a, "the secondary", within: .seconds(5)) { $0.role == .secondary }
            #expect(record.newFrames() == [])

            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis(at: .b)).isEmpty)
        }

        @Test("a secondary frozen with SIGSTOP is given up, and protects again once it is woken")
        func frozenSecondary() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            try pair.process(.b).send(SIGSTOP)
            let time = SystemClock().now()
            // The management socket answers whatever the peer does.
            #expect(try pair.qmp(.a).status(within: .seconds(1)).role == .primary)
            try load.waitForEveryConnection(after: time + .seconds(1), within: ProtectedPair.recoveryDeadline)
            #expect(try pair.waitForStatus(of: .a, "unprotected", within: .seconds(5)) { !$0.protected }.serving)
            try pair.process(.b).send(SIGCONT)
            try pair.waitForProtection(of: .a)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }

        @Test("a primary that stands still for less than the heartbeat's timeout stays the primary")
        func brieflyFrozenPrimary() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.startAndProtect()
            let term = try pair.qmp(.a).status().term
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            for _ in 0..<5 {
                try pair.process(.a).send(SIGSTOP)
                pause(.milliseconds(150))
                try pair.process(.a).send(SIGCONT)
                pause(.milliseconds(300))
            }
            try load.waitForEveryConnection(after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            let status = try pair.waitForProtection(of: .a)
            #expect(status.serving && status.term == term)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }

        @Test("with failover: manual the secondary waits for the operator's x-colo-lost-heartbeat")
        func manualFailover() throws {
            var configuration = Guest.pairConfiguration()
            configuration.failover = .manual
            let pair = try ProtectedPair(configuration)
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            let time = try pair.kill(.a)
            try pair.waitForStatus(of: .b, "aware of the loss", within: .seconds(10)) { !$0.protected }
            pause(.seconds(1))
            #expect(try !pair.qmp(.b).status().serving)
            try pair.qmp(.b).execute("x-colo-lost-heartbeat")
            try load.waitForEveryConnection(after: time + .milliseconds(500), within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis(at: .b)).isEmpty)
        }
    }
}
