import Environment
import GuestMemory
import Migration
import PairLab
import QAPI
import QMP
import Replication
import SystemCalls
import VirtualMachine

/// Two `none` machines of this process in COLO, with checkpoints on demand.
final class CheckpointPair {
    /// One end of the pair.
    private struct End {
        let machine: VirtualMachine
        let migration: MigrationController
        let replication: ReplicationService

        init(memorySize: Int, incoming: Bool, emit: @escaping @Sendable (Event) -> Void) throws {
            machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: memorySize), incoming: incoming)
            migration = MigrationController(machine: machine, expectsIncoming: incoming) { _ in }
            replication = ReplicationService(
                machine: machine, migration: migration, gate: OutputGate(holds: []),
                environment: .init(emit: emit, openForwards: {}, restart: { _ in }, log: { _ in }))
            migration.setCOLOHandler(replication)
            try migration.setCapabilities([MigrationCapabilityStatus(.xColo, true)])
        }
    }

    /// How long one step may take.
    private static let deadline: Duration = .seconds(30)
    /// So far between checkpoints that only those on demand are made, in milliseconds.
    private static let checkpointDelay: UInt32 = 3_600_000

    private let folder: TemporaryFolder
    private let primary: End
    private let secondary: End

    init(memorySize: Int) throws {
        folder = try TemporaryFolder(prefix: "colod-bench")
        primary = try End(memorySize: memorySize, incoming: false) { _ in }
        secondary = try End(memorySize: memorySize, incoming: true) { _ in }
        try primary.migration.updateParameters {
            $0.checkpointDelay = Self.checkpointDelay
            $0.maxBandwidth = .max
        }
        try primary.machine.run()
    }

    /// Synchronises the secondary and enters COLO.
    func startReplication() throws {
        let uri = "unix:\(folder.path("replication"))"
        try secondary.migration.migrateIncoming(uri: uri)
        try primary.migration.migrate(uri: uri).start()
        try wait("in COLO") {
            primary.replication.coloStatus.mode == .primary && primary.machine.runState == .running
        }
    }

    /// Writes to `count` different pages of the primary, at random places.
    func write(pages count: Int, using generator: inout SeededGenerator) {
        guard let block = primary.machine.memory.blocks.first else { return }
        var pages = Array(0..<block.pageCount)
        for index in 0..<count { pages.swapAt(index, Int.random(in: index..<pages.count, using: &generator)) }
        for page in pages.prefix(count) {
            for word in 0..<targetPageSize / 8 {
                primary.machine.memory.store(
                    block.guestAddress + UInt64(page * targetPageSize + word * 8), generator.next())
            }
        }
    }

    /// Makes a checkpoint now and waits until the secondary has it.
    func checkpoint() throws {
        let before = statistics.completed
        primary.replication.holdLimitReached()
        try wait("done with a checkpoint") { statistics.completed > before }
    }

    /// What the primary counted.
    var statistics: CheckpointStatistics { primary.replication.statistics }

    /// Ends COLO on both sides.
    func end() throws {
        guard primary.replication.leaveByCommand() else { throw LabError("the primary did not leave COLO") }
    }

    private func wait(_ what: String, _ condition: () -> Bool) throws {
        let clock = SystemClock()
        let deadline = clock.now() + .seconds(UInt64(Self.deadline.components.seconds))
        while !condition() {
            guard clock.now() < deadline else {
                let status = primary.migration.queryMigrate()
                throw LabError("not \(what) within \(Self.deadline): \(status.json.text())")
            }
            pause(.microseconds(200))
        }
    }
}
