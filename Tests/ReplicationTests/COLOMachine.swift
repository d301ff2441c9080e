import Environment
import GuestMemory
import MachineModel
import Migration
import PacketPath
import QAPI
import Synchronization
import SystemCalls
import VirtualMachine

@testable import Replication

/// A machine `none` with a network card's hold, its migration controller and its replication service, without a pair:
/// COLO as management drives it. What clients would be told goes to `log`.
final class COLOMachine: Sendable {
    /// Nothing waits longer for a condition.
    static let patience = Nanoseconds.seconds(20)

    let machine: VirtualMachine
    let migration: MigrationController
    let replication: ReplicationService
    let network = RecordingBackend()
    let hold: OutputHold
    let log = EventLog()
    let engine = StandingEngine()

    /// A machine of `pages` pages. `checkpointDelay` in milliseconds: an hour means that checkpoints come on demand.
    init(
        incoming: Bool = false, pages: Int = 256, checkpointDelay: UInt32 = 3_600_000, holdLimit: Int = 1 << 20,
        limits: ReplicationService.Limits = ReplicationService.Limits(),
        openForwards: @escaping @Sendable () -> Void = {}
    ) throws {
        let log = log
        let service = ServiceBox()
        var parts = try NoneMachine.parts(memorySize: pages * targetPageSize)
        parts.engine = engine
        machine = VirtualMachine(parts: parts, incoming: incoming)
        machine.setEventHandler { event in
            switch event {
            case .stop: log.add("STOP")
            case .resume: log.add("RESUME")
            case .shutdown: log.add("SHUTDOWN")
            case .reset: log.add("RESET")
            }
        }
        migration = MigrationController(machine: machine, expectsIncoming: incoming) { event in
            switch event {
            case .status(let status): log.add("MIGRATION \(status.rawValue)")
            case .pass(let number): log.add("MIGRATION_PASS \(number)")
            case .unplugPrimary(let card): log.add("UNPLUG_PRIMARY \(card)")
            case .incomingRefused(let text): log.add("incoming refused: \(text)")
            case .incomingFailed(let text): log.add("incoming failed: \(text)")
            case .outgoingFailed(let text, _): log.add("outgoing failed: \(text)")
            case .outgoingCancelled, .postcopyPaused, .recoveryRefused: break
            }
            service.migrationEvent(event)
        }
        hold = OutputHold(network, holdLimit: holdLimit) { service.outputIsHeld($0) }
        replication = ReplicationService(
            machine: machine, migration: migration, gate: OutputGate(holds: [hold]),
            environment: .init(
                emit: { event in
                    switch event {
                    case .coloExit(let mode, let reason): log.add("COLO_EXIT \(mode.rawValue) \(reason.rawValue)")
                    default: log.add(event.name)
                    }
                },
                openForwards: openForwards, restart: { log.add("log: restart: \($0)") },
                log: { log.add("log: \($0.text)") }),
            limits: limits)
        service.connect(replication)
        migration.setCOLOHandler(replication)
        try migration.setCapabilities([
            MigrationCapabilityStatus(.xColo, true), MigrationCapabilityStatus(.events, true),
        ])
        try migration.updateParameters {
            $0.checkpointDelay = checkpointDelay
            $0.maxBandwidth = 0
        }
    }

    deinit {
        replication.shutDown()
        migration.cancelChannel()
        _ = migration.waitUntilIdle(deadline: SystemClock().now() + Self.patience)
        machine.shutDown()
    }

    /// All of RAM.
    var ram: [UInt8] { machine.memory.read(0, count: machine.memory.totalSize) ?? [] }

