import GuestMemory
import HumanMonitor
import MachineModel
import QAPI
import QMP
import Replication
import ReplicationCore
import VirtualMachine

// The machine, its memory and its vCPUs.
extension ManagementTarget {
    func queryName() async throws(CommandError) -> NameInfo {
        NameInfo(name: machine.parts.name.isEmpty ? nil : machine.parts.name)
    }

    func queryUuid() async throws(CommandError) -> UuidInfo {
        let digits = (machine.parts.uuid ?? [UInt8](repeating: 0, count: 16)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return UuidInfo(
            uuid: [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-"))
    }

    func queryCpusFast() async throws(CommandError) -> [CpuInfoFast] {
        machine.parts.engine.threadIDs.enumerated().map { index, thread in
            CpuInfoFast(
                cpuIndex: Int64(index), qomPath: MachineTree.processorPath(index), threadId: Int64(thread),
                props: CpuInstanceProperties(coreId: Int64(index)), variant: .riscv64)
        }
    }

    func queryMachines() async throws(CommandError) -> [MachineInfo] {
        [
            MachineInfo(
                name: NoneMachine.machineType, cpuMax: 1, hotpluggableCpus: false, numaMemSupported: false,
                deprecated: false, defaultRamId: "ram"),
            MachineInfo(
                name: RISCVMachine.machineType, cpuMax: Int64(RISCVMachine.maximumVCPUCount),
                hotpluggableCpus: false, numaMemSupported: false, deprecated: false,
                defaultCpuType: "rv64-riscv-cpu", defaultRamId: "ram"),
        ]
    }

    func queryTarget() async throws(CommandError) -> TargetInfo {
        // The machine `none` has no processor; it is QEMU's x86 one in a stream.
        TargetInfo(arch: machine.parts.machineType == NoneMachine.machineType ? .x8664 : .riscv64)
    }

    func queryKvm() async throws(CommandError) -> KvmInfo { KvmInfo(enabled: false, present: false) }

    func queryMemorySizeSummary() async throws(CommandError) -> MemoryInfo {
        MemoryInfo(baseMemory: machine.memory.blocks.reduce(0) { $0 + UInt64($1.size) }, pluggedMemory: 0)
    }

    func queryMemdev() async throws(CommandError) -> [Memdev] {
        machine.memory.blocks.map { block in
            Memdev(
                id: block.name, size: UInt64(block.size), merge: true, dump: true, prealloc: false, share: false,
                reserve: true, hostNodes: [], policy: .default)
        }
    }

    func queryBalloon() async throws(CommandError) -> BalloonInfo {
        throw CommandError(.deviceNotActive, "No balloon device has been activated")
    }

    func queryIothreads() async throws(CommandError) -> [IOThreadInfo] { [] }

    func systemReset() async throws(CommandError) {
        try await onThread { [machine] in try machine.resetByCommand() }
    }

    // The guest has no power button that could be pressed; as with any guest that ignores it, nothing more happens.
    func systemPowerdown() async throws(CommandError) { emit(.powerdown) }

    func systemWakeup() async throws(CommandError) {
        throw .generic("wake-up from suspend is not supported by this guest")
    }

    func announceSelf(_ arguments: AnnounceParameters) async throws(CommandError) {
        guard guestIsHere else { throw .generic("The guest does not run on this side") }
        await offload { [machine] in
            machine.announce(
                initial: arguments.initial, max: arguments.max, rounds: arguments.rounds, step: arguments.step,
                interfaces: arguments.interfaces, name: arguments.id ?? "")
        }
    }

    /// Whether the guest's address may be announced from here: not while its guest runs on the other host.
    private var guestIsHere: Bool {
        if replication.coloStatus.mode == .secondary { return false }
        return pair?.snapshot.report.isServing ?? true
    }
}

// Character devices.
extension ManagementTarget {
    func queryChardev() async throws(CommandError) -> [ChardevInfo] {
        state.characterDevices.map { device in
            ChardevInfo(label: device.label, filename: device.filename, frontendOpen: device.isOpen)
        }
    }
}

// The monitor for people.
extension ManagementTarget {
    func humanMonitorCommand(commandLine: String, cpuIndex: Int64?) async throws(CommandError) -> String {
        if let cpuIndex, !(0..<Int64(machine.parts.engine.vCPUCount)).contains(cpuIndex) {
            throw .generic("Parameter 'cpu-index' expects a CPU number")
        }
        return await HumanMonitor(self).run(commandLine)
    }
}
