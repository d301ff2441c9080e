import QAPI
import QMP

/// What the management interface asks of the process it is part of: one method a command.
///
/// The methods are called from several connections at once. They must not block their thread; waiting is for `await`,
/// with a deadline. Whatever a method emits through the `EventHub` before it returns, clients see before its reply.
/// Arguments have been held against their schema; everything else is for the method to refuse.
public protocol ManagementCommands: Sendable {
    /// `query-status`.
    func queryStatus() async throws(CommandError) -> StatusInfo
    /// `stop`.
    func stop() async throws(CommandError)
    /// `cont`.
    func cont() async throws(CommandError)
    /// `quit`: emits SHUTDOWN and has the process end soon after, through `ManagementServer.shutdown`, which lets the
    /// reply go out first.
    func quit() async throws(CommandError)
    /// `query-name`; nil if the guest has none.
    func queryName() async throws(CommandError) -> String?
    /// `query-uuid`: in its usual form, all zero if the guest has none.
    func queryUUID() async throws(CommandError) -> String
    /// `migrate`: returns once the connection is being made.
    func migrate(_ arguments: MigrateArguments) async throws(CommandError)
    /// `migrate-incoming`: returns once it listens.
    func migrateIncoming(uri: String) async throws(CommandError)
    /// `migrate_cancel`.
    func migrateCancel() async throws(CommandError)
    /// `query-migrate`.
    func queryMigrate() async throws(CommandError) -> MigrationInfo
    /// `migrate-set-capabilities`.
    func migrateSetCapabilities(_ changes: [CapabilityChange]) async throws(CommandError)
    /// `query-migrate-capabilities`.
    func queryMigrateCapabilities() async throws(CommandError) -> MigrationCapabilities
    /// `migrate-set-parameters`, with what `MigrationSettings.setParameters` takes.
    func migrateSetParameters(_ arguments: JSONObject) async throws(CommandError)
    /// `query-migrate-parameters`.
    func queryMigrateParameters() async throws(CommandError) -> MigrationParameters
    /// `x-colo-lost-heartbeat`.
    func coloLostHeartbeat() async throws(CommandError)
    /// `query-colo-status`.
    func queryColoStatus() async throws(CommandError) -> ColoStatus
    /// `x-colod-status`.
    func colodStatus() async throws(CommandError) -> ColodStatus
    /// `x-colod-failover`: the operator wants this side to take over; the arbiter is asked first.
    func colodFailover() async throws(CommandError)
    /// `x-colod-start`: the operator vouches that the peer has the guest neither running nor in a checkpoint; this side
    /// boots it afresh.
    func colodStart() async throws(CommandError)
    /// `x-colod-drill`: a failover drill, refused unless the pair is protected; returns how long the service stood
    /// still, in milliseconds.
    func colodDrill() async throws(CommandError) -> Double
}

/// The arguments of `migrate`.
public struct MigrateArguments: Sendable, Hashable {
    /// Where to: "tcp:HOST:PORT", "unix:PATH".
    public var uri: String
    /// Copy disks whole.
    public var block: Bool?
    /// Copy disks down to their backing files.
    public var incremental: Bool?
    /// Go on with a paused postcopy migration.
    public var resume: Bool?

    /// A migration to `uri`.
    public init(uri: String, block: Bool? = nil, incremental: Bool? = nil, resume: Bool? = nil) {
        self.uri = uri
        self.block = block
        self.incremental = incremental
        self.resume = resume
    }
}
