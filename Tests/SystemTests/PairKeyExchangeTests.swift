import PairLab
import QAPI
import QMP
import Testing

extension SystemTests {
    /// The key of a pair that protects a guest under load.
    @Suite("The pair's key", needsPair())
    struct PairKeyExchangeTests {
        private static let new = "another key of at least 16 bytes"

        @Test("is exchanged without an outage, step by step; a step that would cut the sides off is refused")
        func exchange() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            let old = try pair.folder.read("key").split(separator: "\n").joined()
            let files = [Side.a: "key-a", .b: "key-b"]
            for (side, name) in files {
                try pair.folder.write(old + "\n", to: name)
                try pair.changeConfiguration(of: side, from: pair.folder.path("key"), to: pair.folder.path(name))
            }
            try pair.startAndProtect()
            let before = try pair.qmp(.a).status()
            #expect(before.encryption == "TLS1.3 AES-128-GCM")
            #expect(before.keys?.count == 1 && before.keys == before.peer.keys)
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)

            func reload(_ side: Side, _ keys: [String]) throws -> (ProcessEnd?, String) {
                try pair.folder.write(keys.joined(separator: "\n") + "\n", to: try #require(files[side]))
                return try pair.coloctl(["reload-keys"], on: side)
            }
            // A step too far: nothing changes.
            let (refused, why) = try reload(.a, [Self.new])
            #expect(refused != .exited(0) && why.contains("the peer still uses the key"), "\(why)")
            for keys in [[old, Self.new], [Self.new, old], [Self.new]] {
                for side in Side.allCases {
                    let (end, text) = try reload(side, keys)
                    #expect(end == .exited(0), "\(text)")
                    // The next step there may need what the next heartbeat from here says.
                    let marks = try pair.qmp(side).status().keys
                    #expect(marks?.count == keys.count)
                    try pair.waitForStatus(of: side.other, "told of the keys", within: .seconds(10)) {
                        $0.peer.keys == marks
                    }
                }
            }
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            let after = try pair.qmp(.a).status()
            #expect(after.protected && after.term == before.term && after.peer.ignored == before.peer.ignored)
            #expect(after.keys?.count == 1 && after.keys == after.peer.keys && after.keys != before.keys)

            // A side that begins with the new file is known.
            _ = try pair.kill(.b)
            try pair.waitForStatus(of: .a, "alone", within: .seconds(10)) { !$0.protected && $0.serving }
            try pair.start(.b)
            try pair.waitForProtection(of: .a)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }

        @Test("two sides that differ in encryption say so and copy nothing; without it on both, the log warns")
        func encryption() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            try pair.changeConfiguration(of: .b, from: "  key-file:", to: "  encryption: none\n  key-file:")
            try pair.start(.b)
            try pair.start(.a)
            try pair.waitForService(within: ProtectedPair.protectionDeadline)
            let status = try pair.waitForStatus(of: .a, "told of the difference", within: .seconds(10)) { status in
                status.impairments?.contains { $0.contains("encryption: tls here, none there") } == true
            }
            #expect(status.encryption == nil && status.checkpoints == 0)
            #expect(try pair.process(.b).output.contains("pair.encryption is none: who can read the replication"))
            try pair.changeConfiguration(of: .a, from: "  key-file:", to: "  encryption: none\n  key-file:")
            _ = try pair.kill(.a)
            try pair.start(.a)
            let plain = try pair.waitForProtection(of: .a)
            #expect(plain.encryption == "none")
            #expect(try pair.coloctl(["status"], on: .a).1.contains("NONE: checkpoints travel in the clear"))
        }
    }
}
