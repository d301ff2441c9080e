import Environment
import PairLab
import QAPI
import SystemCalls
import Testing

extension SystemTests {
    /// A host that was wholly cut off, and whose guest has to be found again.
    @Suite("Healed cut", needsPair())
    struct HealedCutTests {
        /// How long after the heal a client that was silent all the time may wait for its answer.
        private static let answerLimit: Duration = .seconds(2)

        @Test("the host that took over comes back with all its cables: an idle client is answered within two seconds")
        func idleClient() throws {
            let folder = try TemporaryFolder(prefix: "colod-arbiter")
            // Yes to host b alone.
            let script = "#!/bin/sh\ntr '\\0' ' ' </proc/$PPID/cmdline | grep -q b.yaml\n"
            try folder.write(script, to: "fence", executable: true)
            var configuration = Guest.pairConfiguration()
            configuration.arbiter = .command(path: folder.path("fence"))
            configuration.guest.hasConsoleSocket = true
            let pair = try ProtectedPair(configuration)
            let network = try #require(pair.network)
            try pair.startAndProtect()
            // A guest asks for the addresses of those whom it talked to a while ago, which would be an announcement by
            // accident.
            let console = try GuestConsole(of: pair, on: .a)
            for line in ["shell", "echo 3600 >/proc/sys/net/ipv4/neigh/eth0/delay_first_probe_time"] {
                try console.type(line)
            }
            let client = try pair.redis()
            #expect(try client.call("SET", "key", "value") == .status("OK"))
            // Everything is acknowledged by then, and nobody has anything to say.
            pause(.seconds(1))

            for cable in Cable.allCases { try network.cut(cable, of: .b) }
            try pair.waitForStatus(of: .b, "serving", within: .seconds(20)) { $0.serving }
            try pair.waitForStatus(of: .a, "aware of the loss", within: .seconds(20)) { !$0.serving }
            // What was announced into the cut cable is over by now.
            pause(.seconds(3))
            for cable in Cable.allCases { try network.restore(cable, of: .b) }
            let heal = ContinuousClock.now
            #expect(try client.call("GET", "key", within: .seconds(40)) == .string("value"))
            let time = ContinuousClock.now - heal
            #expect(time < Self.answerLimit, "the client waited \(time)")
            print("an idle client was answered \(time) after the heal")
            #expect(try pair.serving(.b))
            try pair.waitForProtection(of: .b)
        }
    }
}
