// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: migration.
public protocol MigrationCommands: Sendable {
    /// `query-migrate`: Tell how the current or last migration goes. An outgoing one hides an incoming one that came
    /// before it.
    ///
    /// - Returns: its status and figures; an empty object if there was none
    func queryMigrate() async throws(CommandError) -> MigrationInfo

    /// `migrate-set-capabilities`: Turn capabilities on or off. The list is applied from left to right; if the
    /// capabilities would not go together then, none is changed. What does not go together:
    ///
    /// - compress with multifd
    ///
    /// - postcopy-ram with x-ignore-shared
    ///
    /// - postcopy-preempt without postcopy-ram, or with compress
    ///
    /// - zero-copy-send without multifd, or with multifd-compression or TLS
    ///
    /// - background-snapshot with any but zero-blocks, events, block and x-ignore-shared
    ///
    /// - Parameters:
    ///   - capabilities: those to change; others stay as they are
    func migrateSetCapabilities(capabilities: [MigrationCapabilityStatus]) async throws(CommandError)

    /// `query-migrate-capabilities`: List all capabilities.
    ///
    /// - Returns: each capability and whether it is on
    func queryMigrateCapabilities() async throws(CommandError) -> [MigrationCapabilityStatus]

    /// `migrate-set-parameters`: Change parameters, at any time, during a migration as well. If one is out of its
    /// range, none is changed.
    func migrateSetParameters(_ arguments: MigrateSetParameters) async throws(CommandError)

    /// `query-migrate-parameters`: Tell the parameters in force.
    ///
    /// - Returns: all parameters
    func queryMigrateParameters() async throws(CommandError) -> MigrationParameters

    /// `migrate`: Send the guest elsewhere. The reply comes as soon as the migration is on its way; how it goes is told
    /// by query-migrate and, with the capability events on, by the event MIGRATION. With the capability x-colo on, the
    /// destination becomes the secondary of this guest instead.
    ///
    /// - Parameters:
    ///   - uri: where to: "tcp:HOST:PORT", "unix:PATH", "fd:NAME" of a descriptor given by getfd, or "exec:COMMAND",
    ///     whose input is the stream
    ///   - blk: true to send the disks in the stream too, this time only
    ///   - inc: true to send only what is above their backing images, this time only
    ///   - detach: has no effect: no migration is waited for
    ///   - resume: true to go on with a migration that stands in postcopy-paused (since 3.0)
    func migrate(uri: String, blk: Bool?, inc: Bool?, detach: Bool?, resume: Bool?) async throws(CommandError)

    /// `migrate-incoming`: Listen for a guest, in a process that was started to wait for this command. It can be given
    /// again only if it failed.
    ///
    /// - Parameters:
    ///   - uri: where to listen, as for migrate; a TCP port of 0 lets the system choose one, which query-migrate tells
    func migrateIncoming(uri: String) async throws(CommandError)

    /// `migrate_cancel`: Give up the outgoing migration, if there is one. The guest goes on here.
    func migrateCancel() async throws(CommandError)

    /// `migrate-continue`: Let a migration go on that stands in pre-switchover.
    ///
    /// - Parameters:
    ///   - state: the status it stands in; if it is another, nothing is done
    func migrateContinue(state: MigrationStatus) async throws(CommandError)

    /// `migrate-start-postcopy`: Let the guest move to the destination at once and its memory follow. The capability
    /// postcopy-ram has to be on on both sides before the migration.
    func migrateStartPostcopy() async throws(CommandError)

    /// `migrate-pause`: Cut the connection of a migration in postcopy-active on purpose. Both sides go to
    /// postcopy-paused.
    func migratePause() async throws(CommandError)

    /// `migrate-recover`: On a destination in postcopy-paused, listen for the source again. The source then gives
    /// migrate with resume.
    ///
    /// - Parameters:
    ///   - uri: where to listen
    func migrateRecover(uri: String) async throws(CommandError)

    /// `query-migrationthreads`: List the threads that work for an outgoing migration, so that they can be bound to
    /// processors.
    ///
    /// - Returns: the threads, newest first; none if there is no migration
    func queryMigrationthreads() async throws(CommandError) -> [MigrationThreadInfo]

    /// `query-colo-status`: Tell the role of this side and how COLO ended. See x-colod-status for how well the guest is
    /// protected.
    ///
    /// - Returns: mode and reason
    func queryColoStatus() async throws(CommandError) -> COLOStatus

    /// `x-colo-lost-heartbeat`: Tell this side that its peer is gone: it goes on alone. A secondary takes the guest
    /// over from the last complete checkpoint. Never give it to both sides while both live: without an arbiter, the one
    /// who gives it vouches for the peer's death.
    func xColoLostHeartbeat() async throws(CommandError)

