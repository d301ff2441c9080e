import Environment
import Glibc
import GuestMemory
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration
@testable import Transport

/// Snapshots of a riscv64 guest that never stops writing.
@Suite(.serialized) struct LiveGuestSnapshotTests {
    /// A guest that runs, and the counter that it had each time that it was stopped.
    private final class Subject: Sendable {
        let guest: WritingGuest
        let instants = Mutex<[UInt64]>([])

        init(bandwidth: UInt64 = 0) throws {
            guest = try WritingGuest()
            guest.machine.setEventHandler { [weak self] event in
                guard let self, event == .stop else { return }
                // The guest stands.
                let count = guest.machine.memory.load(WritingGuest.base, as: UInt64.self) ?? 0
                instants.withLock { $0.append(count) }
            }
            try guest.controller.setCapabilities([MigrationCapabilityStatus(.backgroundSnapshot, true)])
            try guest.controller.updateParameters { $0.maxBandwidth = bandwidth }
            try guest.machine.run()
            try guest.awaitCount(above: 1000)
        }

        /// Whether the guest is not held up.
        func goesOn() throws { try guest.awaitCount(above: try guest.checkedCount() + 10_000) }
    }

    @Test func aFileHasTheGuestOfTheInstantAtWhichItBegan() throws {
        let subject = try Subject(bandwidth: 1 << 20)
        let folder = try TemporaryFolder()
        for round in 1...2 {
            let file = folder.path("snapshot \(round)")
            try subject.guest.controller.migrate(uri: "exec:cat > '\(file)'").start()
            #expect(subject.guest.log.wait(for: "active", atLeast: round))
            try subject.goesOn()
            #expect(subject.guest.controller.queryMigrate().status == .active)
            #expect(subject.guest.log.wait(for: "completed", atLeast: round), "\(subject.guest.log.lines)")
            let copy = try WritingGuest(incoming: true)
            try copy.machine.stopByCommand()
            try copy.controller.migrateIncoming(uri: "exec:cat '\(file)'")
            #expect(copy.log.wait(for: "completed"), "\(copy.log.lines)")
            let instant = subject.instants.withLock { $0.last ?? 0 }
            #expect(try copy.checkedCount() == instant)
            try copy.machine.continueByCommand()
            try copy.awaitCount(above: instant + 1000)
            try subject.goesOn()
        }
        #expect(subject.instants.withLock { $0.count } == 2)
    }

    /// What ends a snapshot before its time.
    enum Trouble { case cancel, yank, peerResets, quit, stall }

    @Test(arguments: [Trouble.cancel, .yank, .peerResets, .quit])
    func theGuestRunsOnWhateverBecomesOfTheStream(trouble: Trouble) throws {
        let subject = try Subject()
        let guest = subject.guest
        let peer = try RawPeer()
        // Of a size that no socket holds.
        guest.machine.memory.payload(0x8000_0000, count: 16 << 20, writing: false)?.withMemoryRebound(to: UInt8.self) {
            for index in stride(from: 12 << 20, to: $0.count, by: 4096) { $0[index] = 1 }
        }
        try guest.controller.migrate(uri: peer.uri).start()
        var connections = [try peer.accept()]
        defer { withExtendedLifetime(connections) {} }
        #expect(guest.log.wait(for: "active"))
        try subject.goesOn()
        switch trouble {
        case .cancel: guest.controller.migrateCancel()
        case .yank: guest.controller.yank()
        case .peerResets: connections.removeAll()
        case .quit: guest.controller.endByCommand()
        case .stall: break
        }
        try #require(guest.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(guest.machine.runState == .running)
        try subject.goesOn()
        try guest.machine.stopByCommand()
        try guest.machine.continueByCommand()
        try subject.goesOn()
    }

