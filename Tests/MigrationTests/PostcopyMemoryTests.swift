import GuestMemory
import PairLab
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration

/// Postcopy of RAM in several blocks, one of them on huge pages, whose 512 target pages come together or not at all.
@Suite(.serialized, .enabled(if: HugePages.canBeHad, "this host lets nobody here set huge pages aside"))
struct PostcopyMemoryTests {
    private static let hugeSize = 8 << 20
    private static let plainSize = 2 << 20
    private static let plainAddress: UInt64 = 1 << 30

    private static func memory() throws -> GuestMemory {
        GuestMemory(blocks: [
            try RAMBlock(name: "huge", guestAddress: 0, size: hugeSize, backing: .hugePages(path: nil)),
            try RAMBlock(name: "plain", guestAddress: plainAddress, size: plainSize),
        ])
    }

    private static func bytes(_ machine: TestMachine) -> [[UInt8]] {
        [(UInt64(0), hugeSize), (plainAddress, plainSize)].map { machine.machine.memory.read($0.0, count: $0.1) ?? [] }
    }

    @Test(arguments: [
        [MigrationCapability.postcopyRam], [.postcopyRam, .postcopyPreempt], [.postcopyRam, .releaseRam],
    ])
    func everyBlockFollows(capabilities: [MigrationCapability]) throws {
        let pages = try #require(HugePages(8), "the host gives no huge pages now")
        defer { withExtendedLifetime(pages) {} }
        let source = try TestMachine(memory: try Self.memory())
        let destination = try TestMachine(incoming: true, memory: try Self.memory())
        source.fill(seed: 21)
        let content = Self.bytes(source)
        try source.machine.run()
        for machine in [source, destination] {
            try machine.controller.setCapabilities(capabilities.map { .init($0, true) })
        }
        try source.controller.updateParameters { values in
            values.maxBandwidth = 2 << 20
            values.maxPostcopyBandwidth = 4 << 20
        }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        try #require(source.awaits("active"), "\(source.log.lines)")
        try source.controller.migrateStartPostcopy()
        try #require(destination.awaits("resume"), "\(destination.log.lines)")
        // The last page of each block, long before the background is there.
        let places = [Self.hugeSize - targetPageSize, Int(Self.plainAddress) + Self.plainSize - targetPageSize]
        for (index, place) in places.enumerated() {
            let seen = try GuestLook(atPage: place / targetPageSize, of: destination).bytes()
            #expect(seen == Array(content[index].suffix(targetPageSize)))
        }
        if !capabilities.contains(.releaseRam) { try cut(source, destination) }
        try source.controller.updateParameters { $0.maxPostcopyBandwidth = 0 }
        try #require(source.awaits("completed"), "\(source.log.lines)")
        try #require(destination.awaits("completed"), "\(destination.log.lines)")
        for (found, wanted) in zip(Self.bytes(destination), content) {
            #expect(firstDifference(found, wanted) == nil)
        }
        if capabilities.contains(.releaseRam) {
            #expect(Self.bytes(source).allSatisfy { $0.count { $0 != 0 } < $0.count / 4 }, "the source keeps its RAM")
        }
    }

    private func cut(_ source: TestMachine, _ destination: TestMachine) throws {
        try destination.controller.migratePause()
        for machine in [source, destination] {
            try #require(machine.awaits("postcopy-paused"), "\(machine.log.lines)")
        }
        try destination.controller.migrateRecover(uri: "tcp:127.0.0.1:0")
        try source.controller.migrate(uri: "tcp:127.0.0.1:\(destination.port)", resume: true).start()
        for machine in [source, destination] {
            try #require(machine.awaits("postcopy-active", atLeast: 2), "\(machine.log.lines)")
        }
    }
}
