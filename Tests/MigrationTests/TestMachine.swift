import Environment
import GuestMemory
import QAPI
import Synchronization
import SystemCalls
import VirtualMachine

@testable import Migration

/// A machine `none` with a controller, and what both said.
final class TestMachine: Sendable {
    static let megabytes = 16

    let machine: VirtualMachine
    let controller: MigrationController
    let log: EventLog
    /// Told of each pass before anything of it is sent.
    let passes: PassObserver

    convenience init(
        incoming: Bool = false, megabytes: Int = TestMachine.megabytes, autostart: Bool = true,
        memory: GuestMemory? = nil, uuid: [UInt8]? = nil
    ) throws {
        var parts = try NoneMachine.parts(memorySize: megabytes << 20, uuid: uuid)
        if let memory { parts.memory = memory }
        try self.init(parts: parts, incoming: incoming, autostart: autostart)
    }

    init(parts: MachineParts, incoming: Bool = false, autostart: Bool = true) throws {
        let log = EventLog()
        machine = VirtualMachine(parts: parts, incoming: incoming, autostart: autostart)
        machine.setEventHandler { log.add("\($0)") }
        let passes = PassObserver()
        controller = MigrationController(machine: machine, expectsIncoming: incoming) { event in
            switch event {
            case .status(let status): log.add(status.rawValue)
            case .pass(let number):
                passes.tell(number)
                log.add("pass \(number)")
            case .unplugPrimary(let card): log.add("UNPLUG_PRIMARY \(card)")
            case .incomingRefused(let text): log.add("incoming refused: \(text)")
            case .incomingFailed(let text): log.add("incoming failed: \(text)")
            case .outgoingFailed(let text, _): log.add("outgoing failed: \(text)")
            case .postcopyPaused(let pause): log.add("postcopy paused: \(pause.why)")
            case .recoveryRefused(let text): log.add("recovery refused: \(text)")
            case .outgoingCancelled: break
            }
        }
        self.log = log
        self.passes = passes
        try controller.setCapabilities([MigrationCapabilityStatus(.events, true)])
    }

    /// Fills RAM with a pattern that `seed` decides: some pages of zeroes, some of one byte, some of noise.
    func fill(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for block in machine.memory.blocks {
            for page in 0..<block.pageCount where random.chance(1, in: 3) {
                let start = block.base + page * targetPageSize
                if random.chance(1, in: 4) {
                    start.initializeMemory(as: UInt8.self, repeating: UInt8(page & 255), count: targetPageSize)
                } else {
                    for word in 0..<targetPageSize / 8 {
                        start.storeBytes(of: random.next(), toByteOffset: word * 8, as: UInt64.self)
                    }
                }
                block.dirtyLog.mark(page: page)
            }
        }
    }

    /// Writes to the same pages each time that it is called, a little and something else.
    func changer() -> @Sendable () -> Void {
        let rounds = ThreadGate<UInt8>(0)
        return { [machine] in
            let value = rounds.withLock { (round: inout UInt8) -> UInt8 in
                round += 1
                return round
            }
            for page in 1000..<1040 {
                _ = machine.memory.write(UInt64(page) * 4096 + UInt64(value) * 8, bytes: [value, 1, 2])
            }
        }
    }

    /// Pages that were compared with what the destination has.
    var differences: UInt64 { controller.withState { $0.outgoing?.counters.xbzrle?[.pages] ?? 0 } }

    var ram: [UInt8] {
        let memory = machine.memory
        return memory.blocks.flatMap { memory.read($0.guestAddress, count: $0.size) ?? [] }
    }

    /// Waits for `text` in the log; false after ten seconds.
    func awaits(_ text: String, atLeast count: Int = 1) -> Bool { log.wait(for: text, atLeast: count) }

    /// Starts a migration to `uri`.
    func migrate(to uri: String) throws { try controller.migrate(uri: uri).start() }

    /// The port that an incoming machine listens on.
    var port: UInt16 {
        guard case .inet(let address)? = controller.queryMigrate().socketAddress?.first?.variant else { return 0 }
        return UInt16(address.port) ?? 0
    }
}

/// Does something with each pass over RAM.
final class PassObserver: Sendable {
    private let action = Mutex<@Sendable (UInt64) -> Void>({ _ in })

    func observe(_ body: @escaping @Sendable (UInt64) -> Void) { action.withLock { $0 = body } }

    func tell(_ number: UInt64) {
        let body = action.withLock { $0 }
        body(number)
    }
}

final class EventLog: Sendable {
    private let gate = ThreadGate<[String]>([])

    var lines: [String] { gate.withLock(notify: false) { $0 } }

    /// The lines without passes between the first and the last one, of which there are more the slower the host is.
    var outline: [String] { Self.outline(of: lines) }

    static func outline(of lines: [String]) -> [String] {
        let passes = lines.indices.filter { lines[$0].hasPrefix("pass ") }
        let kept = Set([passes.first, passes.last].compactMap(\.self))
        return lines.indices.filter { !lines[$0].hasPrefix("pass ") || kept.contains($0) }
            .map { lines[$0].hasPrefix("pass ") ? "pass" : lines[$0] }
    }

    func add(_ line: String) { gate.withLock { $0.append(line) } }

    func wait(for text: String, atLeast count: Int = 1, within limit: Nanoseconds = .seconds(10)) -> Bool {
        gate.wait(until: SystemClock().now() + limit) { lines in
            lines.filter { $0.hasPrefix(text) }.count >= count ? true : nil
        } ?? false
    }
}
