// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

import QAPI
import QMP

/// Refuses every command; a test implements those that it is about.
protocol RefusingCommands: QMPCommands {}

extension RefusingCommands {
    func queryVersion() async throws(CommandError) -> VersionInfo { throw .refused }
    func quit() async throws(CommandError) { throw .refused }
    func queryStatus() async throws(CommandError) -> StatusInfo { throw .refused }
    func queryName() async throws(CommandError) -> NameInfo { throw .refused }
    func queryIothreads() async throws(CommandError) -> [IOThreadInfo] { throw .refused }
    func stop() async throws(CommandError) { throw .refused }
    func cont() async throws(CommandError) { throw .refused }
    func humanMonitorCommand(
        commandLine: String,
        cpuIndex: Int64?
    ) async throws(CommandError) -> String { throw .refused }
    func getfd(fdname: String) async throws(CommandError) { throw .refused }
    func closefd(fdname: String) async throws(CommandError) { throw .refused }
    func xColodStatus() async throws(CommandError) -> ColodStatus { throw .refused }
    func xColodPauses() async throws(CommandError) -> [ColodPauseCount] { throw .refused }
    func xColodFailover() async throws(CommandError) { throw .refused }
    func xColodStart() async throws(CommandError) { throw .refused }
    func xColodReloadKeys() async throws(CommandError) -> ColodKeys { throw .refused }
    func xColodDrill() async throws(CommandError) -> ColodDrill { throw .refused }
    func queryMigrate() async throws(CommandError) -> MigrationInfo { throw .refused }
    func migrateSetCapabilities(capabilities: [MigrationCapabilityStatus]) async throws(CommandError) { throw .refused }
    func queryMigrateCapabilities() async throws(CommandError) -> [MigrationCapabilityStatus] { throw .refused }
    func migrateSetParameters(_ arguments: MigrateSetParameters) async throws(CommandError) { throw .refused }
    func queryMigrateParameters() async throws(CommandError) -> MigrationParameters { throw .refused }
    func migrate(
        uri: String,
        blk: Bool?,
        inc: Bool?,
        detach: Bool?,
        resume: Bool?
    ) async throws(CommandError) { throw .refused }
    func migrateIncoming(uri: String) async throws(CommandError) { throw .refused }
    func migrateCancel() async throws(CommandError) { throw .refused }
    func migrateContinue(state: MigrationStatus) async throws(CommandError) { throw .refused }
    func migrateStartPostcopy() async throws(CommandError) { throw .refused }
    func migratePause() async throws(CommandError) { throw .refused }
    func migrateRecover(uri: String) async throws(CommandError) { throw .refused }
    func queryMigrationthreads() async throws(CommandError) -> [MigrationThreadInfo] { throw .refused }
    func queryColoStatus() async throws(CommandError) -> COLOStatus { throw .refused }
    func xColoLostHeartbeat() async throws(CommandError) { throw .refused }
    func calcDirtyRate(
        calcTime: Int64,
        samplePages: Int64?,
        mode: DirtyRateMeasureMode?
    ) async throws(CommandError) { throw .refused }
    func queryDirtyRate() async throws(CommandError) -> DirtyRateInfo { throw .refused }
    func setVcpuDirtyLimit(cpuIndex: Int64?, dirtyRate: UInt64) async throws(CommandError) { throw .refused }
    func cancelVcpuDirtyLimit(cpuIndex: Int64?) async throws(CommandError) { throw .refused }
    func queryVcpuDirtyLimit() async throws(CommandError) -> [DirtyLimitInfo] { throw .refused }
    func xenSaveDevicesState(filename: String, live: Bool?) async throws(CommandError) { throw .refused }
    func xenLoadDevicesState(filename: String) async throws(CommandError) { throw .refused }
    func xenSetGlobalDirtyLog(enable: Bool) async throws(CommandError) { throw .refused }
    func xenSetReplication(enable: Bool, primary: Bool, failover: Bool?) async throws(CommandError) { throw .refused }
    func queryXenReplicationStatus() async throws(CommandError) -> ReplicationStatus { throw .refused }
    func xenColoDoCheckpoint() async throws(CommandError) { throw .refused }
    func snapshotSave(
        jobId: String,
        tag: String,
        vmstate: String,
        devices: [String]
    ) async throws(CommandError) { throw .refused }
    func snapshotLoad(
        jobId: String,
        tag: String,
        vmstate: String,
        devices: [String]
    ) async throws(CommandError) { throw .refused }
    func snapshotDelete(jobId: String, tag: String, devices: [String]) async throws(CommandError) { throw .refused }
    func jobPause(id: String) async throws(CommandError) { throw .refused }
    func jobResume(id: String) async throws(CommandError) { throw .refused }
    func jobCancel(id: String) async throws(CommandError) { throw .refused }
    func jobComplete(id: String) async throws(CommandError) { throw .refused }
    func jobDismiss(id: String) async throws(CommandError) { throw .refused }
    func jobFinalize(id: String) async throws(CommandError) { throw .refused }
    func queryJobs() async throws(CommandError) -> [JobInfo] { throw .refused }
    func queryCpusFast() async throws(CommandError) -> [CpuInfoFast] { throw .refused }
    func queryMachines() async throws(CommandError) -> [MachineInfo] { throw .refused }
    func queryTarget() async throws(CommandError) -> TargetInfo { throw .refused }
    func queryUuid() async throws(CommandError) -> UuidInfo { throw .refused }
    func queryKvm() async throws(CommandError) -> KvmInfo { throw .refused }
    func systemReset() async throws(CommandError) { throw .refused }
    func systemPowerdown() async throws(CommandError) { throw .refused }
    func systemWakeup() async throws(CommandError) { throw .refused }
    func queryMemdev() async throws(CommandError) -> [Memdev] { throw .refused }
    func queryMemorySizeSummary() async throws(CommandError) -> MemoryInfo { throw .refused }
    func queryBalloon() async throws(CommandError) -> BalloonInfo { throw .refused }
    func queryBlock() async throws(CommandError) -> [BlockInfo] { throw .refused }
    func queryNamedBlockNodes(flat: Bool?) async throws(CommandError) -> [BlockDeviceInfo] { throw .refused }
    func queryBlockstats(queryNodes: Bool?) async throws(CommandError) -> [BlockStats] { throw .refused }
    func queryBlockJobs() async throws(CommandError) -> [BlockJobInfo] { throw .refused }
    func queryChardev() async throws(CommandError) -> [ChardevInfo] { throw .refused }
    func announceSelf(_ arguments: AnnounceParameters) async throws(CommandError) { throw .refused }
    func qomList(path: String) async throws(CommandError) -> [ObjectPropertyInfo] { throw .refused }
    func qomGet(path: String, property: String) async throws(CommandError) -> JSONValue { throw .refused }
    func qomListTypes(
        implements: String?,
        abstract: Bool?
    ) async throws(CommandError) -> [ObjectTypeInfo] { throw .refused }
    func objectAdd(_ arguments: ObjectOptions) async throws(CommandError) { throw .refused }
    func objectDel(id: String) async throws(CommandError) { throw .refused }
    func yank(instances: [YankInstance]) async throws(CommandError) { throw .refused }
    func queryYank() async throws(CommandError) -> [YankInstance] { throw .refused }
}

extension CommandError {
    fileprivate static let refused = generic("refused by the test")
}
