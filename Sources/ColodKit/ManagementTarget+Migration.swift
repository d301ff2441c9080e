import ManagementServer
import Migration
import QAPI
import QMP
import Replication

// Migrations of the guest.
extension ManagementTarget {
    func migrate(uri: String, blk: Bool?, inc: Bool?, detach: Bool?, resume: Bool?) async throws(CommandError) {
        if pair != nil { throw .generic("The pair replicates this guest by itself") }
        let pending = try answering {
            try migration.migrate(
                uri: uri, block: blk ?? false, incremental: inc ?? false, resume: resume ?? false)
        }
        AfterReply.run { pending.start() }
    }

    func migrateIncoming(uri: String) async throws(CommandError) {
        if pair != nil { throw .generic("The pair replicates this guest by itself") }
        do { try await migration.beginIncoming(uri: uri) } catch { throw CommandError(answering: error) }
    }

    func migrateCancel() async throws(CommandError) {
        let cancel = try answering { try migration.beginCancel() }
        AfterReply.run(cancel)
    }

    func queryMigrate() async throws(CommandError) -> MigrationInfo { migration.queryMigrate() }

    func migrateSetCapabilities(capabilities: [MigrationCapabilityStatus]) async throws(CommandError) {
        try answering { try migration.setCapabilities(capabilities) }
    }

    func queryMigrateCapabilities() async throws(CommandError) -> [MigrationCapabilityStatus] {
        migration.settings.capabilities.list
    }

    func migrateSetParameters(_ arguments: MigrateSetParameters) async throws(CommandError) {
        let before = migration.settings.parameters.checkpointDelay
        try answering { try migration.setParameters(arguments) }
        if migration.settings.parameters.checkpointDelay != before { replication.checkpointDelayChanged() }
    }

    func queryMigrateParameters() async throws(CommandError) -> MigrationParameters {
        migration.settings.parameters.reply
    }

    func migrateContinue(state: MigrationStatus) async throws(CommandError) {
        let goOn = try answering { try migration.migrateContinue(state: state) }
        AfterReply.run { goOn() }
    }

    func migrateStartPostcopy() async throws(CommandError) {
        try answering { try migration.migrateStartPostcopy() }
    }

    func migratePause() async throws(CommandError) { try answering { try migration.migratePause() } }

    func migrateRecover(uri: String) async throws(CommandError) {
        do { try await migration.beginRecovery(uri: uri) } catch { throw CommandError(answering: error) }
    }

    func queryMigrationthreads() async throws(CommandError) -> [MigrationThreadInfo] {
        migration.migrationThreads().map { MigrationThreadInfo(name: $0.name, threadId: Int64($0.id)) }
    }
}
