import Environment
import Foundation
import GuestMemory
import MachineModel
import PairLab
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

    let machine: VirtualMachine
    let monitor: DirtyRateMonitor

    init() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("colod-\(UUID()).image").path
        try Data(KernelImage.bytes(of: KernelImage.twoWriters)).write(to: URL(fileURLWithPath: path))
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
