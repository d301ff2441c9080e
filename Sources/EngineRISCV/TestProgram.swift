public import GuestMemory
import MachineModel
import SystemCalls

/// A bare-metal program on a machine of its own, with RAM and nothing else: what instruction tests and measurements run.
///
/// It begins in M-mode at its entry and ends with a store to the doubleword at its symbol `tohost`: 1 for success,
/// `2 * n + 1` for a failure of test `n`, the convention of the RISC-V instruction tests.
public final class TestProgram {
    /// How a program ended.
    public enum Outcome: Equatable, Sendable {
        /// It wrote 1.
        case passed
        /// It wrote the number of a test that failed.
        case failed(test: UInt64)
        /// It did not end within the bound.
        case unfinished(instructions: UInt64)
        /// It waits for an interrupt that cannot come.
        case stuck(pc: UInt64)
    }

    /// Where RAM begins.
    public static let memoryBase: UInt64 = 0x8000_0000
    /// The hart.
    public let engine: RISCVEngine
    /// The program's RAM.
    public let memory: GuestMemory
    private let resultAddress: UInt64?

    /// Loads `image` into `memorySize` bytes of RAM at 0x80000000.
    public init(_ image: ProgramImage, memorySize: Int = 64 << 20) throws {
        let block = try RAMBlock(name: "ram", guestAddress: Self.memoryBase, size: memorySize)
        memory = GuestMemory(blocks: [block])
        for segment in image.segments {
            guard let size = Int(exactly: segment.size), memory.locate(segment.address, count: size) != nil else {
                throw ProgramImageError.outsideMemory(address: segment.address, size: segment.size)
            }
            memory.write(segment.address, bytes: segment.bytes)
        }
        resultAddress = image.symbol("tohost")
        let clock = GuestClock()
        clock.start()
        engine = try RISCVEngine(
            memory: memory, bus: Bus(lock: MachineLock(), devices: []), interrupts: [InterruptInputs()], clock: clock,
            binaryInterface: .firmware, onRequest: { _ in })
        engine.reset([HartReset(pc: image.entry, privilege: .machine)])
    }

    deinit { engine.shutDown() }

    /// Runs until the program ends, or for about `limit` instructions.
    public func run(limit: UInt64) -> Outcome {
        var retired: UInt64 = 0
        while retired < limit {
            let step = engine.run(hart: 0, atMost: min(Self.step, limit - retired))
            retired += step
            if let result = takeResult() { return result }
            if step == 0 { return .stuck(pc: engine.programCounter(hart: 0)) }
        }
        return .unfinished(instructions: retired)
    }

    /// What the program reported, if it did. The top 16 bits name a device of the host interface: characters that a
    /// program prints are taken and dropped, as it waits for that.
    private func takeResult() -> Outcome? {
        guard let resultAddress, let value: UInt64 = memory.load(resultAddress), value != 0 else { return nil }
        guard value >> 48 == 0 else {
            memory.store(resultAddress, UInt64(0))
            return nil
        }
        guard value & 1 == 1 else { return nil }
        return value == 1 ? .passed : .failed(test: value >> 1)
    }

    /// Instructions between two looks at `tohost`.
    private static let step: UInt64 = 16384
}
