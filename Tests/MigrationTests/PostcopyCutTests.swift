import Environment
import GuestMemory
import PairLab
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// Passes on what two ends of a migration send each other, up to some count of bytes in one direction. What was sent by then
/// may still be lost.
final class CuttingRelay: Sendable {
    private let listener: Listener
    private let cancellation: Cancellation
    private let target: MigrationAddress

    /// `forward`, `back`: bytes of the source and of the destination after which it breaks both connections.
    init(to uri: String, forward: Int = .max, back: Int = .max, connections: Int = 1) throws {
        cancellation = try Cancellation()
        listener = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        target = try MigrationAddress(uri)
        _ = try Thread(name: "relay") { [self] in
            for _ in 0..<connections {
                guard let source = try? listener.accept(cancellation: cancellation),
                    let destination = try? Channel.connect(to: target, cancellation: cancellation)
                else { return }
                for (from, to, limit) in [(source, destination, forward), (destination, source, back)] {
                    _ = try? Thread(name: "relay") { Self.pass(from, to, limit) }
                }
            }
        }
    }

    var uri: String { listener.address.description }

    private static func pass(_ from: Channel, _ to: Channel, _ limit: Int) {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        var left = limit
        while left > 0 {
            let count = buffer.withUnsafeMutableBytes { raw in (try? from.read(into: raw, deadline: .never)) ?? 0 }
            if count == 0 { break }
            try? to.write(Array(buffer[..<min(count, left)]))
            try? to.flush()
            left -= count
        }
        from.shutDown()
        to.shutDown()
    }

    deinit { cancellation.cancel() }
}

/// A postcopy whose channel breaks after any byte: the guest runs at one end at most, and moves on wherever it can.
@Suite(.serialized) struct PostcopyCutTests {
    /// What becomes of it where the channel broke.
    private enum End { case stayed, moved, recovered, stuck }

    private let source: TestMachine
    private let destination: TestMachine
    private let content: [UInt8]

    init() throws {
        source = try TestMachine(megabytes: 1)
        destination = try TestMachine(incoming: true, megabytes: 1)
        source.fill(seed: 3)
        content = source.ram
        for machine in [source, destination] { try machine.controller.setCapabilities([.init(.postcopyRam, true)]) }
    }

    /// The guest moves as soon as it may, the channel breaks, and the ends are joined again where both wait for that.
    private func run(forward: Int = .max, back: Int = .max, again: Int = .max) throws -> End {
        try source.machine.run()
        try source.controller.updateParameters { $0.maxBandwidth = 200_000 }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        let relay = try CuttingRelay(to: "tcp:127.0.0.1:\(destination.port)", forward: forward, back: back)
        try source.migrate(to: relay.uri)
        #expect(awaitAny(["active", "failed"], source))
        try source.controller.migrateStartPostcopy()
        #expect(awaitAny(["failed", "postcopy-paused", "completed"], source), "\(source.log.lines)")
        try check()
        var breaks = 0
        while source.controller.queryMigrate().status == .postcopyPaused, breaks < 3 {
            breaks += 1
            #expect(awaitAny(["failed", "postcopy-paused", "completed"], destination, beyond: breaks - 1))
            guard destination.controller.queryMigrate().status == .postcopyPaused else {
                try takeBack()
                return .stuck
            }
            try destination.controller.migrateRecover(uri: "tcp:127.0.0.1:0")
            let uri = "tcp:127.0.0.1:\(destination.port)"
            let relay = try CuttingRelay(to: uri, forward: breaks == 1 ? again : .max)
            try source.controller.migrate(uri: relay.uri, resume: true).start()
            #expect(awaitAny(["completed", "postcopy-paused"], source, beyond: breaks))
            try check()
        }
        switch source.controller.queryMigrate().status {
        case .failed: return .stayed
        case .completed:
            #expect(destination.awaits("completed"), "\(destination.log.lines)")
            #expect(firstDifference(destination.ram, content) == nil)
            return breaks == 0 ? .moved : .recovered
        default: return .stuck
        }
    }

    /// Waits for one of the words, of "postcopy-paused" for one more than `count`.
    private func awaitAny(_ words: [String], _ machine: TestMachine, beyond count: Int = 0) -> Bool {
        let deadline = SystemClock().now() + .seconds(20)
        while SystemClock().now() < deadline {
            for word in words {
                let needed = word == "postcopy-paused" ? count + 1 : 1
                if machine.log.wait(for: word, atLeast: needed, within: .milliseconds(5)) { return true }
            }
        }
        return false
    }

    /// The destination has failed without a word that got through, and its process is over.
    private func takeBack() throws {
        guard destination.controller.queryMigrate().status == .failed else { return }
        #expect(destination.machine.runState == .inmigrate)
        try source.controller.takeGuestBack()
        #expect(source.machine.runState == .running, "\(source.log.lines)")
        #expect(firstDifference(source.ram, content) == nil)
    }

    private func check() throws {
        let (here, there) = (source.machine.runState, destination.machine.runState)
        #expect(here != .running || there != .running, "the guest runs twice")
        if source.controller.queryMigrate().status == .postcopyPaused { #expect(here == .finishMigrate) }
    }

    @Test func withoutABreakItMoves() throws { #expect(try run() == .moved) }

    /// After so many bytes; the guest moves after some twenty thousand.
    @Test(arguments: Array(stride(from: 10, to: 60_000, by: 3_331)) + [100_000, 200_000, 300_000])
    func theStreamBreaks(after count: Int) throws {
        let end = try run(forward: count)
        // What the kernel took may have arrived, for all that the source knows.
        if count < 100 { #expect(end == .stayed || end == .stuck) }
        if count >= 100_000 { #expect(end == .recovered, "\(source.log.lines) \(destination.log.lines)") }
    }

    @Test(arguments: [1, 8, 9, 20, 32]) func theReturnPathBreaks(after count: Int) throws { _ = try run(back: count) }

    /// In the middle of the recovery, too.
    @Test(arguments: [1, 5, 9, 12, 14, 15, 16, 30, 5_000, 50_000]) func theRecoveryBreaks(after count: Int) throws {
        #expect(try run(forward: 150_000, again: count) == .recovered, "\(source.log.lines) \(destination.log.lines)")
    }
}
