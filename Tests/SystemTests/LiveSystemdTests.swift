import Environment
import PairLab
import Testing

extension SystemTests {
    /// colod as units of a systemd that runs.
    @Suite("Live systemd", needsContainer(), .timeLimit(.minutes(3)))
    struct LiveSystemdTests {
        @Test("either side starts first, is up at once, and says what it waits for", arguments: ["one", "two"])
        func startOrder(first: String) throws {
            let pair = LiveSystemdPair(container: try .boot())
            let second = first == "one" ? "two" : "one"
            try pair.install()
            try pair.start(first)
            #expect(try pair.container.property("ActiveState", of: "colod@\(first)") == "active")
            try pair.container.check(LiveSystemdPair.noJobs)
            let waits =
                first == "one" ? "waits for the peer at tcp:127.0.0.2:7801" : "waits for the peer at tcp:127.0.0.1:7801"
            #expect(try pair.journal(of: first).contains(waits))
            // The primary that hears nobody boots the guest after a few seconds; the secondary waits on.
            let line = try pair.container.property("StatusText", of: "colod@\(first)")
            #expect(line.contains(waits), "\(line)")
            try pair.start(second)
            for name in ["one", "two"] {
                try pair.waitForProtection(of: name)
                #expect(try pair.health(of: name) == LiveSystemdPair.healthy)
            }
        }

        @Test("a drill there and back: systemd loses no side, and watches the one that began anew")
        func drillThereAndBack() throws {
            let pair = LiveSystemdPair(container: try .boot())
            // A unit that systemd takes for a stopping one is killed after this time.
            try pair.install(dropIn: "TimeoutStopSec=4\nWatchdogSec=3")
            for name in ["one", "two"] { try pair.start(name) }
            for (from, to) in [("one", "two"), ("two", "one")] {
                for name in [from, to] { try pair.waitForProtection(of: name) }
                try pair.container.check("coloctl drill --socket /run/colod/\(to).qmp")
            }
            for name in ["one", "two"] { try pair.waitForProtection(of: name) }
            // Both have begun anew; whoever waits for their end, or for a sign of life, gives up within this time.
            pause(.seconds(6))
            for name in ["one", "two"] {
                #expect(try pair.health(of: name) == LiveSystemdPair.healthy)
                let process = try pair.container.property("MainPID", of: "colod@\(name)")
                #expect(
                    try pair.container.check("cat /proc/\(process)/comm; ps -o comm= -p \(process)") == "colod\ncolod\n"
                )
                #expect(try pair.journal(of: name).contains("beginning anew: "))
            }
            // The signs of life that it sends are those that systemd waits for.
            try pair.container.check("systemctl kill -s STOP colod@two")
            try pair.container.waitFor(
                "killed by the watchdog", within: .seconds(15), "[ $(systemctl show -P NRestarts colod@two) = 1 ]")
            try pair.waitForProtection(of: "two")
        }

        @Test("a side that begins anew when it is asked to stop stops")
        func stopWhileBeginningAnew() throws {
            let pair = LiveSystemdPair(container: try .boot())
            try pair.install()
            for name in ["one", "two"] { try pair.start(name) }
            for name in ["one", "two"] { try pair.waitForProtection(of: name) }
            try pair.container.check(
                "coloctl drill --socket /run/colod/two.qmp; systemctl stop colod@one", within: .seconds(10))
            #expect(try pair.container.property("ActiveState", of: "colod@one") == "inactive")
            #expect(try pair.container.property("Result", of: "colod@one") == "success")
        }

        @Test("members of the group may connect, whatever the umask", arguments: ["0027", "0077"])
        func socketAccess(mask: String) throws {
            let pair = LiveSystemdPair(container: try .boot())
            try pair.install(dropIn: "UMask=\(mask)")
            try pair.start("one")
            #expect(try pair.container.check("stat -c '%a %U %G' /run/colod/one.qmp") == "660 colod colod\n")
            try pair.container.check("useradd -G colod alice && useradd mallory")
            let ask = "coloctl qmp --socket /run/colod/one.qmp query-status"
            try pair.container.check("runuser -u alice -- \(ask)")
            #expect(try pair.container.run("runuser -u mallory -- \(ask)").status != .exited(0))
        }

