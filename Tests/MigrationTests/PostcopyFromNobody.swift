import ByteCoding
import Environment
import GuestMemory
import MigrationFormat
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// A colod that is the destination of a postcopy, and a source made by hand. Its block has 256 pages.
final class PostcopyFromNobody {
    static let section: UInt32 = 2
    static let block = "ram"
    static let pages = 256

    let destination: TestMachine
    private(set) var channel: Channel?
    private(set) var collector: Collector?

    init(_ capabilities: [MigrationCapability] = [], stall: Nanoseconds = .seconds(5)) throws {
        destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.controller.setCapabilities(([.postcopyRam] + capabilities).map { .init($0, true) })
        destination.controller.incomingLimits.withLock {
            $0 = IncomingLimits(stall: stall, dataChannels: .milliseconds(500))
        }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
    }

    /// Connects and sends.
    @discardableResult
    func connect(_ bytes: [UInt8]) throws -> Channel {
        let channel = try RawPeer.connect(port: destination.port, sending: bytes)
        self.channel = channel
        collector = try Collector(channel)
        return channel
    }

    func send(_ bytes: [UInt8]) {
        // A destination that has refused already closes the channel under the writer.
        try? channel?.write(bytes)
        try? channel?.flush()
    }

    // MARK: The stream

    private static func bytes(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter(capacity: 1 << 16)
        body(&writer)
        return writer.bytes
    }

    /// Up to the list of blocks; `advice`: nil says nothing of postcopy.
    func beginning(_ advice: [StreamCommand] = [.postcopyAdvise(.init(pageSizes: 4096, targetPageSize: 4096))])
        -> [UInt8]
    {
        let machine = destination.machine
        return Self.bytes { writer in
            StreamEncoder.writeFileHeader(machineType: machine.parts.machineType, to: &writer)
            StreamCommand.openReturnPath.write(to: &writer)
            StreamCommand.ping(1).write(to: &writer)
            for command in advice { command.write(to: &writer) }
            StreamEncoder.writeRAMStart(id: Self.section, layout: machine.layout, to: &writer)
        }
    }

    /// A part of the section of RAM with these pages, each of which holds the byte given.
    static func part(_ pages: [(page: Int, byte: UInt8)], _ type: RecordType = .sectionPart) -> [UInt8] {
        bytes { writer in
            StreamEncoder.writeRAMOpening(type, id: section, to: &writer)
            for (page, byte) in pages { writer.write(record(page, byte)) }
            StreamEncoder.writeRAMClosing(id: section, to: &writer)
        }
    }

    /// The record of one page.
    static func record(_ page: Int, _ byte: UInt8) -> [UInt8] {
        RAMRecord(.page, offset: UInt64(page) * 4096, block: block).alone + [UInt8](repeating: byte, count: 4096)
    }

    static func discard(_ pages: Range<Int>, of block: String = PostcopyFromNobody.block) -> [UInt8] {
        let range = StreamCommand.ByteRange(
            start: UInt64(pages.lowerBound) * 4096, length: UInt64(pages.count) * 4096)
        return StreamCommand.postcopyDiscard(block: block, ranges: [range]).alone
    }

    static let content =
        StreamCommand.postcopyListen.alone + StreamCommand.ping(3).alone + StreamCommand.postcopyRun.alone

    /// PACKAGED with that content; `count`: another length than it has.
    static func package(_ content: [UInt8] = content, count: Int? = nil) -> [UInt8] {
        StreamCommand.packaged(UInt32(count ?? content.count)).alone + content
    }

    static let end = part([], .sectionEnd) + [RecordType.endOfFile.rawValue]

    /// The guest moves, and misses `pages`; those below hold 1.
    func moveGuest(missing pages: Range<Int> = 128..<256) throws {
        try connect(
            beginning() + Self.part((0..<Self.pages).map { ($0, 1) }) + Self.discard(pages) + Self.package())
        try #require(destination.awaits("postcopy-active"), "\(destination.log.lines)")
        try #require(destination.awaits("resume"), "\(destination.log.lines)")
    }

    // MARK: What becomes of it

    /// Waits until it is paused, and returns why.
    func awaitPause(_ count: Int = 1) throws -> String {
        try #require(destination.awaits("postcopy-paused", atLeast: count), "\(destination.log.lines)")
        #expect(destination.machine.runState == .running, "its guest runs nowhere else")
        let prefix = "postcopy paused: "
        try #require(destination.awaits(prefix, atLeast: count))
        return destination.log.lines.last { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) } ?? ""
    }

    /// Waits for somebody at an address, who is `connect`ed next.
    func listenAgain() throws { try destination.controller.migrateRecover(uri: "tcp:127.0.0.1:0") }

    /// A source comes back, as it should.
    func recover() throws {
        let before = destination.log.lines.filter { $0 == "postcopy-active" }.count
        try listenAgain()
        try connect(StreamCommand.receiveBitmap(block: Self.block).alone + StreamCommand.postcopyResume.alone)
        try #require(destination.awaits("postcopy-active", atLeast: before + 1), "\(destination.log.lines)")
        try #require(collector?.awaits(ReturnPathRecord.resumeAcknowledged(1).alone) == true)
    }

    /// Those pages, each holding 2, are all that was missing.
    func complete(with pages: Range<Int> = 128..<256) throws {
        send(Self.part(pages.map { ($0, 2) }) + Self.end)
        try #require(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(collector?.awaits(ReturnPathRecord.shut(0).alone) == true)
    }

    deinit {
        channel?.shutDown()
        destination.controller.cancelChannel()
    }
}
