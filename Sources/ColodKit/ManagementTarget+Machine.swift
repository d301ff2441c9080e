import QAPI
import QMP
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
}

extension ManagementTarget {
    func queryCpusFast() async throws(CommandError) -> [CpuInfoFast] {
        throw .generic("This is not available")
    }

    func queryMachines() async throws(CommandError) -> [MachineInfo] {
        throw .generic("This is not available")
    }

    func queryTarget() async throws(CommandError) -> TargetInfo {
        throw .generic("This is not available")
    }

    func queryKvm() async throws(CommandError) -> KvmInfo {
        throw .generic("This is not available")
    }

    func systemReset() async throws(CommandError) {
        throw .generic("This is not available")
    }

    func systemPowerdown() async throws(CommandError) {
        throw .generic("This is not available")
    }

    func systemWakeup() async throws(CommandError) {
        throw .generic("This is not available")
    }

    func queryMemdev() async throws(CommandError) -> [Memdev] {
        throw .generic("This is not available")
    }

    func queryMemorySizeSummary() async throws(CommandError) -> MemoryInfo {
        throw .generic("This is not available")
    }

    func queryBalloon() async throws(CommandError) -> BalloonInfo {
        throw .generic("This is not available")
    }

    func queryIothreads() async throws(CommandError) -> [IOThreadInfo] {
        throw .generic("This is not available")
    }

    func announceSelf(_ arguments: AnnounceParameters) async throws(CommandError) {
        throw .generic("This is not available")
    }
}
