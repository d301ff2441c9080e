// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Something that every client is told of when it happens.
public enum Event: Sendable, Hashable {
    /// `SHUTDOWN`: The machine has ended, or this process is about to.
    ///
    /// - guest: true if the guest asked for it
    /// - reason: who asked for it (since 4.0)
    case shutdown(guest: Bool, reason: ShutdownCause)
    /// `POWERDOWN`: The guest was asked to power itself off, as if its power button had been pressed. Whether it does
    /// so is up to the guest.
    case powerdown
    /// `RESET`: The machine starts anew.
    ///
    /// - guest: true if the guest asked for it
    /// - reason: who asked for it (since 4.0)
    case reset(guest: Bool, reason: ShutdownCause)
    /// `STOP`: The guest stopped executing: by command, at the end of a migration, or for a checkpoint.
    case stop
    /// `RESUME`: The guest executes again.
    case resume
    /// `X_COLOD_STATUS`: Role, state, protection or serving changed.
    case xColodStatus(ColodStatus)
    /// `X_COLOD_PEER_LOST`: The heartbeat monitor gave the peer up.
    ///
    /// - reason: why, for people to read
    case xColodPeerLost(reason: String)
    /// `MIGRATION`: A migration reached a status. Sent while the capability events is on; a destination tells of setup
    /// in any case.
    ///
    /// - status: the status
    case migration(status: MigrationStatus)
    /// `MIGRATION_PASS`: A source begins another pass over the memory. Sent while the capability events is on.
    ///
    /// - pass: its number, from 1
    case migrationPass(pass: Int64)
    /// `UNPLUG_PRIMARY`: A source asks the guest to give up a device that has a stand-in.
    ///
    /// - deviceId: the device
    case unplugPrimary(deviceId: String)
    /// `COLO_EXIT`: COLO ended on this side: the connection to the peer is gone, or a failover was ordered. It comes
    /// once for each run of COLO.
    ///
    /// - mode: the role that this side had
    /// - reason: why it ended
    case coloExit(mode: COLOMode, reason: COLOExitReason)
    /// `JOB_STATUS_CHANGE`: A job went on to another status.
    ///
    /// - id: the job
    /// - status: where it stands now
    case jobStatusChange(id: String, status: JobStatus)

    /// Its name on the wire.
    public var name: String {
        switch self {
        case .shutdown: "SHUTDOWN"
        case .powerdown: "POWERDOWN"
        case .reset: "RESET"
        case .stop: "STOP"
        case .resume: "RESUME"
        case .xColodStatus: "X_COLOD_STATUS"
        case .xColodPeerLost: "X_COLOD_PEER_LOST"
        case .migration: "MIGRATION"
        case .migrationPass: "MIGRATION_PASS"
        case .unplugPrimary: "UNPLUG_PRIMARY"
        case .coloExit: "COLO_EXIT"
        case .jobStatusChange: "JOB_STATUS_CHANGE"
        }
    }

    /// Its members, if it has any.
    public var data: JSONObject? {
        var writer = ObjectWriter()
        switch self {
        case .shutdown(let guest, let reason):
            writer.add("guest", guest)
            writer.add("reason", reason)
        case .powerdown: return nil
        case .reset(let guest, let reason):
            writer.add("guest", guest)
            writer.add("reason", reason)
        case .stop: return nil
        case .resume: return nil
        case .xColodStatus(let data): data.write(into: &writer)
        case .xColodPeerLost(let reason):
            writer.add("reason", reason)
        case .migration(let status):
            writer.add("status", status)
        case .migrationPass(let pass):
            writer.add("pass", pass)
        case .unplugPrimary(let deviceId):
            writer.add("device-id", deviceId)
        case .coloExit(let mode, let reason):
            writer.add("mode", mode)
            writer.add("reason", reason)
        case .jobStatusChange(let id, let status):
            writer.add("id", id)
            writer.add("status", status)
        }
        return writer.object
    }
}
