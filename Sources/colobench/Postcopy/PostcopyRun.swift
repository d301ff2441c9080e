import PairLab
import QMP

/// What one postcopy took.
struct PostcopyRun {
    /// Microseconds of each touch of a page that was missing.
    var misses: [Double]
    /// From the source's guest standing to the destination's running, in milliseconds.
    var switchover: Double
    /// From the command to the end, in seconds; nil if it was not waited for.
    var total: Double?

    /// A touch that took less found its page: a miss has two threads woken at least.
    private static let shortestMiss = 4.0

    /// Of the times of all touches, in microseconds.
    init(touches: [Double], switchover: Double, total: Double?) {
        misses = touches.filter { $0 >= Self.shortestMiss }
        (self.switchover, self.total) = (switchover, total)
    }
}

/// The runs of one machine, and what they say together.
struct PostcopyFigures {
    /// Latencies in microseconds of each round, by mode.
    private(set) var latencies: [PostcopyMode: [Spread]] = [:]
    private(set) var missCounts: [PostcopyMode: Int] = [:]
    private var switchovers: [Double] = []
    private var totals: [Double] = []

    mutating func add(_ run: PostcopyRun, _ mode: PostcopyMode) {
        if !run.misses.isEmpty { latencies[mode, default: []].append(Spread(run.misses)) }
        missCounts[mode, default: 0] += run.misses.count
        switchovers.append(run.switchover)
        if let total = run.total { totals.append(total) }
    }

    /// The members of this machine, with the host's own round trip, `bare`, in each round.
    func json(bare: [Spread]) -> JSONObject {
        var members: JSONObject = [
            "bare_us": Self.json(bare), "switchover_ms": .double(rounded(Spread(switchovers).median)),
            "total_s": .double(rounded(Spread(totals).median)),
        ]
        for mode in PostcopyMode.allCases { members[mode.rawValue] = Self.json(latencies[mode] ?? []) }
        return members
    }

    func lines(_ name: String) -> [String] {
        PostcopyMode.allCases.map { mode in
            "\(name), \(mode.title): \(Self.text(latencies[mode] ?? [])) (\(missCounts[mode] ?? 0) misses)"
        } + [
            "\(name): \(decimal(Spread(switchovers).median, 2)) ms from the source's stop to the destination's run, "
                + "\(decimal(Spread(totals).median, 2)) s in all"
        ]
    }

    /// "median 31.0 us, p99 80.1 us".
    static func text(_ rounds: [Spread]) -> String {
        let (median, p99) = middle(rounds)
        return "median \(decimal(median)) us, p99 \(decimal(p99)) us"
    }

    private static func json(_ rounds: [Spread]) -> JSONValue {
        let (median, p99) = middle(rounds)
        return ["median": .double(rounded(median)), "p99": .double(rounded(p99))]
    }

    /// The medians of the rounds.
    private static func middle(_ rounds: [Spread]) -> (median: Double, p99: Double) {
        (Spread(rounds.map(\.median)).median, Spread(rounds.map(\.p99)).median)
    }
}

private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

/// The RAM of both ends, in pages of 4 KiB. One run after the other has it. It was touched before, so colod's riscv64 finds it at
/// no cost; a QEMU and the machine `none`, whose missing pages the host watches, give it back first and take other memory.
struct PostcopyMemory {
    let source: RAMFile
    let destination: RAMFile

    /// Two files in memory, full of noise.
    init(megabytes: Int) throws {
        source = try RAMFile(in: "/dev/shm", name: "source", megabytes: megabytes)
        destination = try RAMFile(in: "/dev/shm", name: "destination", megabytes: megabytes)
        for file in [source, destination] { file.fill(.random) }
    }
}
