import Environment
import Foundation
import GuestMemory
import MachineModel
import QAPI
import SystemCalls
import VirtualMachine

@testable import DirtyRate

/// A riscv64 guest with two vCPUs that do nothing but write to one page after the other, each in 32 MiB of its own, over
/// and over, and count what they wrote: an independent witness of what they dirty.
final class DirtyingGuest: Sendable {
    /// Pages that each vCPU writes in turn.
    static let pagesEach: UInt64 = 8192
    private static let firstBase: UInt64 = 0x8080_0000
    private static let secondBase: UInt64 = 0x8280_0000

    private static let program: [UInt32] = [
        0x0010_0513,  //        li    a0, 1
        0x0000_0597,  //        auipc a1, 0
        0x0305_8593,  //        addi  a1, a1, second - 4
        0x0000_0813,  //        li    a6, 0
        0x0048_58b7,  //        lui   a7, 0x485          hart state management
        0x34d8_8893,  //        addi  a7, a7, 0x34d
        0x0000_0073,  //        ecall                    start hart 1
        0x4040_0413,  //        li    s0, 0x404
        0x0154_1413,  //        slli  s0, s0, 21
        0x0000_2937,  // write: lui   s2, 2
        0xfff9_0913,  //        addi  s2, s2, -1
        0x0000_0493,  //        li    s1, 0
        0x00c0_006f,  //        j     loop
        0x4140_0413,  // second: li  s0, 0x414
        0xfe9f_f06f,  //        j     write - 4          the shift of s0
        0x0124_f2b3,  // loop:  and   t0, s1, s2
        0x00c2_9293,  //        slli  t0, t0, 12
        0x0082_82b3,  //        add   t0, t0, s0
        0x0092_b423,  //        sd    s1, 8(t0)
        0x0014_8493,  //        addi  s1, s1, 1
        0xfe94_3c23,  //        sd    s1, -8(s0)         the count
        0xfe9f_f06f,  //        j     loop
    ]

    let machine: VirtualMachine
    let monitor: DirtyRateMonitor

    init() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("colod-\(UUID()).image").path
        try Data(Self.image()).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        var configuration = RISCVMachineConfiguration(memorySize: 80 << 20, kernel: path)
        configuration.vCPUCount = 2
        machine = VirtualMachine(parts: try RISCVMachine(configuration).parts)
        monitor = DirtyRateMonitor(machine: machine)
    }

    deinit {
        monitor.shutDown()
        machine.shutDown()
    }

    /// How many pages a vCPU has written so far. It may be asked while the guest runs.
    func written(by vCPU: Int) -> UInt64 {
        machine.memory.load((vCPU == 0 ? Self.firstBase : Self.secondBase) - 8, as: UInt64.self) ?? 0
    }

    /// Lets the guest run until both vCPUs write.
    func start() throws {
        try machine.run()
        _ = wait { written(by: 0) > 0 && written(by: 1) > 0 }
    }

    /// A kernel image (Linux, Documentation/riscv/boot-image-header) whose first instruction jumps over its header.
    private static func image() -> [UInt8] {
        func little(_ value: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        var bytes = little(0x0400_006f as UInt32) + little(0 as UInt32)
        bytes += little(0x20_0000 as UInt64) + little(0x1_0000 as UInt64) + little(0 as UInt64)
        bytes += little(2 as UInt32) + [UInt8](repeating: 0, count: 12)
        bytes += Array("RISCV".utf8) + [0, 0, 0] + little(0x0543_5352 as UInt32) + little(0 as UInt32)
        return bytes + program.flatMap { little($0) }
    }
}

/// Waits, up to a bound that only a failure reaches, until `condition` holds.
func wait(seconds: UInt64 = 30, until condition: () -> Bool) -> Bool {
    let clock = SystemClock()
    let end = clock.now() + .seconds(seconds)
    while clock.now() < end {
        if condition() { return true }
        usleep(2000)
    }
    return condition()
}

extension DirtyRateMonitor {
    /// The next result, once a measurement has ended.
    func measured() -> DirtyRateInfo {
        _ = wait(seconds: 90) { dirtyRate.status != .measuring }
        return dirtyRate
    }
}
