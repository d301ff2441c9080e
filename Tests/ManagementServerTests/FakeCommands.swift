import QAPI
import QMP
import Synchronization

@testable import ManagementServer

/// A machine without a guest: keeps settings, stops and continues, and hangs on request.
final class FakeCommands: RefusingCommands {
    let hub: EventHub
    private let settings = Mutex(MigrationSettings())
    private let running = Mutex(true)
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])

    init(hub: EventHub) { self.hub = hub }

    func queryStatus() async throws(CommandError) -> StatusInfo {
        StatusInfo(running.withLock { $0 } ? .running : .paused)
    }

    func stop() async throws(CommandError) { change(running: false, .stop) }

    func cont() async throws(CommandError) { change(running: true, .resume) }

    private func change(running wanted: Bool, _ event: Event) {
        let changed = running.withLock { running in
            defer { running = wanted }
            return running != wanted
        }
        if changed { hub.emit(event) }
    }

    func quit() async throws(CommandError) { hub.emit(.shutdown(.hostQmpQuit)) }

    func queryVersion() async throws(CommandError) -> VersionInfo {
        VersionInfo(qemu: VersionTriple(major: 7, minor: 2, micro: 22), package: "test")
    }

    func queryName() async throws(CommandError) -> NameInfo { NameInfo(name: "fake") }

    func queryUuid() async throws(CommandError) -> UuidInfo {
        UuidInfo(uuid: "00000000-0000-0000-0000-000000000000")
    }

    /// Hangs until `release`.
    func migrate(uri: String, blk: Bool?, inc: Bool?, detach: Bool?, resume: Bool?) async throws(CommandError) {
        guard uri == "hang" else { throw .generic("Parameter 'uri' expects a valid migration protocol") }
        await withCheckedContinuation { continuation in
            waiting.withLock { $0.append(continuation) }
            hub.emit(.migration(status: .setup))
        }
    }

    /// Lets every hanging `migrate` return.
    func release() {
        let continuations = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for continuation in continuations { continuation.resume() }
    }

    func migrateIncoming(uri: String) async throws(CommandError) {
        throw .generic("'-incoming' was not specified on the command line")
    }

    func migrateCancel() async throws(CommandError) {}

    func queryMigrate() async throws(CommandError) -> MigrationInfo { MigrationInfo() }

    func migrateSetCapabilities(capabilities: [MigrationCapabilityStatus]) async throws(CommandError) {
        try set { settings throws(MigrationSettingsError) in try settings.setCapabilities(capabilities) }
    }

    func queryMigrateCapabilities() async throws(CommandError) -> [MigrationCapabilityStatus] {
        settings.withLock { $0.capabilities.list }
    }

    func migrateSetParameters(_ arguments: MigrateSetParameters) async throws(CommandError) {
        try set { settings throws(MigrationSettingsError) in try settings.setParameters(arguments) }
    }

    private func set(
        _ change: (inout MigrationSettings) throws(MigrationSettingsError) -> Void
    ) throws(CommandError) {
        let refusal = settings.withLock { settings -> MigrationSettingsError? in
            do throws(MigrationSettingsError) {
                try change(&settings)
                return nil
            } catch { return error }
        }
        if let refusal { throw .generic(refusal.description) }
    }

    func queryMigrateParameters() async throws(CommandError) -> MigrationParameters {
        settings.withLock { $0.parameters.reply }
    }

    func xColoLostHeartbeat() async throws(CommandError) {
        throw .generic("The feature 'colo' is not enabled")
    }

    func queryColoStatus() async throws(CommandError) -> COLOStatus { .never }

    func xColodStatus() async throws(CommandError) -> ColodStatus {
        ColodStatus(
            role: .alone, state: .unprotected, protected: false, serving: true, term: 1,
            peer: ColodPeer(connected: false, networks: 0, networksUp: 0, ignored: 0), checkpoints: 0, heldPackets: 0,
            heldBytes: 0, failover: .manual, arbiter: "none")
    }

    func xColodPauses() async throws(CommandError) -> [ColodPauseCount] {
        [ColodPauseCount(microseconds: 84, count: 2)]
    }

    func xColodFailover() async throws(CommandError) {}

    func xColodStart() async throws(CommandError) {}

    func xColodReloadKeys() async throws(CommandError) -> ColodKeys { ColodKeys(keys: ["0a1b2c"]) }
    func xColodDrill() async throws(CommandError) -> ColodDrill { ColodDrill(milliseconds: 12.5) }

    // MARK: What belongs to the connection

    /// The context of the last command that was about descriptors.
    var context: MonitorContext? { lastContext.withLock { $0 } }
    private let lastContext = Mutex<MonitorContext?>(nil)

    func getfd(fdname: String) async throws(CommandError) {
        lastContext.withLock { $0 = MonitorContext.current }
        try MonitorContext.current?.namePassedDescriptor(fdname)
    }

    func closefd(fdname: String) async throws(CommandError) { try MonitorContext.current?.descriptors.close(fdname) }

    func queryYank() async throws(CommandError) -> [YankInstance] { [] }

    /// Whether `migrate-pause` hangs until `release`.
    let pauseHangs = Mutex(false)

    func migratePause() async throws(CommandError) {
        guard pauseHangs.withLock({ $0 }) else { return }
        await withCheckedContinuation { continuation in waiting.withLock { $0.append(continuation) } }
    }
}
