import Environment
import Foundation
import Glibc
import GuestMemory
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration

/// A riscv64 guest that never stops writing: it counts, and with each count n writes n to page n mod 256 and to a
/// counter. So at any instruction boundary the pages tell whether one write was lost or came from another moment.
final class WritingGuest: Sendable {
    static let pages: UInt64 = 256
    static let base: UInt64 = 0x8080_0000
    private static let program: [UInt32] = [
        0x4040_0413,  //       li    s0, 0x404
        0x0154_1413,  //       slli  s0, s0, 21
        0x0000_0493,  //       li    s1, 0
        0x0014_8493,  // loop: addi  s1, s1, 1
        0x0ff4_f293,  //       andi  t0, s1, 255
        0x00c2_9293,  //       slli  t0, t0, 12
        0x0082_82b3,  //       add   t0, t0, s0
        0x0092_b423,  //       sd    s1, 8(t0)
        0x0094_3023,  //       sd    s1, 0(s0)
        0xfe9f_f06f,  //       j     loop
    ]

    let machine: VirtualMachine
    let controller: MigrationController
    let log = EventLog()

    init(incoming: Bool = false) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("colod-\(UUID()).image").path
        try Data(KernelImage.bytes(of: Self.program)).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let parts = try RISCVMachine(RISCVMachineConfiguration(memorySize: 16 << 20, kernel: path)).parts
        machine = VirtualMachine(parts: parts, incoming: incoming)
        controller = MigrationController(machine: machine, expectsIncoming: incoming) { [log] event in
            if case .status(let status) = event { log.add(status.rawValue) } else { log.add("\(event)") }
        }
        try controller.setCapabilities([MigrationCapabilityStatus(.events, true)])
    }

    deinit { machine.shutDown() }

    /// A page that does not hold what the guest wrote there last.
    struct LostWrite: Error {
        let page: UInt64
        let count: UInt64
        let written: UInt64
    }

    /// The counter, after a look at every page: each must hold what the guest wrote there last. The guest pauses.
    func checkedCount() throws -> UInt64 {
        try machine.pauseBriefly {
            let count = machine.memory.load(Self.base, as: UInt64.self) ?? 0
            for page in 0..<min(Self.pages, count) {
                let written = machine.memory.load(Self.base + page * 4096 + 8, as: UInt64.self) ?? 0
                let last = count - (count - page) % Self.pages
                // Between the two stores of one turn the page is one ahead of the counter.
                guard written == last || (written == count + 1 && written % Self.pages == page) else {
                    throw LostWrite(page: page, count: count, written: written)
                }
            }
            return count
        }
    }

    /// Lets the guest run until the counter has passed `count`.
    func awaitCount(above count: UInt64) throws {
        let clock = SystemClock()
        let end = clock.now() + .seconds(20)
        // Looked at without a pause: a guest that is paused at every look gets nowhere.
        while clock.now() < end {
            if (machine.memory.load(Self.base, as: UInt64.self) ?? 0) > count {
                _ = try checkedCount()
                return
            }
            sched_yield()
        }
        Issue.record("the guest does not count past \(count)")
    }

    var port: UInt16 {
        guard case .inet(let address)? = controller.queryMigrate().socketAddress?.first?.variant else { return 0 }
        return UInt16(address.port) ?? 0
    }
}

struct LiveGuestTests {
    @Test(arguments: [UInt64(20 << 20), 0], PageEncodingTests.Way.allCases)
    func aGuestThatWritesAllTheTimeMovesWithoutLosingAWrite(bandwidth: UInt64, way: PageEncodingTests.Way) throws {
        let source = try WritingGuest()
        let destination = try WritingGuest(incoming: true)
        try source.machine.run()
        try source.awaitCount(above: 1000)
        for guest in [source, destination] {
            try guest.controller.setCapabilities(way.capabilities.map { .init($0, true) })
            try guest.controller.updateParameters { $0.multifdCompression = way.compression }
        }
        try source.controller.updateParameters { parameters in
            parameters.maxBandwidth = bandwidth
            parameters.downtimeLimit = 200
        }
        // What arrived is looked at before the guest runs on and writes every page anew.
        try destination.machine.stopByCommand()
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.controller.migrate(uri: "tcp:127.0.0.1:\(destination.port)").start()
        #expect(source.log.wait(for: "completed"), "\(source.log.lines)")
        #expect(destination.log.wait(for: "completed"), "\(destination.log.lines)")
        let left = try source.checkedCount()
        #expect(try source.checkedCount() == left, "the source stands")
        #expect(try destination.checkedCount() == left)
        try destination.machine.continueByCommand()
        try destination.awaitCount(above: left + 1000)
    }

    @Test func everyCheckpointOfARunningGuestIsWholeAndCanBeResumed() throws {
        let source = try WritingGuest()
        let destination = try WritingGuest(incoming: true)
        let failures = EventLog()
        let counts = Mutex<[UInt64]>([])
        let primary = SequentialPrimary(rounds: 20) {
            do { try source.awaitCount(above: try source.checkedCount() + 100) } catch { failures.add("\(error)") }
        }
        let secondary = SequentialSecondary {
            do {
                let count = try destination.checkedCount()
                counts.withLock { $0.append(count) }
            } catch {
                failures.add("\(error)")
            }
        }
        source.controller.setCOLOHandler(primary)
        destination.controller.setCOLOHandler(secondary)
        try source.machine.run()
        try source.awaitCount(above: 1000)
        try source.controller.setCapabilities([MigrationCapabilityStatus(.xColo, true)])
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.controller.migrate(uri: "tcp:127.0.0.1:\(destination.port)").start()
        #expect(secondary.awaitCheckpoints(20), "\(destination.log.lines)")
        #expect(primary.awaitRounds())
        #expect(primary.error == nil)
        #expect(failures.lines.isEmpty)
        let seen = counts.withLock { $0 }
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 + 100 < $1 }, "each is of a later moment: \(seen)")
        let held = try destination.checkedCount()
        #expect(try source.checkedCount() >= held)
        primary.leave()
        #expect(secondary.awaitEnd() != nil)
        try destination.machine.halt(to: .colo)
        try destination.machine.run()
        try destination.awaitCount(above: held + 1000)
    }
}
