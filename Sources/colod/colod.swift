import ArgumentParser
import ColodKit
import Configuration
import Glibc
import ProgramSupport

/// The daemon's command line: a configuration file, flags that overrule it, or flags alone for experiments.
@main
struct ColodCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "colod",
        abstract: "Keeps a virtual machine alive when its host dies.",
        discussion: """
            One process runs on each of two hosts with the same file; only 'role' differs. Without a file, flags
            describe a machine for experiments, for example:

              colod --machine none --memory 128M --qmp unix:/tmp/colod.qmp
              colod --machine riscv64 --memory 256M --kernel Image --initrd initramfs.cpio \\
                    --append 'console=ttyS0' --console stdio --qmp unix:/tmp/colod.qmp

            Exit status: 0 after an orderly end, 78 for a wrong configuration, 1 for everything else, and for a host \
            that lacks what the configuration asks for.
            """,
        version: ProgramSupport.versionLine("colod"))

    static func main() async {
        Daemon.noteInheritedDescriptors()
        StandardOutput.checkAtExit()
        await main(nil)
    }

    @Option(help: "The configuration file (YAML).")
    var config: String?
    @Flag(
        name: .customLong("check-config"), help: "Only check the configuration and the files that it names, then end.")
    var checkConfig = false
    @Flag(
        name: .customLong("check-host"),
        help: """
            Only tell what this host has and lacks for postcopy, huge pages, zero copy and background snapshots, and \
            what to do about it, then end.
            """)
    var checkHost = false
    @Option(help: "primary or secondary; overrules the file.")
    var role: String?
    @Option(help: "riscv64, or none for a machine that is RAM only.")
    var machine: String?
    @Option(help: "Size of RAM, with suffix K, M or G.")
    var memory: String?
    @Option(
        name: .customLong("memory-backing"),
        help: "What keeps RAM: anonymous, memfd, file:PATH[,share=on|off], or hugetlb[:PATH] for huge pages.")
    var memoryBacking: String?
    @Option(help: "Number of vCPUs.")
    var vcpus: String?
    @Option(help: "Kernel image to boot.")
    var kernel: String?
    @Option(help: "Initial RAM disk (an uncompressed cpio archive boots fastest).")
    var initrd: String?
    @Option(help: "Kernel command line.")
    var append: String?
    @Option(help: "M-mode firmware (OpenSBI) to start instead of the engine's own SBI.")
    var firmware: String?
    @Option(help: "Where the UART ends: log, none, stdio, file:PATH or unix:PATH.")
    var console: String?
    @Option(help: "Name of the guest.")
    var name: String?
    @Option(help: "UUID of the guest.")
    var uuid: String?
    @Option(help: "Management socket, unix:PATH or tcp:HOST:PORT[,pretty=on]; may be repeated.")
    var qmp: [String] = []
    @Option(name: .customLong("state-directory"), help: "Where the term and the last role are kept.")
    var stateDirectory: String?
    @Option(help: "FILE[,readonly], once for each disk.")
    var disk: [String] = []
    @Option(help: "tap,tap=NAME[,bridge=B][,mac=M] or user[,forward=RULE][,mac=M], once for each card.")
    var net: [String] = []
    @Option(help: "Wait for a migration: 'defer' or its URI.")
    var incoming: String?
    @Flag(name: [.customShort("S"), .long], help: "Leave the guest stopped until 'cont' comes.")
    var paused = false

    func run() async throws {
        // Without a guest, nothing is asked for.
        if checkHost, config == nil, machine == nil, memoryBacking == nil { return try tellOfHost(nil) }
        let settings: ColodConfiguration
        do {
            settings = try ColodConfiguration.load(file: config, overrides: overrides, checksFiles: !checkHost)
        } catch {
            Self.complain("\(error)")
            throw ExitCode(EX_CONFIG)
        }
        if checkHost { return try tellOfHost(settings) }
        if checkConfig {
            for warning in settings.warnings { Self.complain("warning: \(warning)") }
            noteRights()
            print("\(config ?? "command line"): OK")
            return
        }
        do {
            try await Daemon.run(settings)
        } catch let error as StartFailure {
            Self.complain("colod: \(error)")
            throw ExitCode(error.isConfiguration ? EX_CONFIG : EXIT_FAILURE)
        }
    }

    private func tellOfHost(_ settings: ColodConfiguration?) throws {
        let check = HostCheck(settings)
        for line in check.lines { print(line) }
        noteRights()
        guard check.isSound else { throw ExitCode.failure }
    }

    /// What root may do is not what the service may.
    private func noteRights() {
        guard geteuid() == 0 else { return }
        let again = "runuser -u colod -- \(CommandLine.arguments.joined(separator: " "))"
        Self.complain("note: checked with the rights of root; with those of the service: \(again)")
    }

    private var overrides: CommandLineOverrides {
        var flags = CommandLineOverrides()
        (flags.role, flags.machine, flags.memory, flags.vcpus) = (role, machine, memory, vcpus)
        flags.memoryBacking = memoryBacking
        (flags.kernel, flags.initrd, flags.append, flags.firmware) = (kernel, initrd, append, firmware)
        (flags.console, flags.name, flags.uuid, flags.qmp) = (console, name, uuid, qmp)
        (flags.stateDirectory, flags.disks, flags.networks) = (stateDirectory, disk, net)
        (flags.incoming, flags.paused) = (incoming, paused)
        return flags
    }

    private static func complain(_ text: String) {
        // SAFETY: writes the bytes of a local array.
        let bytes = Array((text + "\n").utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }
}
