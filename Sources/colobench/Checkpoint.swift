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

    func run() throws {
        try endCleanlyWhenInterrupted()
        let pair = try CheckpointPair(memorySize: Self.memoryPages * targetPageSize)
        try pair.startReplication()
        var generator = SeededGenerator(seed: seed)
        for round in 0..<rounds + Self.warmUpRounds {
            if round == Self.warmUpRounds { pair.statistics.pauses.reset() }
            pair.write(pages: dirtyPages, using: &generator)
            try pair.checkpoint()
        }
        try pair.end()
        let spread = pair.statistics.pauses.summary.map { Spread(median: $0.median, p99: $0.p99, max: $0.max) }
        let size = pair.statistics.bytesPerCheckpoint ?? 0
        guard let spread else { throw LabError("no pause was measured") }
        output.print(
            ["dirty_pages": JSONValue(dirtyPages), "pause_ms": spread.json, "bytes": JSONValue(size)],
            text: "\(dirtyPages) dirty pages: pause median \(decimal(spread.median, 2)) ms, "
                + "p99 \(decimal(spread.p99, 2)) ms, max \(decimal(spread.max, 2)) ms; \(size) bytes a checkpoint")
    }
}
