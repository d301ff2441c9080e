import Environment
import GuestMemory
import PairLab
import QAPI
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration

/// What `query-migrate` says of a postcopy.
@Suite(.serialized) struct PostcopyCounterTests {
    /// Two machines of 16 MiB, the second of which is the destination of the first.
    private struct Pair {
        let source: TestMachine
        let destination: TestMachine
        let folder: TemporaryFolder

        init(_ capabilities: [MigrationCapability], postcopyLimit: UInt64) throws {
            folder = try TemporaryFolder()
            source = try TestMachine()
            destination = try TestMachine(incoming: true)
            source.fill(seed: 11)
            try source.machine.run()
            for machine in [source, destination] {
                try machine.controller.setCapabilities(([.postcopyRam] + capabilities).map { .init($0, true) })
            }
            try source.controller.updateParameters { values in
                values.maxBandwidth = 400_000
                values.maxPostcopyBandwidth = postcopyLimit
            }
            try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
            try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
            try #require(source.awaits("active"), "\(source.log.lines)")
            try source.controller.migrateStartPostcopy()
            try #require(source.awaits("postcopy-active"), "\(source.log.lines)")
            try #require(destination.awaits("resume"), "\(destination.log.lines)")
        }

        var ram: MigrationStats { source.controller.queryMigrate().ram ?? .nothing }

        func pauseAndRecover(_ round: Int) throws {
            try source.controller.migratePause()
            for machine in [source, destination] {
                try #require(machine.awaits("postcopy-paused", atLeast: round + 1), "\(machine.log.lines)")
            }
            let uri = "unix:\(folder.path("recovery\(round)"))"
            try destination.controller.migrateRecover(uri: uri)
            try source.controller.migrate(uri: uri, resume: true).start()
            for machine in [source, destination] {
                try #require(machine.awaits("postcopy-active", atLeast: round + 2), "\(machine.log.lines)")
            }
        }

        func complete() throws {
            try source.controller.updateParameters { $0.maxPostcopyBandwidth = 0 }
            try #require(source.awaits("completed"), "\(source.log.lines)")
            try #require(destination.awaits("completed"), "\(destination.log.lines)")
        }
    }

    private func expectSum(_ ram: MigrationStats) {
        #expect(
            UInt64(ram.transferred) == ram.precopyBytes + ram.downtimeBytes + ram.postcopyBytes + ram.multifdBytes,
            "\(ram)")
    }

    @Test(arguments: [[], [MigrationCapability.postcopyPreempt]])
    func theyAddUpToTheBytesOnTheChannels(capabilities: [MigrationCapability]) throws {
        let pair = try Pair(capabilities, postcopyLimit: 400_000)
        expectSum(pair.ram)
        for page in 0..<10 { _ = try GuestLook(atPage: 4000 - page * 50, of: pair.destination).bytes() }
        try pair.pauseAndRecover(0)
        expectSum(pair.ram)
        for page in 0..<10 { _ = try GuestLook(atPage: 3000 - page * 50, of: pair.destination).bytes() }
        try pair.pauseAndRecover(1)
        try pair.complete()
        let ram = pair.ram
        expectSum(ram)
        let session = try #require(pair.source.controller.withState { $0.outgoing })
        #expect(UInt64(ram.transferred) == session.control.channels.bytesSent)
        #expect(ram.remaining == 0 && ram.postcopyBytes > 0 && ram.precopyBytes > 0)
        // Both times, and each of them once; a request that was on its way when the channel broke comes again.
        #expect((20...24).contains(ram.postcopyRequests), "\(ram.postcopyRequests)")
        #expect(firstDifference(pair.destination.ram, pair.source.ram) == nil)
        let info = pair.source.controller.queryMigrate()
        #expect((info.downtime ?? .max) < 1000 && (info.downtime ?? .max) < (info.totalTime ?? 0) / 2, "\(info)")
    }

    @Test func whatRemainsFalls() throws {
        let pair = try Pair([], postcopyLimit: 4 << 20)
        var seen = [pair.ram.remaining]
        let deadline = SystemClock().now() + .seconds(20)
        while pair.source.controller.queryMigrate().status != .completed, SystemClock().now() < deadline {
            seen.append(pair.ram.remaining)
            _ = pair.source.log.wait(for: "completed", within: .milliseconds(20))
        }
        #expect(seen.count > 10 && zip(seen, seen.dropFirst()).allSatisfy { $0 >= $1 }, "\(seen)")
        #expect(pair.ram.remaining == 0)
    }

    /// The dirty rate by bitmap is that of the guest.
    @Test func whatComesIsNotTakenForWhatTheGuestWrites() throws {
        let pair = try Pair([], postcopyLimit: 4 << 20)
        let machine = pair.destination.machine
        let tracker = try machine.memory.makeTracker()
        machine.harvest(tracker)
        let missing = try #require(machine.memory.residency?.missingCount)
        #expect(missing > 1000, "the rest comes from here on")
        try pair.complete()
        #expect(tracker.count == 0)
        #expect(machine.memory.residency == nil)
    }

    /// Bytes a second of the background between two moments.
    private func rate(_ pair: Pair, during time: Nanoseconds) -> Double {
        let (begin, before) = (SystemClock().now(), pair.ram.postcopyBytes)
        _ = pair.source.log.wait(for: "completed", within: time)
        let seconds = (SystemClock().now() - begin).inMilliseconds / 1000
        return Double(pair.ram.postcopyBytes - before) / seconds
    }

    @Test func theLimitHoldsAndIsTakenUpLive() throws {
        let pair = try Pair([], postcopyLimit: 400_000)
        for limit in [400_000.0, 1_000_000.0, 500_000.0] {
            try pair.source.controller.updateParameters { $0.maxPostcopyBandwidth = UInt64(limit) }
            let rate = rate(pair, during: .seconds(2))
            #expect((limit * 0.8...limit * 1.2).contains(rate), "\(rate) bytes a second, not \(limit)")
        }
        try pair.complete()
    }

    /// The background would take minutes.
    @Test(arguments: [[], [MigrationCapability.postcopyPreempt]])
    func whoNeedsAPageIsNotHeldUpByTheLimit(capabilities: [MigrationCapability]) throws {
        let pair = try Pair(capabilities, postcopyLimit: 20_000)
        let begin = SystemClock().now()
        for page in 0..<500 { _ = try GuestLook(atPage: 4090 - page * 2, of: pair.destination).bytes() }
        #expect(SystemClock().now() - begin < .seconds(10))
        try pair.complete()
        // Those that the background has not brought meanwhile.
        #expect(pair.ram.postcopyRequests > 300, "\(pair.ram.postcopyRequests)")
        #expect(firstDifference(pair.destination.ram, pair.source.ram) == nil)
    }
}
