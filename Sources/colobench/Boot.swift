import ArgumentParser
import Environment
import Glibc
import PairLab
import QAPI
import QMP
import SystemCalls

/// Boots the guest in a colod of its own, without a pair, until its Redis answers.
struct Boot: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time and instructions from the start of colod to the guest's first Redis PONG.")

    @OptionGroup var output: OutputOptions
    @OptionGroup var lab: LabOptions

    @Option(help: "Guest memory.")
    var memory = "256M"

    @Option(help: "Number of harts.")
    var vcpus = 1

    @Option(help: "M-mode firmware to start instead of the engine's own SBI, for instance the guest's fw_dynamic.bin.")
    var firmware: String?

    /// How long a guest may take.
    private static let deadline: Duration = .seconds(120)

    func run() throws {
        try endCleanlyWhenInterrupted()
        _ = try lab.pairConfiguration()
        let folder = try TemporaryFolder(prefix: "colod-boot")
        let host = try LabHost(sharingMachineNetworkAs: "boot")
        let port = try freeLoopbackPorts(1)[0]
        let words = try readText("\(lab.guest)/cmdline")
        let clock = SystemClock()
        let start = clock.now()
        let process = try host.start(
            [
                lab.colod, "--machine", "riscv64", "--memory", memory, "--vcpus", "\(vcpus)", "--kernel",
                "\(lab.guest)/Image", "--initrd", "\(lab.guest)/initramfs.cpio", "--append",
                "\(words) ip4=10.0.2.15/24 gw=10.0.2.2", "--net",
                "user,forward=tcp:127.0.0.1:\(port)-10.0.2.15:6379", "--qmp", "unix:\(folder.path("qmp"))",
            ] + (firmware.map { ["--firmware", $0] } ?? []), log: folder.path("log"))
        try waitForPong(port, from: host, process, until: start + .seconds(UInt64(Self.deadline.components.seconds)))
        let seconds = (clock.now() - start).inMilliseconds / 1000
        let instructions = try QMPClient(path: folder.path("qmp")).status().retiredInstructions ?? 0
        process.killAndWait()
        output.print(
            ["seconds": .double((seconds * 1000).rounded() / 1000), "instructions": JSONValue(instructions)],
            text: "first PONG after \(decimal(seconds, 2)) s and \(instructions / 1_000_000) million instructions")
    }

    private func waitForPong(
        _ port: UInt16, from host: LabHost, _ process: ManagedProcess, until deadline: Nanoseconds
    ) throws {
        while SystemClock().now() < deadline {
            if let status = process.status { throw LabError("colod ended: \(status)\n\(process.output)") }
            if let client = try? RedisClient("127.0.0.1", port: port, from: host, within: .seconds(1)),
                (try? client.call("PING", within: .seconds(1))) == .status("PONG")
            {
                return
            }
            // Nothing tells when a port opens that another machine listens on.
            pause(.milliseconds(5))
        }
        throw LabError("no PONG within \(Self.deadline)\n\(process.output)")
    }
}
