// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: machine.
public protocol MachineCommands: Sendable {
    /// `query-cpus-fast`: List the vCPUs, without disturbing them.
    ///
    /// - Returns: the vCPUs; none on a machine without
    func queryCpusFast() async throws(CommandError) -> [CpuInfoFast]

    /// `query-machines`: List the types of machine that this program can run.
    ///
    /// - Returns: the types
    func queryMachines() async throws(CommandError) -> [MachineInfo]

    /// `query-target`: Tell the guest's architecture.
    ///
    /// - Returns: the architecture
    func queryTarget() async throws(CommandError) -> TargetInfo

    /// `query-uuid`: Tell the guest's identity.
    ///
    /// - Returns: the identity
    func queryUuid() async throws(CommandError) -> UuidInfo

    /// `query-kvm`: Tell whether the guest runs on KVM.
    ///
    /// - Returns: whether it does
    func queryKvm() async throws(CommandError) -> KvmInfo

    /// `system_reset`: Reset the machine, as its reset button would.
    func systemReset() async throws(CommandError)

    /// `system_powerdown`: Ask the guest to power itself off, as its power button would. A reply does not mean that it
    /// will.
    func systemPowerdown() async throws(CommandError)

    /// `system_wakeup`: Wake a guest that sleeps.
    func systemWakeup() async throws(CommandError)

    /// `query-memdev`: List the host memory that the guest uses.
    ///
    /// - Returns: the memory
    func queryMemdev() async throws(CommandError) -> [Memdev]

    /// `query-memory-size-summary`: Tell how much memory the guest has.
    ///
    /// - Returns: bytes
    func queryMemorySizeSummary() async throws(CommandError) -> MemoryInfo

    /// `query-balloon`: Tell how much memory the balloon leaves to the guest.
    ///
    /// - Returns: bytes
    func queryBalloon() async throws(CommandError) -> BalloonInfo
}
