import Environment
import Glibc
import PairLab
import QAPI
import SystemCalls
import Testing

extension SystemTests {
    /// Sides and guests that end on purpose, with an arbiter that would fence the other host: nobody asks it.
    @Suite("Planned stops", needsPair())
    struct PlannedStopTests {
        /// How long a side that hands its guest over may take to end.
        private static let endLimit: Duration = .seconds(10)

        @Test("each unit is stopped in turn, then both: no client notices, and nobody is fenced")
        func units() throws {
            let arbiter = try RecordingArbiter()
            let pair = try ProtectedPair(arbiter.configuration())
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)

            // The secondary.
            #expect(try Self.stop(.b, of: pair) == .exited(0))
            try load.waitForEveryConnection(after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            #expect(try pair.serving(.a))
            try pair.start(.b)
            try pair.waitForProtection(of: .a)

            // The primary.
            #expect(try Self.stop(.a, of: pair) == .exited(0))
            try load.waitForEveryConnection(after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            #expect(try pair.serving(.b))
            try pair.start(.a)
            try pair.waitForProtection(of: .b)

            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)

            // Both, as when a site is shut down.
            let processes = try Side.allCases.map { try pair.process($0) }
            for process in processes { process.send(SIGTERM) }
            for process in processes { #expect(process.waitForExit(within: Self.endLimit) == .exited(0)) }
            #expect(arbiter.questions.isEmpty, "\(arbiter.questions)")
        }

        @Test(
            "a guest that powers itself off ends both sides with exit status 0, comes to life nowhere and fences nobody"
        )
        func powerOff() throws {
            let arbiter = try RecordingArbiter()
            var configuration = arbiter.configuration()
            configuration.guest.hasConsoleSocket = true
            let pair = try ProtectedPair(configuration)
            try pair.startAndProtect()
            let processes = try Side.allCases.map { try pair.process($0) }
            try GuestConsole(of: pair, on: .a).type("poweroff")
            for (side, process) in zip(Side.allCases, processes) {
                #expect(process.waitForExit(within: .seconds(20)) == .exited(0), "\(pair.log(side))")
            }
            #expect(!processes[1].output.contains("takeover"), "\(pair.log(.b))")
            #expect(arbiter.questions.isEmpty, "\(arbiter.questions)")
        }

        @Test("a guest that reboots itself boots again where it was, is protected again and fences nobody")
        func reboot() throws {
            let arbiter = try RecordingArbiter()
            var configuration = arbiter.configuration()
            configuration.guest.hasConsoleSocket = true
            let pair = try ProtectedPair(configuration)
            try pair.startAndProtect()
            let before = try pair.qmp(.a).status()
            #expect(try pair.redis().call("SET", "before", "reboot") == .status("OK"))
            try GuestConsole(of: pair, on: .a).type("reboot")
            let end = ContinuousClock.now + ProtectedPair.protectionDeadline
            while true {
                // The new boot has an empty Redis.
                if let client = try? pair.redis(within: .milliseconds(500)),
                    (try? client.call("GET", "before", within: .seconds(1))) == .string(nil)
                {
                    break
                }
                try #require(ContinuousClock.now < end, "no new boot\n\(pair.log(.a))\n\(pair.log(.b))")
                pause(.milliseconds(100))
            }
            let after = try pair.waitForProtection(of: .a)
            #expect(after.serving && after.term == before.term)
            #expect(try !pair.serving(.b))
            #expect(arbiter.questions.isEmpty, "\(arbiter.questions)")
        }

        private static func stop(_ side: Side, of pair: ProtectedPair) throws -> ProcessEnd? {
            let process = try pair.process(side)
            process.send(SIGTERM)
            return process.waitForExit(within: endLimit)
        }
    }
}

/// An arbiter's command that writes down each question and says yes: it would have fenced the other host.
final class RecordingArbiter {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(prefix: "colod-arbiter")
        let record = folder.path("questions")
        try folder.write(
            "#!/bin/sh\necho \"$(tr '\\0' ' ' </proc/$PPID/cmdline): $*\" >>\(record)\n", to: "fence",
            executable: true)
    }

    /// A pair that asks this arbiter.
    func configuration() -> PairConfiguration {
        var configuration = Guest.pairConfiguration()
        configuration.arbiter = .command(path: folder.path("fence"))
        return configuration
    }

    /// Who asked.
    var questions: String { (try? folder.read("questions")) ?? "" }
}

/// A person at the guest's serial console.
final class GuestConsole {
    private let line: MonitorConnection

    init(of pair: ProtectedPair, on side: Side) throws { line = try MonitorConnection(path: pair.consolePath(side)) }

    /// Types a line.
    func type(_ text: String) throws { try line.send(text + "\n") }
}
