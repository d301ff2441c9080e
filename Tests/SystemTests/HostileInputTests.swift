import Environment
import Glibc
import PairLab
import QAPI
import QMP
import SystemCalls
import Testing

extension SystemTests {
    /// Unauthenticated peers and clients that send garbage: the guest runs on and stays protected.
    @Suite("Hostile input", needsPair())
    struct HostileInputTests {
        @Test("garbage on every port and on the management socket changes nothing")
        func garbage() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            let network = try #require(pair.network)
            try pair.startAndProtect()
            var generator = SeededGenerator(seed: Seed.base)
            for side in Side.allCases {
                for port: UInt16 in [7800, 7801] {
                    for size in [1, 100, 70_000] {
                        let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
                        let address = PairNetwork.address(of: side, on: .replication)
                        // A closed port, or a connection closed in the middle, is as good an answer as any.
                        try? network[side.other].sendOnce(bytes, to: address, port: port)
                    }
                }
                let bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
                try? QMPClient(path: pair.socketPath(side)).sendRaw(bytes)
            }
            let time = SystemClock().now()
            let load = try pair.startLoad()
            try load.waitForWrites(100, after: time, within: .seconds(20))
            #expect(load.stop().failures.isEmpty)
            #expect(try pair.waitForProtection(of: .a, within: .seconds(20)).serving)
            #expect(try !pair.qmp(.b).status().serving)
        }

        @Test("a host with another key is never let into the pair")
        func anotherKey() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.start(.a)
            try pair.folder.write("another key of another pair\n", to: "key")
            try pair.start(.b)
            try pair.waitForService(within: ProtectedPair.protectionDeadline)
            pause(.seconds(3))
            #expect(try !pair.qmp(.a).status().protected)
            #expect(try !pair.qmp(.b).status().serving)
        }

        @Test("an unknown command and a broken request are answered with an error, and the next request is served")
        func brokenRequests() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.start(.b)
            let client = try pair.qmp(.b)
            #expect(throws: QMPError.self) { try client.execute("no-such-command") }
            try client.sendRaw(Array("{\"execute\": }\n".utf8))
            // Events of a member that has just started may come first.
            var reply = try client.nextMessage(within: .seconds(5))
            while reply["event"] != nil { reply = try client.nextMessage(within: .seconds(5)) }
            #expect(reply["error"] != nil)
            #expect(try client.execute("query-status")["status"]?.string != nil)
        }
    }
}
