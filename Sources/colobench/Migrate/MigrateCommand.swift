import ArgumentParser
import Environment
import PairLab
import QMP
import SystemCalls

/// How fast RAM moves: colod and real QEMU at either end, side by side in one run, and a raw socket copy of the same
/// bytes beside them.
///
/// Memory decides these figures. *Hot* runs have the RAM of both ends on files that were touched beforehand and stay;
/// *cold* ones have a destination with fresh memory, and the bare first touch of as much memory is measured with them.
/// The pairs take turns within each round, and every figure is the median of the rounds.
struct MigrateBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "GiB per second, CPU time and downtime of migrations, beside QEMU's.",
        discussion: """
            Machines without vCPUs (`none`) migrate over loopback. Each round runs every pair of programs once, in an \
            order that is turned by one from round to round.
            """)

    @OptionGroup var output: OutputOptions

    @Option(help: "The colod to run. Default: the one built beside this program.")
    var colod = ProtectedPair.builtProgram("colod")

    @Option(help: "MiB of RAM.")
    var size = 1024

    @Option(help: "Rounds of each case.")
    var rounds = 5

    @Option(parsing: .upToNextOption, help: "Memory of the destination: hot, cold.")
    var memory: [MigrationMemory] = [.hot, .cold]

    @Option(parsing: .upToNextOption, help: "What the pages hold: random, zero, half (every other page is zero).")
    var content: [PageFilling] = [.random, .zero, .half]

    @Option(parsing: .upToNextOption, help: "Transports: tcp, unix.")
    var transport: [MigrationTransport] = [.tcp, .unix]

    @Option(parsing: .upToNextOption, help: "Pairs of programs, SOURCE-DESTINATION.")
    var pairs: [ProgramPair] = ProgramPair.all

    func validate() throws {
        guard (16...65_536).contains(size) else { throw ValidationError("--size must be 16 to 65536") }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds must be 1 to 100") }
    }

    func run() throws {
        try endCleanlyWhenInterrupted()
        if pairs.contains(where: \.needsQEMU), !QEMUPeer.isInstalled {
            throw LabError("there is no \(QEMUPeer.path) to compare with")
        }
        let folder = try TemporaryFolder(prefix: "colod-bench")
        let room = try RAMFolder(megabytes: 2 * size)
        var runs: [JSONValue] = []
        var lines: [String] = []
        for filling in content {
            let lab = try MigrationLab(
                folder: folder, memory: room, colod: colod, megabytes: size, filling: filling)
            for kind in memory {
                for way in transport {
                    let figures = try measure(lab, kind, way)
                    for (pair, results) in figures {
                        let summary = MigrationSummary(results)
                        runs.append(summary.json(kind, pair, way, filling))
                        lines.append(summary.line(kind, pair, way, filling))
                    }
                }
            }
        }
        let ground = try Ground(megabytes: size, folder: room, rounds: rounds)
        lines += ground.lines
        var members: JSONObject = [
            "runs": .array(runs), "size_mib": JSONValue(size), "hot_memory": .string(room.isHuge ? "hugetlbfs" : "shm"),
        ]
        ground.add(to: &members)
        output.print(members, text: lines.joined(separator: "\n"))
    }

    /// The rounds of all pairs over one transport.
    private func measure(
        _ lab: MigrationLab, _ kind: MigrationMemory, _ way: MigrationTransport
    ) throws -> [(ProgramPair, [MigrationFigures])] {
        var figures: [[MigrationFigures]] = pairs.map { _ in [] }
        for round in 0..<rounds {
            for turn in pairs.indices {
                let index = (turn + round) % pairs.count
                figures[index].append(try lab.migrate(pairs[index], memory: kind, over: way))
            }
        }
        return Array(zip(pairs, figures))
    }
}

/// Whether the destination's memory was touched before.
enum MigrationMemory: String, ExpressibleByArgument, CaseIterable { case hot, cold }

/// How the stream travels.
enum MigrationTransport: String, ExpressibleByArgument, CaseIterable { case tcp, unix }

/// The programs at the two ends.
struct ProgramPair: ExpressibleByArgument {
    enum Program: String { case colod, qemu }
    let source: Program
    let destination: Program

    static let all = ["colod-colod", "colod-qemu", "qemu-colod", "qemu-qemu"].compactMap(ProgramPair.init(argument:))

    init?(argument: String) {
        let parts = argument.split(separator: "-").map(String.init)
        guard parts.count == 2, let source = Program(rawValue: parts[0]), let destination = Program(rawValue: parts[1])
        else { return nil }
        self.source = source
        self.destination = destination
    }

    var needsQEMU: Bool { source == .qemu || destination == .qemu }
    var defaultValueDescription: String { "\(source)-\(destination)" }
}
