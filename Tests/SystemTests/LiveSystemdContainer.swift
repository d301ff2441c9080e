import Environment
import Glibc
import PairLab
import SystemCalls
import Testing

/// A host that boots its own systemd, with the units and programs of this tree installed on it: systemd-nspawn(1) on an
/// overlay of this machine's root. It has a network of its own with nothing but loopback.
///
/// Everything in it, mounts included, ends with the one process that was started here, because that holds the process
/// and mount namespaces: also when the tests are killed.
final class SystemdContainer {
    /// How long booting may take.
    private static let bootDeadline = Nanoseconds.seconds(60)
    /// How long one command may take.
    static let commandDeadline: Duration = .seconds(30)

    private let folder: TemporaryFolder
    private let host: LabHost
    private let process: ManagedProcess
    private let name: String
    private let leader: Int32
    private var commands = 0

    /// Boots. Throws what went wrong, with the console's text.
    init() throws {
        folder = try TemporaryFolder(prefix: "colod-container")
        host = try LabHost(sharingMachineNetworkAs: "container")
        name = String(folder.root.split(separator: "/").last ?? "colod-container").replacing(".", with: "-")
        try folder.write(Self.script(name: name, folder: folder.root), to: "boot")
        process = try host.start(
            [
                "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
                "sh", "-e", folder.path("boot"),
            ], log: folder.path("console"))
        guard let leader = Self.awaitLeader(of: process) else {
            let output = process.output
            if access(folder.path("installing"), F_OK) == 0 { throw LabError("colod cannot be installed: \(output)") }
            throw NoContainer(description: "no container boots here: \(output)")
        }
        self.leader = leader
        try waitFor("booted", within: Self.bootDeadline, "systemctl is-system-running | grep -qE 'running|degraded'")
    }

    deinit {
        process.killAndWait()
        // The groups are empty once the last process is gone, which the kernel sees to.
        let clean =
            "for try in $(seq 50); do find /sys/fs/cgroup -depth -type d -path '*/\(name)*' -exec rmdir {} + "
            + "2>/dev/null; [ -z \"$(find /sys/fs/cgroup -type d -name '\(name)')\" ] && exit 0; sleep 0.1; done"
        _ = try? host.start(["sh", "-c", clean], log: folder.path("clean")).waitForExit(within: .seconds(10))
    }

    /// What is run in the new namespaces: a control group that no other container shares, the overlay, what is installed
    /// on it, and the boot.
    private static func script(name: String, folder: String) -> String {
        let tree = SourceRoot.path
        return """
            for root in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
              if [ -f $root/cgroup.procs ]; then mkdir $root/\(name); echo $$ > $root/\(name)/cgroup.procs; fi
            done
            cd '\(folder)'
            mkdir upper work root
            mount -t overlay overlay -o "lowerdir=/,upperdir=$PWD/upper,workdir=$PWD/work" root
            touch installing
            install -t root/usr/bin '\(ProtectedPair.builtProgram("colod"))' '\(ProtectedPair.builtProgram("coloctl"))'
            install -m 644 -t root/usr/lib/systemd/system '\(tree)'/systemd/*.service '\(tree)'/systemd/*.socket
            install -D -m 644 '\(tree)/systemd/colod.sysusers' root/usr/lib/sysusers.d/colod.conf
            install -D -m 644 '\(tree)/systemd/colod.tmpfiles' root/usr/lib/tmpfiles.d/colod.conf
            systemd-sysusers --root="$PWD/root" colod.conf
            rm installing
            systemd-nspawn -q -D "$PWD/root" --register=no --keep-unit -M '\(name)' --private-network --boot \
              systemd.unit=basic.target
            """
    }

    /// The container's first process, as this machine numbers it; nil if there never is one.
    private static func awaitLeader(of process: ManagedProcess) -> Int32? {
        let end = SystemClock().now() + bootDeadline
        while SystemClock().now() < end, process.status == nil {
            var (parent, depth) = (process.identifier, 0)
            while depth < 6, let child = child(of: parent) {
                if (try? readText("/proc/\(child)/comm")) == "systemd\n" { return child }
                (parent, depth) = (child, depth + 1)
            }
            pause(.milliseconds(20))
        }
        return nil
    }

    private static func child(of parent: Int32) -> Int32? {
        let children = (try? readText("/proc/\(parent)/task/\(parent)/children")) ?? ""
        return children.split(separator: " ").first.flatMap { Int32($0) }
    }

    // MARK: What is done in it

    /// Runs a shell script as root and returns how it ended and what it printed.
    @discardableResult
    func run(_ script: String, within limit: Duration = commandDeadline) throws -> (status: ProcessEnd, output: String)
    {
        commands += 1
        let log = folder.path("command-\(commands)")
        let command = ["nsenter", "-t", "\(leader)", "-m", "-u", "-i", "-n", "-p", "--", "/bin/sh", "-c", script]
        let process = try host.start(command, log: log, environment: ["LANG": "C.UTF-8", "PAGER": "cat"])
        guard let status = process.waitForExit(within: limit) else {
            process.killAndWait()
            throw LabError("'\(script)' did not end within \(limit): \(process.output)")
        }
        return (status, process.output)
    }

    /// Runs a script that must succeed; what it printed.
    @discardableResult
    func check(_ script: String, within limit: Duration = commandDeadline) throws -> String {
        let (status, output) = try run(script, within: limit)
        guard status == .exited(0) else { throw LabError("'\(script)' ended with \(status): \(output)") }
        return output
    }

    /// Runs a script again and again until it succeeds.
    func waitFor(_ what: String, within limit: Nanoseconds, _ script: String) throws {
        let end = SystemClock().now() + limit
        var last = ""
        repeat {
            let (status, output) = try run(script)
            if status == .exited(0) { return }
            last = output
            pause(.milliseconds(100))
        } while SystemClock().now() < end
        let journal = (try? run("journalctl -o short-precise --no-hostname | tail -60").output) ?? ""
        throw LabError("not \(what) within \(limit.count / 1_000_000_000) s: \(last)\n\(journal)")
    }

    /// Writes a file that group colod may read; `text` has no line that is END.
    func write(_ text: String, to path: String) throws {
        try check(
            "mkdir -p $(dirname '\(path)') && cat > '\(path)' <<'END'\n\(text)\nEND\n"
                + "chown root:colod '\(path)' && chmod 640 '\(path)'")
    }

    /// One property of a unit, as systemctl(1) shows it.
    func property(_ name: String, of unit: String) throws -> String {
        try check("systemctl show -P \(name) \(unit)").split(separator: "\n").first.map(String.init) ?? ""
    }
}

/// Where this tree is.
enum SourceRoot {
    static let path: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/")
    }()
}

/// This machine cannot boot containers; the text says why.
struct NoContainer: Error, CustomStringConvertible {
    let description: String
}

extension SystemdContainer {
    /// A container that has booted; the test that asks is cancelled, with the reason, where none boots.
    static func boot() throws -> SystemdContainer {
        do {
            return try SystemdContainer()
        } catch let error as NoContainer {
            try Test.cancel("\(error)")
        }
    }
}

extension Missing {
    /// For tests with a live systemd. Whether one boots is only known by trying.
    static let forContainers: String? = {
        if let reason = forColod { return reason }
        guard geteuid() == 0 else { return "only root can boot a container" }
        return access("/usr/bin/systemd-nspawn", X_OK) == 0 ? nil : "systemd-container is not installed"
    }()
}

/// A test that runs with a live systemd.
func needsContainer() -> some SuiteTrait & TestTrait {
    .disabled(if: Missing.forContainers != nil, "\(Missing.forContainers ?? "")")
}
