import Environment
import PairLab
import QAPI
import QMP
import SystemCalls
import Testing

extension SystemTests {
    /// Unauthenticated peers that know the replication protocol: the port has to be reachable, so it has to be careful.
    @Suite("Unauthenticated peers on the replication port", needsPair())
    struct UnauthenticatedPeerTests {
        @Test("a plain migration to a waiting member is refused, runs nothing there and spoils no boot")
        func plainMigration() throws {
            let pair = try ProtectedPair(Guest.pairConfiguration())
            let network = try #require(pair.network)
            let folder = try TemporaryFolder(prefix: "colod-unauthenticated")
            let socket = folder.path("qmp")
            let other = try network.b.start(
                [
                    ProtectedPair.builtProgram("colod"), "--machine", "riscv64", "--memory", "128M", "--kernel",
                    "\(pair.configuration.guest.folder)/Image", "--initrd",
                    "\(pair.configuration.guest.folder)/initramfs.cpio", "--append", "console=ttyS0", "--net",
                    "tap,tap=tap9,mac=52:54:00:12:34:56", "--qmp", "unix:\(socket)",
                ], log: folder.path("log"))
            defer { other.killAndWait() }
            let source = try QMPClient(path: socket, within: .seconds(10))

            // Alone, the primary waits a few seconds for its peer before it boots: the unauthenticated one comes first.
            try pair.start(.a)
            let uri = JSONValue.string("tcp:\(PairNetwork.address(of: .a, on: .replication)):7800")
            let end = SystemClock().now() + .seconds(10)
            var failure: String?
            while failure == nil, SystemClock().now() < end {
                // Nobody may listen yet, and a migration that failed may be tried again at once.
                _ = try? source.execute("migrate", ["uri": uri])
                pause(.milliseconds(100))
                let migration = try source.execute("query-migrate")
                if migration["status"]?.string == "failed" { failure = migration["error-desc"]?.string ?? "" }
            }
            #expect(failure != nil)
            // Who does not prove to be the peer changes nothing, and is no failure of the pair.
            let status = try pair.qmp(.a).status()
            #expect(status.lastFailure == nil)
            #expect(try pair.qmp(.a).execute("query-status")["status"]?.string != "running" || status.serving)

            try pair.waitForService(within: ProtectedPair.protectionDeadline)
            try pair.start(.b)
            try pair.waitForProtection(of: .a)
        }
    }
}
