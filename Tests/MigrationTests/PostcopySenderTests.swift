import Environment
import Glibc
import GuestMemory
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// Who sends which page of a postcopy, and on what channel.
struct PostcopySenderTests {
    private static func pair() throws -> (channel: Channel, peer: Channel) {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        return (
            Channel(Descriptor(owning: ends[0]), name: "here"), Channel(Descriptor(owning: ends[1]), name: "there")
        )
    }

    /// Reads `count` bytes of `channel`, which must come within ten seconds.
    private static func read(_ count: Int, from channel: Channel) throws {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBytes { raw in
            try channel.readAll(into: raw, deadline: SystemClock().now() + .seconds(10))
        }
    }

    @Test func aBackgroundThatWaitsForItsChannelKeepsNoOtherPageFromWhoAsksForIt() throws {
        let machine = try TestMachine(megabytes: 32).machine
        for block in machine.memory.blocks {
            for page in 0..<block.pageCount { block.base.storeBytes(of: 1, toByteOffset: page * 4096, as: UInt64.self) }
        }
        let unsent = try machine.memory.makePageSets()
        for set in unsent { set.insertAll() }
        let (main, background) = try Self.pair()
        let (urgent, requested) = try Self.pair()
        let sender = PostcopySender(
            of: machine, unsent: unsent, on: .init(main: main, urgent: urgent), releasesRAM: false)
        let thread = try Thread(name: "background") { try? sender.sendBackground(.max) }
        defer {
            main.shutDown()
            thread.join()
        }
        // It has begun, and comes to a stand when the kernel has no more room.
        try Self.read(1, from: background)
        try sender.sendRequested(8191..<8192, ofBlock: 0)
        try Self.read(4096, from: requested)
        #expect(!unsent[0].contains(8191) && sender.requestCount == 1)
    }

    /// A page that was taken and has not left would be missing behind the end of the stream.
    @Test func aPageIsTakenByWhoeverHasTheChannel() throws {
        let machine = try TestMachine(megabytes: 32).machine
        machine.memory.blocks[0].base.storeBytes(of: 1, toByteOffset: 8191 * 4096, as: UInt64.self)
        for page in 0..<8000 {
            machine.memory.blocks[0].base.storeBytes(of: 1, toByteOffset: page * 4096, as: UInt64.self)
        }
        let unsent = try machine.memory.makePageSets()
        unsent[0].insertAll()
        let (main, peer) = try Self.pair()
        let sender = PostcopySender(
            of: machine, unsent: unsent, on: .init(main: main, urgent: nil), releasesRAM: false)
        let background = try Thread(name: "background") { try? sender.sendBackground(.max) }
        // It has begun, and comes to a stand when the kernel has no more room.
        try Self.read(1, from: peer)
        var sent: UInt64 = 0
        while sent == 0 || sent != sender.bytesSent {
            sent = sender.bytesSent
            usleep(50_000)
        }
        let asked = try Thread(name: "asked") { try? sender.sendRequested(8191..<8192, ofBlock: 0) }
        let deadline = SystemClock().now() + .seconds(10)
        while sender.requestCount == 0, SystemClock().now() < deadline { usleep(1000) }
        usleep(50_000)
        #expect(unsent[0].contains(8191) && sender.left > 0)
        main.shutDown()
        background.join()
        asked.join()
    }
}
