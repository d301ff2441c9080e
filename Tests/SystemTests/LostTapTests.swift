import Environment
import PairLab
import QAPI
import SystemCalls
import Testing

extension SystemTests {
    /// Network interfaces of the guest that somebody deletes.
    @Suite("Lost tap", needsPair())
    struct LostTapTests {
        /// How long a lost network may stay untold.
        private static let noticeLimit: Duration = .seconds(4)
        private static let bridge = [
            "link add br0 type bridge forward_delay 0 mcast_snooping 0", "link set br0 up",
            "link set guest0 master br0",
        ]

        @Test("a tap that is deleted is made again by itself, and clients go on")
        func tap() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            let network = try #require(pair.network)
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)
            let term = try pair.qmp(.a).status().term
            for side in Side.allCases {
                try network[side].ip(["link delete tap0"])
                let time = SystemClock().now()
                try load.waitForEveryConnection(after: time + .seconds(1), within: .seconds(10))
            }
            #expect(try pair.waitForProtection(of: .a).term == term)
            // The new tap of the secondary leads to the clients, too.
            let drill = try pair.coloctl(["drill"], on: .a)
            #expect(drill.0 == .exited(0), "\(drill.1)")
            try load.waitForEveryConnection(after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }

        @Test(
            "a tap that cannot be made again: on the secondary the pair is not protected until it is back, on the primary the guest goes to the peer"
        )
        func tapAndBridge() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            let network = try #require(pair.network)
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try load.waitForWrites(50, within: ProtectedPair.recoveryDeadline)

            // The secondary: no takeover into a network that is not there.
            try network.b.ip(["link delete tap0", "link delete br0"])
            for side in Side.allCases {
                try pair.waitForStatus(of: side, "aware of the lost network", within: Self.noticeLimit) { status in
                    !status.protected && status.impairments?.contains { $0.contains("network") } == true
                }
            }
            #expect(try pair.coloctl(["check"], on: .a).0 == .exited(1))
            #expect(try pair.coloctl(["drill"], on: .a).0 != .exited(0))
            #expect(try pair.serving(.a))
            try network.b.ip(Self.bridge)
            try pair.waitForProtection(of: .a, within: .seconds(15))

            // The primary: its clients reach the guest at the peer.
            let time = SystemClock().now()
            try network.a.ip(["link delete tap0", "link delete br0"])
            try pair.waitForStatus(of: .a, "aware of the lost network", within: Self.noticeLimit) { !$0.protected }
            try pair.waitForStatus(of: .b, "serving", within: .seconds(15)) { $0.serving }
            try load.waitForEveryConnection(after: time + .seconds(1), within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
            try network.a.ip(Self.bridge)
            try pair.waitForProtection(of: .b)
        }
    }
}
