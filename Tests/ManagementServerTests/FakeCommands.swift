import QAPI
import QMP
import Synchronization

@testable import ManagementServer

/// A machine without a guest: keeps settings, stops and continues, and hangs on request.
final class FakeCommands: ManagementCommands {
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

    func quit() async throws(CommandError) { hub.emit(.shutdown(.hostQuit)) }

    func queryName() async throws(CommandError) -> String? { "fake" }

    func queryUUID() async throws(CommandError) -> String { "00000000-0000-0000-0000-000000000000" }

    /// Hangs until `release`.
    func migrate(_ arguments: MigrateArguments) async throws(CommandError) {
        guard arguments.uri == "hang" else { throw .invalidMigrationProtocol }
        hub.emit(.migration(.setup))
        await withCheckedContinuation { continuation in waiting.withLock { $0.append(continuation) } }
    }

    /// Lets every hanging `migrate` return.
    func release() {
        let continuations = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for continuation in continuations { continuation.resume() }
    }

    func migrateIncoming(uri: String) async throws(CommandError) { throw .incomingNotSpecified }

    func migrateCancel() async throws(CommandError) {}

    func queryMigrate() async throws(CommandError) -> MigrationInfo { MigrationInfo() }

    func migrateSetCapabilities(_ changes: [CapabilityChange]) async throws(CommandError) {
        try settings.withLock { settings throws(CommandError) in try settings.setCapabilities(changes) }
    }

    func queryMigrateCapabilities() async throws(CommandError) -> MigrationCapabilities {
        settings.withLock { $0.capabilities }
    }

    func migrateSetParameters(_ arguments: JSONObject) async throws(CommandError) {
        try settings.withLock { settings throws(CommandError) in try settings.setParameters(arguments) }
    }

    func queryMigrateParameters() async throws(CommandError) -> MigrationParameters {
        settings.withLock { $0.parameters }
    }

    func coloLostHeartbeat() async throws(CommandError) { throw .coloNotEnabled }

    func queryColoStatus() async throws(CommandError) -> ColoStatus { ColoStatus() }

    func colodStatus() async throws(CommandError) -> ColodStatus {
        ColodStatus(
            role: .alone, state: .unprotected, protected: false, serving: true, term: 1,
            peer: ColodStatus.Peer(connected: false), failoverMode: .manual, arbiter: "none")
    }

    func colodFailover() async throws(CommandError) {}

    func colodStart() async throws(CommandError) {}
    func colodDrill() async throws(CommandError) -> Double { 12.5 }
}
