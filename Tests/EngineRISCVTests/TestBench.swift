import GuestMemory
import MachineModel
import Synchronization

@testable import EngineRISCV

/// A machine of RAM and harts for tests that drive the engine directly; programs are instruction words.
final class TestBench {
    let memory: GuestMemory
    let engine: RISCVEngine
    let clock = GuestClock()
    let inputs: [InterruptInputs]
    let log = CallLog()

    /// What the engine told its resources.
    final class CallLog: Sendable {
        private let state = Mutex<(requests: [GuestRequest], console: [UInt8])>(([], []))
        var requests: [GuestRequest] { state.withLock { $0.requests } }
        var console: [UInt8] { state.withLock { $0.console } }
        func note(_ request: GuestRequest) { state.withLock { $0.requests.append(request) } }
        func print(_ bytes: [UInt8]) { state.withLock { $0.console += bytes } }
    }

    static let base: UInt64 = 0x8000_0000

    init(
        _ words: [UInt32], harts: Int = 1, supervisor: Bool = false, devices: [any MemoryMappedDevice] = [],
        memorySize: Int = 1 << 20
    ) throws {
        memory = GuestMemory(blocks: [try RAMBlock(name: "ram", guestAddress: Self.base, size: memorySize)])
        inputs = (0..<harts).map { _ in InterruptInputs() }
        let log = log
        engine = try RISCVEngine(
            memory: memory, bus: Bus(lock: MachineLock(), devices: devices), interrupts: inputs, clock: clock,
            binaryInterface: supervisor ? .builtIn { log.print($0) } : .firmware, onRequest: { log.note($0) })
        load(words)
        let first = HartReset(pc: Self.base, privilege: supervisor ? .supervisor : .machine)
        engine.reset([first] + Array(repeating: .stopped, count: harts - 1))
        clock.start()
    }

    deinit { engine.shutDown() }

    func load(_ words: [UInt32], at address: UInt64 = base) {
        for (index, word) in words.enumerated() { memory.store(address + UInt64(index) * 4, word) }
    }

    /// Runs hart 0 on this thread.
    @discardableResult
    func run(_ limit: UInt64 = 100_000) -> UInt64 { engine.run(hart: 0, atMost: limit) }

    func register(_ index: Int, hart: Int = 0) -> UInt64 { engine.register(index, hart: hart) }
}

/// Just enough of an assembler.
enum Assemble {
    static func addi(_ rd: UInt32, _ rs1: UInt32, _ immediate: Int32) -> UInt32 {
        UInt32(bitPattern: immediate) << 20 | rs1 << 15 | rd << 7 | 0x13
    }
    static func lui(_ rd: UInt32, _ upper: UInt32) -> UInt32 { upper << 12 | rd << 7 | 0x37 }
    static func auipc(_ rd: UInt32, _ upper: UInt32) -> UInt32 { upper << 12 | rd << 7 | 0x17 }
    static func slli(_ rd: UInt32, _ rs1: UInt32, _ amount: UInt32) -> UInt32 {
        amount << 20 | rs1 << 15 | 1 << 12 | rd << 7 | 0x13
    }
    static func sd(_ rs2: UInt32, _ rs1: UInt32, _ offset: UInt32) -> UInt32 {
        (offset >> 5) << 25 | rs2 << 20 | rs1 << 15 | 3 << 12 | (offset & 31) << 7 | 0x23
    }
    static func ld(_ rd: UInt32, _ rs1: UInt32, _ offset: UInt32) -> UInt32 {
        offset << 20 | rs1 << 15 | 3 << 12 | rd << 7 | 0x03
    }
    /// csrrw, csrrs, csrrc: functions 1, 2 and 3.
    static func csr(_ rd: UInt32, _ function: UInt32, _ number: UInt32, _ rs1: UInt32) -> UInt32 {
        number << 20 | rs1 << 15 | function << 12 | rd << 7 | 0x73
    }
    /// A jump to itself.
    static let loop: UInt32 = 0x0000_006f
    /// A jump back by `words` instructions.
    static func jumpBack(_ words: UInt32) -> UInt32 {
        let distance = 0 &- words * 4
        let high = (distance >> 20 & 1) << 31 | (distance >> 1 & 0x3ff) << 21
        return high | (distance >> 11 & 1) << 20 | (distance >> 12 & 0xff) << 12 | 0x6f
    }
    static let ecall: UInt32 = 0x73
    static let wfi: UInt32 = 0x1050_0073
    static let nop: UInt32 = 0x13
}
