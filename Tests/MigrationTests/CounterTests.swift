import Environment
import GuestMemory
import QAPI
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration

struct CounterTests {
    /// A first pass that is shorter than the bandwidth can be measured in is not sent again while the guest stands.
    @Test func ramIsSentOnce() throws {
        let source = try TestMachine()
        let destination = try TestMachine(incoming: true)
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("completed"))
        let ram = source.controller.queryMigrate().ram
        #expect(ram?.duplicate == 4096 && ram?.normal == 0)
    }

    /// The counters are read without the migration's help, at any moment of three seconds.
    @Test func theCountersOfARunningMigrationAddUp() throws {
        let source = try TestMachine()
        source.fill(seed: 5)
        let bytes = UInt64(source.ram.count / 3)
        try source.controller.updateParameters { $0.maxBandwidth = bytes / 3 }
        let peer = try RawPeer()
        try source.controller.migrate(uri: peer.uri).start()
        let channel = try peer.accept()
        let received = ThreadGate<Int?>(nil)
        _ = try Thread(name: "peer") {
            let count = RawPeer.drain(channel).count
            received.withLock { $0 = count }
        }
        var seen: [MigrationStats] = []
        let clock = SystemClock()
        let end = clock.now() + .seconds(30)
        while source.controller.queryMigrate().status != .completed, clock.now() < end {
            if let ram = source.controller.queryMigrate().ram { seen.append(ram) }
            _ = source.log.wait(for: "completed", atLeast: 1, within: .milliseconds(50))
        }
        let last = try #require(source.controller.queryMigrate().ram)
        #expect(seen.count > 20)
        for (before, after) in zip(seen, seen.dropFirst() + [last]) {
            #expect(after.transferred >= before.transferred && after.normal >= before.normal)
            #expect(after.duplicate >= before.duplicate && after.remaining <= before.remaining)
        }
        for ram in seen + [last] {
            // What is queued and not sent yet is counted as a page, so a batch of 256 may be ahead of the bytes.
            #expect(ram.transferred >= (ram.normal - 256) * 4096)
            #expect(ram.normal + ram.duplicate + ram.remaining / 4096 <= 4096)
            #expect(ram.normal + ram.duplicate + ram.remaining / 4096 >= 4096 - 256)
            #expect(ram.normalBytes == ram.normal * 4096)
            #expect(UInt64(ram.transferred) == ram.precopyBytes + ram.downtimeBytes)
        }
        #expect(last.normal + last.duplicate == 4096 && last.remaining == 0)
        let arrived = received.wait(until: clock.now() + .seconds(20)) { $0 }
        #expect(arrived.map(Int64.init) == last.transferred)
    }

    /// Whoever is told of an event may take as long as it likes: queries and yank do not wait for it.
    @Test func queriesDoNotWaitForWhoIsToldOfAnEvent() throws {
        let gate = ThreadGate((isTold: false, mayGoOn: false))
        let clock = SystemClock()
        let machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: 1 << 20))
        let controller = MigrationController(machine: machine) { event in
            guard event == .status(.active) else { return }
            gate.withLock { $0.isTold = true }
            _ = gate.wait(until: SystemClock().now() + .seconds(20)) { $0.mayGoOn ? true : nil }
        }
        try controller.setCapabilities([MigrationCapabilityStatus(.events, true)])
        let peer = try RawPeer()
        try controller.migrate(uri: peer.uri).start()
        let channel = try peer.accept()
        #expect(gate.wait(until: clock.now() + .seconds(20)) { $0.isTold ? true : nil } == true)
        let answered = ThreadGate<MigrationStatus??>(nil)
        _ = try Thread(name: "client") {
            let status = controller.queryMigrate().status
            controller.yank()
            answered.withLock { $0 = .some(status) }
        }
        let status = answered.wait(until: clock.now() + .seconds(5)) { $0 }
        #expect(status == .some(.active))
        gate.withLock { $0.mayGoOn = true }
        #expect(controller.waitUntilIdle(deadline: clock.now() + .seconds(20)))
        channel.shutDown()
    }
}
