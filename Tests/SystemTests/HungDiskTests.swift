import Environment
import PairLab
import QAPI
import SystemCalls
import Testing

extension SystemTests {
    /// A guest's disk that does not answer.
    @Suite("Hung disk", needsPair())
    struct HungDiskTests {
        @Test(
            "reads of the primary's disk hang: not protected is said within five seconds, and QMP answers all the time")
        func primary() throws {
            let folder = try TemporaryFolder(prefix: "colod-disk")
            try folder.write([UInt8](repeating: 0x5a, count: 1 << 20), to: "disk")
            var configuration = Guest.pairConfiguration()
            configuration.guest.disks = [folder.path("disk")]
            configuration.guest.hasConsoleSocket = true
            let pair = try ProtectedPair(configuration)
            try pair.startAndProtect()
            let load = try pair.startLoad(connections: 2)
            let console = try GuestConsole(of: pair, on: .a)
            try console.type("shell")
            let disk = try SystemCallFault(delaying: "pread64", by: .seconds(20), in: try pair.process(.a))
            defer { disk.end() }
            try console.type("busybox dd if=/dev/vda of=/dev/null bs=4096 count=1 skip=100")
            let hung = ContinuousClock.now
            while disk.delayedCalls == 0 {
                try #require(ContinuousClock.now < hung + .seconds(10), "the guest reads nothing")
                pause(.milliseconds(10))
            }
            let begin = ContinuousClock.now
            var slowest = Duration.zero
            var said: [String]?
            while said == nil, ContinuousClock.now < begin + .seconds(15) {
                let asked = ContinuousClock.now
                let status = try pair.qmp(.a).status(within: .seconds(2))
                slowest = max(slowest, ContinuousClock.now - asked)
                if !status.protected { said = status.impairments ?? [] }
                pause(.milliseconds(20))
            }
            let time = ContinuousClock.now - begin
            print("a hung disk was told after \(time): \(said ?? []); slowest answer \(slowest)")
            #expect(said?.contains { $0.contains("disk") } == true, "\(said ?? [])")
            #expect(time < .seconds(5))
            #expect(slowest < .seconds(1))
            // The peer's disk is well, so the guest goes there.
            try pair.waitForStatus(of: .b, "serving", within: .seconds(20)) { $0.serving }
            try load.waitForEveryConnection(after: SystemClock().now(), within: ProtectedPair.recoveryDeadline)
            let report = load.stop()
            #expect(report.failures.isEmpty)
            #expect(try report.lostWrites(askedOf: pair.redis()).isEmpty)
        }
    }
}