        @Test("a cable without an address keeps no side from starting, and is used when the address comes")
        func addressesComeAndGo() throws {
            var pair = LiveSystemdPair(container: try .boot())
            pair.heartbeats = [("192.0.2.1:7801", "192.0.2.2:7801"), ("127.0.0.1:7802", "127.0.0.2:7802")]
            try pair.install()
            for name in ["two", "one"] { try pair.start(name) }
            for name in ["one", "two"] { try pair.waitForProtection(of: name) }
            func waitForNetworks(_ count: Int, _ name: String) throws {
                try pair.container.waitFor(
                    "over \(count) networks", within: .seconds(20),
                    "coloctl qmp --socket /run/colod/\(name).qmp x-colod-status | grep -E '\"networks-up\": *\(count)'")
            }
            try waitForNetworks(1, "one")
            let missing = "heartbeat network 1 of 2 is down: 192.0.2.1:7801: this host has no such address"
            try pair.container.waitFor(
                "told", within: .seconds(10), "journalctl -u colod@one -p warning | grep -F '\(missing)'")
            try pair.container.check("ip address add 192.0.2.1/32 dev lo && ip address add 192.0.2.2/32 dev lo")
            for name in ["one", "two"] { try waitForNetworks(2, name) }
            let found = "heartbeat network 1 of 2: the address 192.0.2.1 is there"
            try pair.container.waitFor("told", within: .seconds(10), "journalctl -u colod@one | grep -F '\(found)'")
            try pair.container.check("ip address del 192.0.2.1/32 dev lo && ip address del 192.0.2.2/32 dev lo")
            for name in ["one", "two"] { try waitForNetworks(1, name) }
            for name in ["one", "two"] { #expect(try pair.health(of: name) == LiveSystemdPair.healthy) }
        }

        @Test("where the only address comes late, the pair finds itself then")
        func theOnlyAddressComesLate() throws {
            var pair = LiveSystemdPair(container: try .boot())
            pair.heartbeats = [("192.0.2.1:7801", "192.0.2.2:7801")]
            try pair.install()
            try pair.start("two")
            try pair.container.check("ip address add 192.0.2.2/32 dev lo && ip address add 192.0.2.1/32 dev lo")
            try pair.start("one")
            for name in ["one", "two"] {
                try pair.waitForProtection(of: name)
                #expect(try pair.health(of: name) == LiveSystemdPair.healthy)
            }
        }

        @Test("a reload takes the pair's new key; one that fails leaves the unit as it is")
        func reload() throws {
            let pair = LiveSystemdPair(container: try .boot())
            try pair.install()
            for name in ["one", "two"] { try pair.start(name) }
            for name in ["one", "two"] { try pair.waitForProtection(of: name) }
            let (old, new) = ("$(sed -n 1p /etc/colod/old)", "another-key-of-16-bytes-or-more")
            try pair.container.check("cp /etc/colod/key /etc/colod/old && echo \(new) > /etc/colod/key")
            let (status, _) = try pair.container.run("systemctl reload colod@one")
            #expect(status != .exited(0))
            #expect(try pair.journal(of: "one").contains("the peer still uses the key"))
            for keys in ["\(old)\\n\(new)", "\(new)\\n\(old)", new] {
                try pair.container.check("printf \"\(keys)\\n\" > /etc/colod/key")
                for name in ["one", "two"] {
                    try pair.container.waitFor(
                        "reloaded", within: .seconds(10), "systemctl reload colod@\(name)")
                }
            }
            for name in ["one", "two"] {
                #expect(try pair.health(of: name) == LiveSystemdPair.healthy)
                try pair.waitForProtection(of: name)
            }
        }

        @Test("the unit lets a guest that runs be written to a file")
        func snapshot() throws {
            let pair = LiveSystemdPair(container: try .boot())
            try pair.install()
            let file = "/var/lib/colod/lone/snapshot"
            func configuration(_ name: String, _ rest: String) throws {
                try pair.container.write(
                    """
                    guest: {name: \(name), machine: none, memory: 16M}
                    management: {qmp: "unix:/run/colod/\(name).qmp"}
                    \(rest)
                    """, to: "/etc/colod/\(name).yaml")
                try pair.start(name)
            }
            try configuration("lone", "")
            let ask = "coloctl qmp --socket /run/colod/lone.qmp"
            try pair.container.check(
                "\(ask) migrate-set-capabilities "
                    + "'{\"capabilities\": [{\"capability\": \"background-snapshot\", \"state\": true}]}' && "
                    + "\(ask) migrate '{\"uri\": \"exec:cat > \(file)\"}'")
            try pair.container.waitFor(
                "completed", within: .seconds(10), "\(ask) query-migrate | grep -F '\"status\": \"completed\"'")
            #expect(try pair.container.check("\(ask) query-status").contains("\"running\": true"))
            #expect(try pair.container.check("coloctl stream --summary \(file)").contains("16777216"))
        }

        @Test("what a restart cannot mend is not restarted")
        func wrongFiles() throws {
            let pair = LiveSystemdPair(container: try .boot())
            try pair.install()
            let files = [
                ("kernel", "guest: {machine: riscv64, memory: 64M, kernel: /nonexistent/Image}"),
                ("image", "guest: {machine: riscv64, memory: 64M, kernel: /usr/bin/colod}"),
                ("disk", "guest: {machine: riscv64, memory: 64M, kernel: /etc/passwd, disks: [{file: /nonexistent}]}"),
            ]
            for (name, text) in files {
                try pair.container.write(text, to: "/etc/colod/\(name).yaml")
                #expect(try pair.container.run("systemctl start colod@\(name)").status != .exited(0))
                #expect(try pair.container.property("ExecMainStatus", of: "colod@\(name)") == "78")
                #expect(try pair.container.property("ActiveState", of: "colod@\(name)") == "failed")
                #expect(try pair.container.property("NRestarts", of: "colod@\(name)") == "0")
            }
            #expect(
                try pair.journal(of: "kernel").contains(
                    "kernel.yaml:1: guest.kernel: /nonexistent/Image cannot be used"))
            // A key that everyone may read is an error, for the check as for the start.
            try pair.container.check("chmod 644 /etc/colod/key")
            let check = "runuser -u colod -- colod --check-config --config /etc/colod/one.yaml"
            let (status, output) = try pair.container.run(check)
            #expect(status == .exited(78) && output.contains("pair.key-file: /etc/colod/key may be used by everyone"))
        }
    }
}
