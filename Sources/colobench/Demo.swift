import ArgumentParser
import Glibc
import PairLab
import QAPI
import QMP

/// What `make demo` runs: the life of a pair, with its primary's death in the middle.
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A pair protects a Redis guest; its primary is killed under load; nothing is lost.")

    @OptionGroup var output: OutputOptions
    @OptionGroup var lab: LabOptions

    /// How long the clients write before and after the kill.
    private static let writingTime: Duration = .seconds(2)

    func run() throws {
        let configuration = try lab.pairConfiguration()
        try reenterInUserNamespace()
        try endCleanlyWhenInterrupted()
        let obstacle = PairNetwork.missingRights
        if let obstacle {
            say("no hosts of their own, because \(obstacle): both colods run on the loopback interface,")
            say("and the clients have to connect again after the failover. As root they don't.")
        } else {
            say("two hosts, a client and the cables between them: made of network namespaces")
        }
        let pair = try ProtectedPair(configuration, program: lab.colod, usingNamespaces: obstacle == nil)
        let result = try play(pair)
        printTable(result)
        if !result.lost.isEmpty || (pair.network != nil && !result.isClean) {
            say("FAILED: \(result.lost.count) writes lost; connections lost: \(result.load.failures)")
            throw ExitCode.failure
        }
    }

    private func play(_ pair: ProtectedPair) throws -> FailoverResult {
        say("starting the secondary on host b and the primary on host a; the primary boots Debian with Redis ...")
        try pair.start(.b)
        try pair.start(.a)
        try pair.waitForService(within: ProtectedPair.protectionDeadline)
        say("Redis answers; waiting until host b holds a complete checkpoint ...")
        try pair.waitForProtection(of: .a)
        say("the pair is protected. Six clients write to Redis, each over one connection ...")
        let load = try pair.startLoad()
        let result = try pair.killPrimaryUnderLoad(load, after: Self.writingTime) {
            say("the primary was killed with SIGKILL; the clients go on ...")
        }
        say("host b has taken over and was asked for every acknowledged write")
        return result
    }

    private func printTable(_ result: FailoverResult) {
        let status = result.before
        let pause = Spread(
            median: status.pauseMs?.median ?? 0, p99: status.pauseMs?.p99 ?? 0, max: status.pauseMs?.max ?? 0)
        let rows: [(String, String)] = [
            ("checkpoints taken", "\(status.checkpoints)"),
            ("pause, median", "\(decimal(pause.median, 2)) ms"),
            ("pause, p99", "\(decimal(pause.p99, 2)) ms"),
            ("bytes per checkpoint", "\(status.bytesPerCheckpoint ?? 0)"),
            ("from the kill to the first answer", "\(decimal(result.firstAnswer, 0)) ms"),
            ("writes acknowledged", "\(result.load.acknowledged)"),
            ("writes acknowledged and lost", "\(result.lost.count)"),
            ("connections lost", "\(result.load.failures.count)"),
        ]
        let width = rows.map(\.0.count).max() ?? 0
        let table = rows.map { "  " + $0.0 + String(repeating: " ", count: width - $0.0.count + 3) + $0.1 }
        output.print(
            [
                "checkpoints": JSONValue(status.checkpoints), "pause_ms": pause.json,
                "bytes": JSONValue(status.bytesPerCheckpoint ?? 0), "first_answer_ms": .double(result.firstAnswer),
                "acknowledged": JSONValue(result.load.acknowledged), "lost": JSONValue(result.lost.count),
                "connections_lost": JSONValue(result.load.failures.count),
            ], text: "\n" + table.joined(separator: "\n") + "\n")
    }

    private func say(_ line: String) {
        guard !output.json else { return }
        print("demo: \(line)")
        fflush(nil)
    }

    /// Without root: runs this program again as the root of a user namespace of its own, where it may make network
    /// namespaces. Returns only if this machine does not allow that.
    private func reenterInUserNamespace() throws {
        guard getuid() != 0, unsafe getenv(Self.reentered) == nil else { return }
        // A new network namespace begins with its loopback interface down.
        let loopback = "PATH=$PATH:/usr/sbin:/sbin; ip link set lo up && exec \"$@\""
        let unshare = ["unshare", "--user", "--map-root-user", "--net", "--", "sh", "-c", loopback, "sh"]
        let probe = try LabHost(sharingMachineNetworkAs: "probe").start(unshare + ["true"], log: "/dev/null")
        guard probe.waitForExit(within: .seconds(10)) == .exited(0) else { return }
        unsafe setenv(Self.reentered, "1", 1)
        // SAFETY: the strings and the array, which ends in nil, live until this program is replaced.
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe (unshare + CommandLine.arguments).map {
            unsafe strdup($0)
        }
        unsafe arguments.append(nil)
        unsafe execvp("unshare", &arguments)
        throw LabError(unsafe "unshare: \(String(cString: strerror(errno)))")
    }

    private static let reentered = "COLOD_DEMO_REENTERED"
}