    /// The guest writes: each of `pages` gets content that `seed` decides. A checkpoint may come between any two of them, or
    /// if they are written `atOnce` before or after all.
    func write(pages: some Sequence<Int>, seed: UInt64, atOnce: Bool = false) {
        var random = SeededGenerator(seed: seed)
        let contents = pages.map { page in
            let content = (0..<targetPageSize / 8).flatMap { _ in
                let word = random.next()
                return (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
            }
            return (place: UInt64(page * targetPageSize), content)
        }
        func write(_ page: (place: UInt64, content: [UInt8])) {
            _ = machine.memory.write(page.place, bytes: page.content)
        }
        // A vCPU stands during a capture; this thread has to be kept out of it.
        guard !atOnce else { return machine.pauseBriefly { contents.forEach(write) } }
        for page in contents { machine.pauseBriefly { write(page) } }
    }

    /// How many checkpoints are complete, as this side knows.
    var completed: UInt64 { replication.statistics.completed }

    /// Takes a checkpoint now and waits until this side knows that it is complete; false if that never happens.
    func checkpoint() -> Bool {
        let before = completed
        replication.holdLimitReached()
        return awaits { self.completed > before }
    }

    /// Waits until `condition` holds; it is looked at again after every event, and every few milliseconds.
    func awaits(_ condition: @escaping () -> Bool) -> Bool { log.wait(until: condition) }

    /// The port that an incoming machine listens on.
    var port: String {
        guard case .inet(let address)? = migration.queryMigrate().socketAddress?.first?.variant else { return "0" }
        return address.port
    }

    var mode: COLOMode { replication.coloStatus.mode }
}

/// An engine without a vCPU that can be told not to come to a stand.
final class StandingEngine: GuestEngine {
    /// Whether every pause fails.
    let isStuck = Atomic<Bool>(false)
    var name: String { "none" }
    var vCPUCount: Int { 0 }
    var retiredInstructions: UInt64 { 0 }
    var savedDevices: [any SavedDevice] { [] }
    func resume() {}
    func pause(until deadline: Nanoseconds) throws(PauseTimeout) {
        if isStuck.load(ordering: .relaxed) { throw PauseTimeout(busy: [.init(vCPU: 0, deviceAddress: nil)]) }
    }
    func retire() {}
    func forgetWritePermissions() {}
    func forgetTranslations() {}
    func shutDown(until deadline: Nanoseconds) -> Bool { true }
}

/// The hold and the migration controller exist before the service that they tell.
private final class ServiceBox: Sendable {
    private let service = ThreadGate<ReplicationService?>(nil)

    func connect(_ replication: ReplicationService) { service.withLock { $0 = replication } }
    func outputIsHeld(_ notice: OutputHold.Notice) { service.withLock(notify: false) { $0 }?.outputIsHeld(notice) }
    func migrationEvent(_ event: MigrationEvent) { service.withLock(notify: false) { $0 }?.migrationEvent(event) }
}

/// What a machine's clients were told, in order.
final class EventLog: Sendable {
    private let gate = ThreadGate<[String]>([])

    /// Everything but what is meant for the log file.
    var events: [String] { gate.withLock(notify: false) { $0 }.filter { !$0.hasPrefix("log: ") } }
    /// What is meant for the log file.
    var notes: [String] { gate.withLock(notify: false) { $0 }.filter { $0.hasPrefix("log: ") } }

    func add(_ line: String) { gate.withLock { $0.append(line) } }

    /// The events from number `start` on.
    func events(from start: Int) -> [String] { Array(events.dropFirst(start)) }

    /// Waits until a line begins with `text`.
    func awaits(_ text: String) -> Bool {
        gate.wait(until: SystemClock().now() + COLOMachine.patience) { lines in
            lines.contains { $0.hasPrefix(text) } ? true : nil
        } ?? false
    }

    /// Waits until `condition` holds.
    func wait(until condition: () -> Bool) -> Bool {
        let end = SystemClock().now() + COLOMachine.patience
        while !condition() {
            guard SystemClock().now() < end else { return false }
            let seen = gate.withLock(notify: false) { $0.count }
            _ = gate.wait(until: SystemClock().now() + .milliseconds(2)) { $0.count > seen ? true : nil }
        }
        return true
    }
}
