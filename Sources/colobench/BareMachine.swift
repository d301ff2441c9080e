import EngineRISCV
import Environment
import GuestMemory
import MachineModel
import SystemCalls
import VirtualMachine

/// A riscv64 machine of RAM and harts alone: each runs a program in M-mode, on a thread of its own.
final class BareMachine {
    /// The machine; it stands until it is run.
    let machine: VirtualMachine

    /// A machine with a hart for each element of `harts`. `load` puts the programs into RAM, which begins at
    /// `TestProgram.memoryBase`.
    init(memorySize: Int, harts: [HartReset], load: (GuestMemory) -> Void) throws {
        let memory = GuestMemory(blocks: [
            try RAMBlock(name: "ram", guestAddress: TestProgram.memoryBase, size: memorySize)
        ])
        load(memory)
        let (clock, lock) = (GuestClock(), MachineLock())
        let engine = try RISCVEngine(
            memory: memory, bus: Bus(lock: lock, devices: []), interrupts: harts.map { _ in InterruptInputs() },
            clock: clock, binaryInterface: .firmware, onRequest: { _ in })
        engine.reset(harts)
        machine = VirtualMachine(
            parts: MachineParts(
                machineType: "bare", memory: memory, engine: engine, clock: clock, lock: lock,
                savedDevices: engine.savedDevices))
    }

    deinit { machine.shutDown() }

    /// Lets the machine run for `seconds` and returns how many million instructions it retired in each.
    func mips(over seconds: Double) throws -> Double {
        let clock = SystemClock()
        try machine.run()
        defer { try? machine.stopByCommand() }
        let (start, before) = (clock.now(), machine.parts.engine.retiredInstructions)
        clock.wait(seconds)
        let retired = machine.parts.engine.retiredInstructions - before
        return Double(retired) / ((clock.now() - start).inMilliseconds * 1000)
    }
}

extension SystemClock {
    /// Lets time pass.
    func wait(_ seconds: Double) {
        let nothing = ThreadGate<Void>(())
        _ = nothing.wait(until: now() + .milliseconds(UInt64(seconds * 1000))) { _ in nil as Bool? }
    }
}
