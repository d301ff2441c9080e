import Environment
import Glibc
import GuestMemory
import MigrationFormat
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// What the pages of a machine hold.
enum PageFilling: CaseIterable {
    case random, zero, half

    func fill(_ block: RAMBlock) {
        var random = SeededGenerator(seed: 3)
        for page in 0..<block.pageCount where self == .random || self == .half && page & 1 == 0 {
            for word in 0..<targetPageSize / 8 {
                block.base.storeBytes(
                    of: random.next(), toByteOffset: page * targetPageSize + word * 8, as: UInt64.self)
            }
        }
    }
}

extension Allocations {
    /// The pages that are counted.
    static let pages = 10_000
    /// Pages before the first mark: buffers come to their size.
    static let warmUp = 2048
    private static let section: UInt32 = 1

    static func machine(pages: Int, _ filling: PageFilling?) throws -> VirtualMachine {
        let machine = VirtualMachine(
            parts: try NoneMachine.parts(memorySize: pages * targetPageSize), incoming: filling == nil)
        if let filling { filling.fill(machine.memory.blocks[0]) }
        return machine
    }

    /// The two ends of a connection.
    static func channels() throws -> (Channel, Channel) {
        var pair: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        return (
            Channel(Descriptor(owning: pair[0]), name: "one"), Channel(Descriptor(owning: pair[1]), name: "other")
        )
    }

    /// A thread that reads all that comes.
    private static func drain(_ channel: Channel) throws -> Thread {
        try Thread(name: "reader") {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
            defer { buffer.deallocate() }
            while let count = try? channel.read(into: buffer), count > 0 {}
        }
    }

    /// Sends pages as a migration does: batch by batch.
    static func send(
        _ pages: Range<Int>, of machine: VirtualMachine, by sender: inout RAMSender, on channel: Channel
    ) throws(TransportError) {
        let base = machine.memory.blocks[0].base
        var start = pages.lowerBound
        while start < pages.upperBound {
            let end = min(start + 256, pages.upperBound)
            try sender.send(start..<end, ofBlock: 0, at: base, on: channel)
            try channel.flush()
            start = end
        }
    }

    @Test(arguments: PageFilling.allCases) func aPageIsSentWithout(filling: PageFilling) throws {
        let machine = try Self.machine(pages: Self.warmUp + Self.pages, filling)
        let (channel, other) = try Self.channels()
        let reader = try Self.drain(other)
        defer {
            channel.shutDown()
            reader.join()
        }
        var sender = RAMSender(layout: machine.layout)
        try Self.send(0..<Self.warmUp, of: machine, by: &sender, on: channel)
        let count = try allocationsHere {
            try Self.send(Self.warmUp..<Self.warmUp + Self.pages, of: machine, by: &sender, on: channel)
        }
        #expect(count == 0)
        #expect(sender.normalPages + sender.zeroPages == UInt64(Self.warmUp + Self.pages))
    }
}

extension Allocations {
    /// As differences from what was sent in the pass before.
    @Test func aDifferenceIsSentWithout() throws {
        let total = Self.warmUp + Self.pages
        let machine = try Self.machine(pages: total, .half)
        let (channel, other) = try Self.channels()
        let reader = try Self.drain(other)
        defer {
            channel.shutDown()
            reader.join()
        }
        let counters = XBZRLECounters(cacheSize: 1 << 26)
        var sender = RAMSender(
            layout: machine.layout,
            pages: XBZRLEPageSender(layout: machine.layout, counters: counters, before: PlainPageSender()))
        for pass in 1...2 {
            sender.beginPass()
            try Self.send(0..<total, of: machine, by: &sender, on: channel)
            #expect(counters[.misses] == (pass == 1 ? 0 : UInt64(total / 2)))
        }
        // Also of pages that were sent as zeroes it is known what the destination has.
        for page in 0..<total {
            let place = UInt64(page * targetPageSize + 16)
            _ = machine.memory.store(place, ~(machine.memory.load(place, as: UInt64.self) ?? 0))
        }
        sender.beginPass()
        try Self.send(0..<Self.warmUp, of: machine, by: &sender, on: channel)
        let before = channel.bytesSent
        let count = try allocationsHere {
            try Self.send(Self.warmUp..<total, of: machine, by: &sender, on: channel)
        }
        #expect(count == 0)
        #expect(counters[.pages] == UInt64(total) && counters[.overflows] == 0)
        // A word each, behind what names it, the page and the record's kind.
        #expect(channel.bytesSent - before == UInt64(Self.pages * (11 + 2 + 8)))
    }
}

/// Two machines in this process, one of which migrates to the other.
private struct Pair {
    let source: MigrationController
    let destination: MigrationController
    private let ended: ThreadGate<[MigrationStatus]>

    init(pages: Int, _ filling: PageFilling) throws {
        let ended = ThreadGate<[MigrationStatus]>([])
        func controller(_ filling: PageFilling?) throws -> MigrationController {
            let machine = VirtualMachine(
                parts: try NoneMachine.parts(memorySize: pages * targetPageSize), incoming: filling == nil)
            if let filling { filling.fill(machine.memory.blocks[0]) }
            return MigrationController(machine: machine, expectsIncoming: filling == nil) { event in
                guard case .status(let status) = event, status == .completed || status == .failed else { return }
                ended.withLock { $0.append(status) }
            }
        }
        self.ended = ended
        source = try controller(filling)
        destination = try controller(nil)
        for end in [source, destination] { try end.setCapabilities([MigrationCapabilityStatus(.events, true)]) }
    }

    /// Migrates, and waits until both ends say that it is complete.
    func migrate() throws {
        let path = "/tmp/colod-allocations-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try destination.migrateIncoming(uri: "unix:\(path)")
        try source.migrate(uri: "unix:\(path)").start()
        let statuses = ended.wait(until: SystemClock().now() + .seconds(60)) { $0.count == 2 ? $0 : nil }
        #expect(statuses == [.completed, .completed])
    }
}

extension Allocations {
    /// Calls of the allocator in a whole migration of so many pages.
    private static func migration(pages: Int, _ filling: PageFilling) throws -> UInt64 {
        let pair = try Pair(pages: pages, filling)
        return try allocations { try pair.migrate() }
    }

    /// Whole migrations, from the command to the last word, of which the larger one has 10,000 pages more: both ends,
    /// and the threads beside them. The largest count that a batch of 256 pages may come to is part of it.
    @Test(arguments: PageFilling.allCases) func aPageMigratesWithout(filling: PageFilling) throws {
        var lowest = Int.max
        // Others in this process take memory, too: less is what counts.
        for _ in 0..<3 {
            let few = try Self.migration(pages: Self.warmUp, filling)
            let many = try Self.migration(pages: Self.warmUp + Self.pages, filling)
            lowest = min(lowest, Int(many) - Int(few))
        }
        #expect(lowest <= Self.pages / 256 * 4, "\(lowest) calls for \(Self.pages) pages")
    }
}
