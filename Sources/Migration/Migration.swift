import Environment
import Transport

/// Drives a migration stream out or in: rounds, switchover, loading; and hands the channel over when the stream ends in
/// COLO.
///
/// - The protocol is `MigrationCore`: `SourceMachine` and `DestinationMachine` say what is done next. Here it is done:
///   `MigrationController` asks them, with its lock held, tells clients what they say (`EventLine`), and gives what takes
///   its time to the thread of the migration (`Session`).
/// - `MigrationController` is what management sees: `migrate`, `migrateIncoming`, `migrateCancel`, `queryMigrate`, the
///   settings, and the events MIGRATION and MIGRATION_PASS in QEMU's order.
/// - `SourceRun` carries out the actions of one outgoing migration: the channel, the header, the pages that are still to
///   be sent (`UnsentPages`), the devices, the guest's stop and its return. It has a snapshot of the settings; what may
///   change meanwhile reaches the state machine as an event, and what it counts is read without a lock
///   (`MigrationCounters`).
/// - Which pages leave when is the business of the section of RAM: `RAMSection` of a guest that moves, `SnapshotSection` of
///   one that runs on here.
/// - It leads to a socket, a command or a descriptor that a client has passed; what clients have made known by name
///   comes from `MigrationResources`.
/// - `DestinationRun` carries out those of an incoming one: one connection, pages straight into RAM, devices validated
///   first and applied at the end, announce, run. A failure is reported to the owner, whose process ends or waits for
///   the next source.
/// - `COLOHandler` takes over when the capability x-colo is on (source) or the stream says so (destination). It gets a
///   session with the live channel: `COLOPrimarySession` sends checkpoints, `COLOSecondarySession` receives them into
///   a `PageSink`, for which `StagingArena` is the one to use.
/// - `saveDevices` and `loadDevices` keep the state of the devices alone in a file.
/// - What is refused at once throws a `MigrationRefusal`, with a file a `DeviceFileError`; why a migration ended later is
///   a `MigrationFailure`.
///
/// Pages are never copied on the way out: the kernel gathers them from guest memory, or from the copies that a
/// checkpoint or a snapshot made.
public enum MigrationLimits {
    /// How long a source waits for the destination's last word on the return path.
    public static let returnPathDeadlineMilliseconds: UInt64 = 30_000
    /// How long a destination waits for the channels beside the main one, once that is there.
    public static let dataChannelsMilliseconds: UInt64 = 30_000
    /// How long an incoming stream may stand still.
    public static let incomingStallMilliseconds: UInt64 = 60_000
    /// How often a destination hears of a source that is paused before the switchover, or waits for bandwidth.
    static let pausedPartMilliseconds: UInt64 = 10_000
    /// How long a harvest waits for the guest to stand before it looks whether it is still wanted, in milliseconds.
    static let pauseMilliseconds: UInt64 = 500
}

/// How long an incoming migration waits for its source. A test sets others.
struct IncomingLimits: Sendable {
    /// Without a byte, on any of its channels.
    var stall = Nanoseconds.milliseconds(MigrationLimits.incomingStallMilliseconds)
    /// For the channels beside the main one, once that is there.
    var dataChannels = Nanoseconds.milliseconds(MigrationLimits.dataChannelsMilliseconds)
}

/// What an outgoing migration that sends nothing for a while owes its destination, and expects of it. A test sets others.
struct OutgoingLimits: Sendable {
    /// How often the destination hears something.
    var word = Nanoseconds.milliseconds(MigrationLimits.pausedPartMilliseconds)
    /// How long the destination of a postcopy may leave that unanswered.
    var answer = Nanoseconds.milliseconds(Transport.stallDeadlineMilliseconds)
}
