import ArgumentParser
import Diagnostics
import Environment
import GuestMemory
import Migration
import PairLab
import QAPI
import QMP
import Replication
import SystemCalls
import VirtualMachine

/// How long the guest stands still for a checkpoint of so many dirty pages.
///
/// Two `none` machines in this process, connected by a Unix socket, do all that a pair does: synchronisation, the COLO
/// handshake, then one checkpoint a round, each with that many pages written at random places since the last.
struct Checkpoint: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pause and size of a checkpoint for a number of dirty pages.")

    @OptionGroup var output: OutputOptions

    @Option(help: "Pages of 4 KiB written between two checkpoints.")
    var dirtyPages = 4096

    @Option(help: "How many checkpoints to measure.")
    var rounds = 50

    @Option(help: "Decides which pages are written.")
    var seed: UInt64 = 1

    @Flag(help: "Measure a pair whose channel is encrypted beside one whose channel is not, in turns.")
    var encryption = false

    /// The machines' RAM, in pages: 256 MiB.
    private static let memoryPages = 65536
    /// Checkpoints before the measured ones, in which buffers find their size.
    private static let warmUpRounds = 3

    func validate() throws {
        guard (1...Self.memoryPages).contains(dirtyPages) else {
            throw ValidationError("--dirty-pages must be 1 to \(Self.memoryPages)")
        }
        guard (1...100_000).contains(rounds) else { throw ValidationError("--rounds must be 1 to 100000") }
    }

    /// What was measured of one pair.
    private struct Figures {
        let pause: Spread
        let whole: Spread
        let size: UInt64

        var json: JSONObject { ["pause_ms": pause.json, "checkpoint_ms": whole.json, "bytes": JSONValue(size)] }

        var text: String {
            "pause median \(decimal(pause.median, 2)) ms, p99 \(decimal(pause.p99, 2)) ms, max \(decimal(pause.max, 2)) ms; "
                + "complete after \(decimal(whole.median, 2)) ms, p99 \(decimal(whole.p99, 2)) ms; \(size) bytes a checkpoint"
        }
    }

    func run() throws {
        try endCleanlyWhenInterrupted()
        let figures = try measure(encryption ? [false, true] : [false])
        var json: JSONObject = ["dirty_pages": JSONValue(dirtyPages)]
        for member in figures[0].json.members { json[member.key] = member.value }
        var text = "\(dirtyPages) dirty pages: \(figures[0].text)"
        if encryption {
            let ratio = figures[1].whole.median / figures[0].whole.median
            json["encrypted"] = .object(figures[1].json)
            json["encrypted_ratio"] = .double((ratio * 1000).rounded() / 1000)
            text += "\nencrypted: \(figures[1].text)\nencrypted takes \(decimal(ratio, 2)) times as long"
        }
        output.print(json, text: text)
    }

    /// One pair for each channel, encrypted or not; they take turns.
    private func measure(_ channels: [Bool]) throws -> [Figures] {
        let pairs = try channels.map {
            try CheckpointPair(memorySize: Self.memoryPages * targetPageSize, encrypts: $0)
        }
        for pair in pairs { try pair.startReplication() }
        var generator = SeededGenerator(seed: seed)
        var times = pairs.map { _ in [Double]() }
        for round in 0..<rounds + Self.warmUpRounds {
            for (index, pair) in pairs.enumerated() {
                if round == Self.warmUpRounds { pair.statistics.pauses.reset() }
                pair.write(pages: dirtyPages, using: &generator)
                let time = try pair.checkpoint()
                if round >= Self.warmUpRounds { times[index].append(time.inMilliseconds) }
            }
        }
        for pair in pairs { try pair.end() }
        return try zip(pairs, times).map { pair, times in
            let pause = pair.statistics.pauses.summary.map { Spread(median: $0.median, p99: $0.p99, max: $0.max) }
            guard let pause else { throw LabError("no pause was measured") }
            return Figures(pause: pause, whole: Spread(times), size: pair.statistics.bytesPerCheckpoint ?? 0)
        }
    }
}
