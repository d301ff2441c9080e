import Environment
import MigrationCore
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration

/// Two machines of 16 MiB, the second of which is the destination of the first. The guest is there, and nearly all of its
/// pages are still to come.
struct PostcopyMachines {
    let source: TestMachine
    let destination: TestMachine
    let folder: TemporaryFolder

    /// `uris`: where the destination listens and the source goes, by default TCP. `adjust`: settings of either before the
    /// migration.
    init(
        _ capabilities: [MigrationCapability] = [], postcopyLimit: UInt64 = 100_000,
        uris: (there: String, here: String)? = nil,
        adjust: (_ source: TestMachine, _ destination: TestMachine) throws -> Void = { _, _ in }
    ) throws {
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
        try adjust(source, destination)
        try destination.controller.migrateIncoming(uri: uris?.there ?? "tcp:127.0.0.1:0")
        try source.migrate(to: uris?.here ?? "tcp:127.0.0.1:\(destination.port)")
        try #require(source.awaits("active"), "\(source.log.lines)")
        try source.controller.migrateStartPostcopy()
        try #require(source.awaits("postcopy-active"), "\(source.log.lines)")
        try #require(destination.awaits("resume"), "\(destination.log.lines)")
    }

    var session: SourceSession? { source.controller.withState { $0.outgoing } }

    var ram: MigrationStats { source.controller.queryMigrate().ram ?? .nothing }

    /// Waits until the source has heard the destination.
    func awaitAnswer() throws {
        let deadline = SystemClock().now() + .seconds(10)
        while session?.machine.withLock({ $0.hasRunElsewhere }) != true {
            try #require(SystemClock().now() < deadline, "nothing came back: \(source.log.lines)")
            _ = source.log.wait(for: "completed", within: .milliseconds(5))
        }
    }

    /// Both sides have paused for the `count`th time.
    func awaitPause(_ count: Int = 1) throws {
        for machine in [source, destination] {
            try #require(machine.awaits("postcopy-paused", atLeast: count), "\(machine.log.lines)")
        }
    }

    /// Both sides are told where to go on, for the `count`th time.
    func recover(_ count: Int = 1, uris: (there: String, here: String)? = nil) throws {
        let uri = "unix:\(folder.path("recovery\(count)"))"
        try destination.controller.migrateRecover(uri: uris?.there ?? uri)
        try source.controller.migrate(uri: uris?.here ?? uri, resume: true).start()
        for machine in [source, destination] {
            try #require(machine.awaits("postcopy-active", atLeast: count + 1), "\(machine.log.lines)")
        }
    }

    func pauseAndRecover(_ round: Int) throws {
        try source.controller.migratePause()
        try awaitPause(round + 1)
        try recover(round + 1)
    }

    /// The rest follows, and the destination has what the source had.
    func complete() throws {
        try source.controller.updateParameters { $0.maxPostcopyBandwidth = 0 }
        try #require(source.awaits("completed"), "\(source.log.lines)")
        try #require(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }
}