    /// `calc-dirty-rate`: Begin to measure how fast the guest dirties its memory. The reply comes at once; see
    /// query-dirty-rate for the result.
    ///
    /// - Parameters:
    ///   - calcTime: seconds to measure for; 1 to 60
    ///   - samplePages: pages to compare for each GiB, in mode page-sampling; 128 to 16384, default 512 (since 6.1)
    ///   - mode: how to measure; default page-sampling (since 6.2)
    func calcDirtyRate(calcTime: Int64, samplePages: Int64?, mode: DirtyRateMeasureMode?) async throws(CommandError)

    /// `query-dirty-rate`: Tell the last measurement of the dirty rate.
    ///
    /// - Returns: its status and, once measured, the rate
    func queryDirtyRate() async throws(CommandError) -> DirtyRateInfo

    /// `set-vcpu-dirty-limit`: Hold vCPUs to a rate at which they may dirty memory.
    ///
    /// - Parameters:
    ///   - cpuIndex: which vCPU; all if absent
    ///   - dirtyRate: MiB a second; 0 for no limit
    func setVcpuDirtyLimit(cpuIndex: Int64?, dirtyRate: UInt64) async throws(CommandError)

    /// `cancel-vcpu-dirty-limit`: Lift the dirty limit of vCPUs.
    ///
    /// - Parameters:
    ///   - cpuIndex: which vCPU; all if absent
    func cancelVcpuDirtyLimit(cpuIndex: Int64?) async throws(CommandError)

    /// `query-vcpu-dirty-limit`: List the dirty limits in force.
    ///
    /// - Returns: the limit and the rate of each vCPU that has a limit
    func queryVcpuDirtyLimit() async throws(CommandError) -> [DirtyLimitInfo]

    /// `xen-save-devices-state`: Write the state of all devices, without the memory, to a file. The guest is stopped
    /// meanwhile and goes on afterwards if it ran.
    ///
    /// - Parameters:
    ///   - filename: the file; an existing one is replaced
    ///   - live: false if another host takes the disks over afterwards; default true (since 2.11)
    func xenSaveDevicesState(filename: String, live: Bool?) async throws(CommandError)

    /// `xen-load-devices-state`: Load the state of all devices from a file. The guest has to be stopped.
    ///
    /// - Parameters:
    ///   - filename: a file written by xen-save-devices-state
    func xenLoadDevicesState(filename: String) async throws(CommandError)

    /// `xen-set-global-dirty-log`: Turn the log of dirty pages on or off for use from outside.
    ///
    /// - Parameters:
    ///   - enable: true for on
    func xenSetGlobalDirtyLog(enable: Bool) async throws(CommandError)

    /// `xen-set-replication`: Begin or end the replication of the disks that are set up for it.
    ///
    /// - Parameters:
    ///   - enable: true to begin, false to end
    ///   - primary: true for the primary's side
    ///   - failover: when ending, true to keep what the secondary has; default false
    func xenSetReplication(enable: Bool, primary: Bool, failover: Bool?) async throws(CommandError)

    /// `query-xen-replication-status`: Tell whether the replication of the disks failed.
    ///
    /// - Returns: its status
    func queryXenReplicationStatus() async throws(CommandError) -> ReplicationStatus

    /// `xen-colo-do-checkpoint`: Make the disks that are replicated take a checkpoint.
    func xenColoDoCheckpoint() async throws(CommandError)

    /// `snapshot-save`: Begin a job that stores the whole state of the machine in its disk images. The guest stands
    /// still meanwhile.
    ///
    /// - Parameters:
    ///   - jobId: the job's identifier, for query-jobs and the others
    ///   - tag: the snapshot's name
    ///   - vmstate: the block node that takes memory and devices
    ///   - devices: the block nodes of which a snapshot is taken
    func snapshotSave(jobId: String, tag: String, vmstate: String, devices: [String]) async throws(CommandError)

    /// `snapshot-load`: Begin a job that brings the whole machine back to a snapshot.
    ///
    /// - Parameters:
    ///   - jobId: the job's identifier
    ///   - tag: the snapshot's name
    ///   - vmstate: the block node that has memory and devices
    ///   - devices: the block nodes to bring back
    func snapshotLoad(jobId: String, tag: String, vmstate: String, devices: [String]) async throws(CommandError)

    /// `snapshot-delete`: Begin a job that deletes a snapshot. One that is not there counts as deleted.
    ///
    /// - Parameters:
    ///   - jobId: the job's identifier
    ///   - tag: the snapshot's name
    ///   - devices: the block nodes to delete it from
    func snapshotDelete(jobId: String, tag: String, devices: [String]) async throws(CommandError)
}
