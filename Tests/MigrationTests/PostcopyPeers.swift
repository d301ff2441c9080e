import ByteCoding
import Environment
import GuestMemory
import MigrationFormat
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// What somebody made by hand gets on a channel, collected by a thread until the channel ends.
final class Collector: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var hasEnded = false
    }

    private let gate = ThreadGate(State())

    init(_ channel: Channel) throws {
        _ = try Thread(name: "collector") { [gate] in
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = buffer.withUnsafeMutableBytes { raw in
                    (try? channel.read(into: raw, deadline: .never)) ?? 0
                }
                if count == 0 { break }
                gate.withLock { $0.bytes += buffer[..<count] }
            }
            gate.withLock { $0.hasEnded = true }
        }
    }

    /// Waits until the peer has closed; false after ten seconds.
    func awaitsEnd() -> Bool {
        gate.wait(until: SystemClock().now() + .seconds(10)) { $0.hasEnded ? true : nil } ?? false
    }

    /// Waits until these bytes have come; false after ten seconds.
    func awaits(_ bytes: [UInt8]) -> Bool {
        gate.wait(until: SystemClock().now() + .seconds(10)) { state in
            state.bytes.indices.contains { state.bytes[$0...].starts(with: bytes) } ? true : nil
        } ?? false
    }

    var bytes: [UInt8] { gate.withLock(notify: false) { $0.bytes } }
}

extension WireRecord {
    /// The record's bytes alone.
    var alone: [UInt8] {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes
    }
}

/// A colod that is the source of a postcopy, with most pages still to send, and a destination made by hand.
final class PostcopyToNobody {
    static let block = "ram"
    static let size: UInt64 = 1 << 20
    /// Bytes a second with which the background takes some eight seconds.
    private static let trickle: UInt64 = 40_960

    let source: TestMachine
    private(set) var channel: Channel
    private(set) var collector: Collector
    private var peers: [RawPeer] = []

    /// `runs`: the destination says that it goes on behind the package. `word`: how often the source says that it lives;
    /// `limit`: its bandwidth behind the package.
    init(
        _ capabilities: [MigrationCapability] = [], runs: Bool = true, word: Nanoseconds? = nil, limit: UInt64? = nil
    ) throws {
        source = try TestMachine(megabytes: 1)
        if let word { source.controller.outgoingLimits.withLock { $0.word = word } }
        source.fill(seed: 7)
        try source.machine.run()
        try source.controller.setCapabilities(([.postcopyRam] + capabilities).map { .init($0, true) })
        try source.controller.updateParameters { values in
            values.maxBandwidth = Self.trickle
            values.maxPostcopyBandwidth = limit ?? Self.trickle
        }
        let peer = try RawPeer()
        peers.append(peer)
        try source.migrate(to: peer.uri)
        channel = try peer.accept()
        collector = try Collector(channel)
        try #require(source.awaits("active"), "\(source.log.lines)")
        try source.controller.migrateStartPostcopy()
        try #require(source.awaits("postcopy-active"), "\(source.log.lines)")
        // The last command that is said before pages.
        try #require(collector.awaits(StreamCommand.ping(4).alone), "no package")
        if runs { say(ReturnPathMessage.pong(4).bytes) }
    }

    /// Says something on the return path.
    func say(_ bytes: [UInt8]) {
        // A source that has refused already closes the channel under the writer.
        try? channel.write(bytes)
        try? channel.flush()
    }

    func say(_ record: ReturnPathRecord) { say(record.alone) }

    /// Another one waits for the source, which is told to go on there; it has asked for what has arrived.
    func resume() throws {
        let peer = try RawPeer()
        peers.append(peer)
        try source.controller.migrate(uri: peer.uri, resume: true).start()
        channel = try peer.accept()
        collector = try Collector(channel)
        try #require(
            collector.awaits(StreamCommand.receiveBitmap(block: Self.block).alone), "\(source.log.lines)")
    }

    static func bitmap(ofPages pages: Int = 256, isReceived: (Int) -> Bool = { _ in false }) -> [UInt8] {
        let record = ReturnPathRecord.receivedBitmap(block: block).alone
        var writer = ByteWriter()
        ReceivedBitmap(pages: pages, isReceived: isReceived).write(to: &writer)
        return record + writer.bytes
    }

    /// As it should be: all pages are sent again, and the destination has the guest.
    func recoverAndComplete() throws {
        let before = source.log.lines.filter { $0 == "postcopy-active" }.count
        try resume()
        say(Self.bitmap())
        try #require(collector.awaits(StreamCommand.postcopyResume.alone), "\(source.log.lines)")
        say(.resumeAcknowledged(1))
        try #require(source.awaits("postcopy-active", atLeast: before + 1), "\(source.log.lines)")
        try complete()
    }

    /// Waits for END of the section, and the end of the sections.
    func awaitsEndOfStream() -> Bool {
        let id = source.machine.ramSectionID
        var writer = ByteWriter()
        StreamEncoder.writeRAMClosing(id: id, to: &writer)
        StreamEncoder.writeEndOfSections(to: &writer)
        return collector.awaits(writer.bytes)
    }

    /// The rest is sent, and the destination has the guest.
    func complete() throws {
        try source.controller.updateParameters { $0.maxPostcopyBandwidth = 0 }
        try #require(awaitsEndOfStream(), "no end of the stream: \(source.log.lines)")
        say(.shut(0))
        try #require(source.awaits("completed"), "\(source.log.lines)")
    }

    /// Waits until it is paused, and returns why.
    func awaitPause(_ count: Int = 1) throws -> String {
        try #require(source.awaits("postcopy-paused", atLeast: count), "\(source.log.lines)")
        #expect(source.machine.runState == .finishMigrate, "its guest must not run here")
        let prefix = "postcopy paused: "
        try #require(source.awaits(prefix, atLeast: count))
        return source.log.lines.last { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) } ?? ""
    }

    deinit {
        source.controller.endByCommand()
        channel.shutDown()
    }
}