    /// With room for fewer pages than it writes the guest stands and waits; all that operators do works all the same.
    @Test func aGuestThatFindsNoRoomObeysEveryCommand() throws {
        let subject = try Subject()
        let guest = subject.guest
        let memory = guest.machine.memory
        let snapshot = try MemorySnapshot(
            of: memory, leavingOutShared: false, barrier: MarkBarrier(memory), poolLimit: 16 * targetPageSize)
        try guest.machine.begin(snapshot, within: .seconds(5)) {}
        let instant = subject.instants.withLock { $0.last ?? 0 }
        let pause = ThreadGate(())
        func stands() -> Bool {
            let count = memory.load(WritingGuest.base, as: UInt64.self) ?? 0
            _ = pause.wait(until: SystemClock().now() + .milliseconds(50)) { _ -> Bool? in nil }
            return memory.load(WritingGuest.base, as: UInt64.self) == count
        }
        let end = SystemClock().now() + .seconds(10)
        while !stands() { try #require(SystemClock().now() < end, "it waits for room") }
        let begin = SystemClock().now()
        for _ in 0..<10 {
            try guest.machine.stopByCommand()
            #expect(guest.machine.runState == .paused)
            try guest.machine.continueByCommand()
            _ = try guest.checkedCount()
        }
        #expect(SystemClock().now() - begin < .seconds(4), "no command waits for room")
        // What it is asked for is what it was at the instant.
        let copies = snapshot.take(atMost: 8192)
        let first = try #require(copies.first { UInt64($0.page) * 4096 == WritingGuest.base - 0x8000_0000 })
        #expect(snapshot.bytes(of: first).load(as: UInt64.self) == instant)
        snapshot.giveBack(copies)
        try subject.goesOn()
        try guest.machine.resetByCommand()
        guest.machine.endSnapshot(snapshot)
        try guest.awaitCount(above: 1000)
    }

    @Test(arguments: [false, true])
    func aMachineThatEndsDoesNotWaitForRoom(retiring: Bool) throws {
        let subject = try Subject()
        let guest = subject.guest
        let memory = guest.machine.memory
        let snapshot = try MemorySnapshot(
            of: memory, leavingOutShared: false, barrier: MarkBarrier(memory), poolLimit: 4 * targetPageSize)
        try guest.machine.begin(snapshot, within: .seconds(5)) {}
        let begin = SystemClock().now()
        if retiring { guest.machine.retire() }
        guest.machine.shutDown()
        #expect(SystemClock().now() - begin < .seconds(4))
        guest.machine.endSnapshot(snapshot)
    }

    /// What an operator may do while the guest waits for a channel that takes nothing.
    @Test(arguments: [Trouble.cancel, .yank, .quit, .stall])
    func aGuestThatWaitsForTheChannelObeysAndIsLetGo(trouble: Trouble) throws {
        let subject = try Subject()
        let guest = subject.guest
        let memory = guest.machine.memory
        guest.controller.snapshotRoom.withLock { $0 = 2 * targetPageSize }
        // In front of the pages that the guest writes, and more than a pipe holds.
        for page in UInt64(600)..<2000 { memory.store(0x8000_0000 + page * 4096, page) }
        let pending = try guest.controller.migrate(uri: "exec:exec sleep 100")
        if trouble == .stall {
            guest.controller.withState { $0.outgoing }?.control.channels.deadlines.stall = .seconds(3)
        }
        pending.start()
        #expect(guest.log.wait(for: "active"))
        let pause = ThreadGate(())
        var counts: [UInt64] = []
        let end = SystemClock().now() + .seconds(10)
        while SystemClock().now() < end {
            counts.append(memory.load(WritingGuest.base, as: UInt64.self) ?? 0)
            if counts.count > 2, counts.suffix(3).allSatisfy({ $0 == counts.last }) { break }
            _ = pause.wait(until: SystemClock().now() + .milliseconds(100)) { _ -> Bool? in nil }
        }
        try #require(SystemClock().now() < end, "it waits for room: \(counts)")
        let begin = SystemClock().now()
        #expect(guest.controller.queryMigrate().status == .active)
        try guest.machine.stopByCommand()
        try guest.machine.continueByCommand()
        _ = try guest.checkedCount()
        switch trouble {
        case .cancel: guest.controller.migrateCancel()
        case .yank: guest.controller.yank()
        case .stall: #expect(guest.log.wait(for: "failed"), "\(guest.log.lines)")
        default: guest.controller.endByCommand()
        }
        try #require(guest.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(SystemClock().now() - begin < .seconds(4))
        try subject.goesOn()
    }

    /// A device's write is kept from the image as a vCPU's is.
    @Test func whatADeviceWritesIsNotInTheImage() throws {
        let subject = try Subject(bandwidth: 1 << 20)
        let guest = subject.guest
        let address: UInt64 = 0x8000_0000 + 12 << 20
        guest.machine.memory.store(address, UInt64(1))
        let folder = try TemporaryFolder()
        try guest.controller.migrate(uri: "exec:cat > '\(folder.path("snapshot"))'").start()
        #expect(guest.log.wait(for: "active"))
        let end = SystemClock().now() + .seconds(10)
        while subject.instants.withLock({ $0.isEmpty }) {
            try #require(SystemClock().now() < end, "it was not stopped")
            sched_yield()
        }
        try subject.goesOn()
        guest.machine.memory.store(address, UInt64(2))
        #expect(guest.log.wait(for: "completed"))
        let copy = try WritingGuest(incoming: true)
        try copy.controller.migrateIncoming(uri: "exec:cat '\(folder.path("snapshot"))'")
        #expect(copy.log.wait(for: "completed"), "\(copy.log.lines)")
        #expect(copy.machine.memory.load(address, as: UInt64.self) == 1)
        #expect(guest.machine.memory.load(address, as: UInt64.self) == 2)
    }
}
