import Environment
import PairLab
import QAPI
import SystemCalls
import Testing

extension SystemTests {
    /// A heartbeat that goes over two networks.
    @Suite("Two heartbeat networks", needsPair())
    struct TwoNetworksTests {
        @Test("one of two heartbeat networks is cut: the pair stays protected, the status tells, and it heals")
        func oneIsCut() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            let network = try #require(pair.network)
            try pair.startAndProtect()
            let load = try pair.startLoad()
            try pair.waitForStatus(of: .a, "over both networks", within: .seconds(10)) { $0.peer.networksUp == 2 }
            let before = try pair.qmp(.a).status()
            try network.cut(.heartbeat, of: .a)
            try pair.waitForStatus(of: .a, "aware of the cut", within: .seconds(15)) { $0.peer.networksUp == 1 }
            let (checked, line) = try pair.coloctl(["check"], on: .a)
            #expect(checked == .exited(1))
            #expect(line.contains("WARNING - primary, protected, but ") && line.contains("is down"))
            #expect(line.contains(PairNetwork.address(of: .b, on: .heartbeat)))
            let time = SystemClock().now()
            try load.waitForWrites(100, after: time, within: ProtectedPair.recoveryDeadline)
            let during = try pair.qmp(.a).status()
            #expect(during.protected && during.serving)
            #expect(during.term == before.term)
            try network.restore(.heartbeat, of: .a)
            try pair.waitForStatus(of: .a, "over both networks again", within: .seconds(20)) { $0.peer.networksUp == 2 }
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }
    }
}
