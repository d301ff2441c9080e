import Environment
import PairLab
import QAPI
import SystemCalls
import Testing

extension SystemTests {
    /// Two hosts whose configuration files describe different guests.
    @Suite("Sides that differ", needsPair())
    struct DifferentSidesTests {
        /// How long a client may wait for an answer while the peer differs.
        private static let answerLimit: Duration = .milliseconds(50)

        @Test(
            "memory, then the kernel's command line: both sides name it, nothing is copied, and clients notice nothing")
        func differences() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            let network = try #require(pair.network)
            try pair.start(.a)
            try pair.waitForService(within: ProtectedPair.protectionDeadline)
            let client = try pair.redis()

            try pair.changeConfiguration(of: .b, from: "memory: 128M", to: "memory: 160M")
            try checkDifference("memory", of: pair, client, network)
            _ = try pair.kill(.b)
            try pair.changeConfiguration(of: .b, from: "memory: 160M", to: "memory: 128M")
            try pair.changeConfiguration(of: .b, from: "console=ttyS0", to: "console=ttyS0 quiet")
            try checkDifference("append", of: pair, client, network)

            // The mended side is protected, and what was served meanwhile is in the copy.
            _ = try pair.kill(.b)
            try pair.changeConfiguration(of: .b, from: "console=ttyS0 quiet", to: "console=ttyS0")
            try pair.start(.b)
            try pair.waitForProtection(of: .a)
        }

        private func checkDifference(
            _ what: String, of pair: ProtectedPair, _ client: RedisClient, _ network: PairNetwork
        ) throws {
            let before = try received(network)
            try pair.start(.b)
            for side in Side.allCases {
                let status = try pair.waitForStatus(of: side, "aware of the difference", within: .seconds(15)) {
                    $0.impairments?.contains { $0.contains("differ") && $0.contains(what) } == true
                }
                #expect(!status.protected)
                #expect(try pair.coloctl(["status"], on: side).1.contains(what))
            }
            // Long enough for several attempts.
            var times: [Double] = []
            let end = ContinuousClock.now + .seconds(3)
            while ContinuousClock.now < end {
                let start = SystemClock().now()
                #expect(try client.call("PING") == .status("PONG"))
                times.append((SystemClock().now() - start).inMilliseconds)
                pause(.milliseconds(5))
            }
            let spread = Spread(times)
            print("\(what) differs: PING median \(spread.median) ms, longest \(spread.max) ms of \(times.count)")
            #expect(Duration.milliseconds(spread.p99) < Self.answerLimit && spread.max < 250)
            #expect(try received(network) - before < 1 << 20, "something was copied")
            #expect(try pair.serving(.a))
            #expect(try !pair.serving(.b))
            #expect(try pair.coloctl(["check"], on: .a).0 == .exited(1))
        }

        /// Bytes that host b has received on the replication network.
        private func received(_ network: PairNetwork) throws -> Int {
            let table = try network.b.perform { try readText("/proc/thread-self/net/dev") }
            for line in table.split(separator: "\n") {
                let fields = line.split(whereSeparator: { $0 == " " || $0 == ":" })
                if fields.count > 1, fields[0] == "repl0", let bytes = Int(fields[1]) { return bytes }
            }
            throw LabError("host b has no repl0")
        }
    }
}
