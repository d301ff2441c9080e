import ArgumentParser
import Environment
import PairLab
import QMP

/// What a postcopy is measured with.
struct PostcopyOptions: ParsableArguments {
    @Option(help: "The colod to run. Default: the one built beside this program.")
    var colod = ProtectedPair.builtProgram("colod")

    @Option(help: "MiB of RAM.")
    var size = 512

    @Option(help: "Pages that are touched in each run.")
    var touches = 2000

    @Option(help: "Decides the order of the pages.")
    var seed: UInt64 = 1

    @Option(help: "Transport: tcp, unix.")
    var transport = MigrationTransport.tcp

    @Option(help: "Rounds.")
    var rounds = 5

    @Flag(name: .customLong("without-qemu"), help: "Measure colod alone.")
    var skipQEMU = false

    func validate() throws {
        guard (16...65_536).contains(size) else { throw ValidationError("--size must be 16 to 65536") }
        let pages = (size - TouchProgram.overhead) << 8
        guard (1...min(pages, TouchProgram.limit)).contains(touches) else {
            throw ValidationError("--touches must be 1 to \(min(pages, TouchProgram.limit)) with --size \(size)")
        }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds must be 1 to 100") }
    }
}

/// How long a guest waits for a page that it misses, and how long its move takes.
struct PostcopyBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postcopy",
        abstract: "How long a guest in postcopy waits for a page, and how long its move takes.",
        discussion: """
            A riscv64 guest moves from one colod to another, both processes of this host, and then loads from or stores to \
            pages in random order; it measures each access itself, from before it begins until it is done. The same of a \
            machine `none`, whose pages are touched by a thread of this program, which is the destination then. Beside it \
            the host's own round trip: a missing page is touched (userfaultfd), asked for over a socket, sent, and placed; and, if \
            it is installed, a real QEMU (`pc` with tcg) with the same program for its guest, in two processes as well.

            The link is idle while max-postcopy-bandwidth is 1 KiB a second; for a QEMU, which holds pages that were asked \
            for to that limit as well, 32 MiB.

            A touch of less than 4 us has found its page and does not count. Each round runs every case once, in an \
            order that is turned by one from round to round; every figure is the median of the rounds. Switchover is \
            the time from the source's STOP to the guest's first store at the destination (`none`: to its RESUME).
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var options: PostcopyOptions

    private static let bareTouches = 2000

    func run() throws {
        try endCleanlyWhenInterrupted()
        let folder = try TemporaryFolder(prefix: "colod-bench")
        let cases = try makeCases(folder)
        var figures = cases.map { _ in PostcopyFigures() }
        var bare: [Spread] = []
        let modes = PostcopyMode.allCases
        for round in 0..<options.rounds {
            let times = try BareFaultRoundTrip.measure(rounds: Self.bareTouches).samples
            bare.append(Spread(times.map { $0.inMilliseconds * 1000 }))
            for turn in modes.indices {
                let mode = modes[(turn + round) % modes.count]
                for index in cases.indices { figures[index].add(try cases[index].run(mode), mode) }
            }
        }
        var members = figures[0].json(bare: bare)
        for (index, name) in cases.map(\.name).enumerated().dropFirst() {
            members[name] = .object(figures[index].json(bare: bare))
        }
        let lines = zip(cases, figures).flatMap { $1.lines($0.name) }
        output.print(
            members,
            text: (lines + ["the host's own round trip: \(PostcopyFigures.text(bare))"]).joined(separator: "\n"))
    }

    private struct Case {
        let name: String
        let run: (PostcopyMode) throws -> PostcopyRun
    }

    private func makeCases(_ folder: TemporaryFolder) throws -> [Case] {
        let memory = try PostcopyMemory(megabytes: options.size)
        let engine = try GuestPostcopy(.colod(options.colod), options, memory, in: folder)
        let none = try NonePostcopy(options, memory, in: folder)
        var cases = [Case(name: "riscv64", run: engine.run), Case(name: "none", run: none.run)]
        if QEMUPeer.isInstalled, !options.skipQEMU {
            cases.append(Case(name: "qemu", run: try GuestPostcopy(.qemu, options, memory, in: folder).run))
        }
        return cases
    }
}
