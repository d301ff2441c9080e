import Environment
import GuestMemory
import Migration
import PairLab
import QAPI
import QMP
import Replication
import SystemCalls
import Transport
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
    private let encrypts: Bool
    private let primary: End
    private let secondary: End

    /// `encrypts`: the channel is encrypted as that of a pair.
    init(memorySize: Int, encrypts: Bool = false) throws {
        folder = try TemporaryFolder(prefix: "colod-bench")
        self.encrypts = encrypts
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
        let (near, far) = try connect()
        try secondary.migration.migrateIncoming(on: far)
        try primary.migration.migrate(on: near) { _ in }.start()
        try wait("in COLO") {
            primary.replication.coloStatus.mode == .primary && primary.machine.runState == .running
        }
    }

    /// The two ends of a channel.
    private func connect() throws -> (Channel, Channel) {
        let cancellation = try Cancellation()
        let limit = Nanoseconds.seconds(UInt64(Self.deadline.components.seconds))
        let listener = try Listener(.unix(path: folder.path("replication")))
        defer { listener.stop() }
        let near = try Channel.connect(to: listener.address, cancellation: cancellation, within: limit)
        let far = try listener.accept(cancellation: cancellation)
        guard encrypts else { return (near, far) }
        let key = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        let secured = ThreadGate<Result<Channel, any Error>?>(nil)
        _ = try Thread(name: "handshake") {
            let end = Result<Channel, any Error> {
                try far.secured(as: .keyed(.server, key: key), cancellation: cancellation, within: limit)
            }
            secured.withLock { $0 = end }
        }
        let client = try near.secured(as: .keyed(.client, key: key), cancellation: cancellation, within: limit)
        guard let server = secured.wait({ $0 }) else { throw LabError("no handshake") }
        return (client, try server.get())
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

    /// Makes a checkpoint now and waits until the secondary has it; how long that took.
    @discardableResult
    func checkpoint() throws -> Nanoseconds {
        let clock = SystemClock()
        let before = statistics.completed
        let start = clock.now()
        primary.replication.holdLimitReached()
        try wait("done with a checkpoint") { statistics.completed > before }
        return clock.now() - start
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
            pause(.microseconds(20))
        }
    }
}
