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

            With `--pages xbzrle` the figures are those of the last pass alone: the destination has all pages, the guest \
            stands before the switchover, --changed-words words of every page are written, and the time is taken from \
            the order to go on until both ends are done; downtime_ms is that time. RAM is compared afterwards, and a run \
            in which fewer than nine in ten pages went as differences is an error. A colod source is a machine in this \
            program then. For that, memory is always hot, and there is no TLS.
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

    @Option(
        parsing: .upToNextOption,
        help: "What the pages hold: random, zero, half (every other page is zero), text (of a small vocabulary).")
    var content: [PageFilling] = [.random, .zero, .half]

    @Option(parsing: .upToNextOption, help: "Transports: tcp, unix.")
    var transport: [MigrationTransport] = [.tcp, .unix]

    @Option(
        parsing: .upToNextOption,
        help: """
            How pages travel: plain, multifd-N, multifd-zlib-N, multifd-zstd-N (N channels), compress, xbzrle; with \
            +tls behind it (but for xbzrle), enciphered with a key that both ends have.
            """)
    var pages: [PageTravel] = [PageTravel.plain]

    @Option(help: "With xbzrle: words of eight bytes that change in each page.")
    var changedWords = 4

    @Option(parsing: .upToNextOption, help: "Pairs of programs, SOURCE-DESTINATION.")
    var pairs: [ProgramPair] = ProgramPair.all

    func validate() throws {
        guard (16...65_536).contains(size) else { throw ValidationError("--size must be 16 to 65536") }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds must be 1 to 100") }
        guard (1...256).contains(changedWords) else { throw ValidationError("--changed-words must be 1 to 256") }
        guard memory.contains(.hot) || !pages.contains(where: \.isDifferences) else {
            throw ValidationError("--pages xbzrle is measured with --memory hot")
        }
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
                    for travel in pages where kind == .hot || !travel.isDifferences {
                        let figures = try measure(lab, kind, way, travel)
                        let others = figures.first { !$0.0.needsColod }?.1
                        for (pair, results) in figures {
                            let summary = MigrationSummary(results, beside: pair.needsColod ? others : nil)
                            runs.append(summary.json(kind, pair, way, travel, filling))
                            lines.append(summary.line(kind, pair, way, travel, filling))
                        }
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
        _ lab: MigrationLab, _ kind: MigrationMemory, _ way: MigrationTransport, _ pages: PageTravel
    ) throws -> [(ProgramPair, [MigrationFigures])] {
        var figures: [[MigrationFigures]] = pairs.map { _ in [] }
        for round in 0..<rounds {
            for turn in pairs.indices {
                let index = (turn + round) % pairs.count
                let pair = pairs[index]
                figures[index].append(
                    pages.isDifferences
                        ? try lab.migrateChanges(pair, over: way, pages: pages, words: changedWords)
                        : try lab.migrate(pair, memory: kind, over: way, pages: pages))
            }
        }
        return Array(zip(pairs, figures))
    }
}

/// Whether the destination's memory was touched before.
enum MigrationMemory: String, ExpressibleByArgument, CaseIterable { case hot, cold }

/// How the stream travels.
enum MigrationTransport: String, ExpressibleByArgument, CaseIterable { case tcp, unix }

/// How pages travel, as `--pages` names it.
struct PageTravel: ExpressibleByArgument {
    let rawValue: String
    /// How many channels carry pages.
    let channels: Int
    /// The capability that both ends have on; nil for none.
    let capability: String?
    /// What both ends have as multifd-compression.
    let compression: String
    /// Whether it goes through TLS.
    let isEnciphered: Bool

    /// Whether what is measured is how changes travel to a destination that has the pages.
    var isDifferences: Bool { capability == "xbzrle" }

    static let plain = PageTravel(rawValue: "plain", channels: 1, capability: nil, compression: "none")

    private init(rawValue: String, channels: Int, capability: String?, compression: String) {
        (self.rawValue, self.channels) = (rawValue, channels)
        (self.capability, self.compression) = (capability, compression)
        isEnciphered = rawValue.hasSuffix(Self.tls)
    }

    private static let tls = "+tls"

    init?(argument: String) {
        let name = argument.hasSuffix(Self.tls) ? argument.dropLast(Self.tls.count) : argument[...]
        let parts = name.split(separator: "-").map(String.init)
        switch parts.first {
        case "plain" where parts.count == 1:
            self.init(rawValue: argument, channels: 1, capability: nil, compression: "none")
        case "compress" where parts.count == 1, "xbzrle" where argument == name && parts.count == 1:
            self.init(rawValue: argument, channels: 1, capability: String(name), compression: "none")
        case "multifd" where (2...3).contains(parts.count):
            let compression = parts.count == 3 ? parts[1] : "none"
            guard let count = Int(parts[parts.count - 1]), (1...255).contains(count),
                ["none", "zlib", "zstd"].contains(compression)
            else { return nil }
            self.init(rawValue: argument, channels: count, capability: "multifd", compression: compression)
        default: return nil
        }
    }

    var defaultValueDescription: String { rawValue }
}

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
    var needsColod: Bool { source == .colod || destination == .colod }
    var defaultValueDescription: String { "\(source)-\(destination)" }
}
