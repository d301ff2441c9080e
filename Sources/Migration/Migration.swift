/// Drives a migration stream out or in: rounds, switchover, loading; and hands the channel over when the stream ends in
/// COLO.
///
/// - `MigrationController` is what management sees: `migrate`, `migrateIncoming`, `migrateCancel`, `queryMigrate`, the
///   settings, and the events MIGRATION and MIGRATION_PASS in QEMU's order. Each direction runs on a thread of its own.
/// - `OutgoingState` and `IncomingState` are the statuses and counters as plain values; only legal steps are possible.
/// - An outgoing migration: connect, header and block list, rounds over the dirty log until what is left fits into the
///   allowed downtime, switchover (guest halted, last round, devices), completed. Whatever fails before that, the guest
///   runs on.
/// - Before the switchover it waits for `migrateContinue` if the capability pause-before-switchover says so. It leads to
///   a socket, a command or a descriptor that a client has passed; what clients have made known by name comes from
///   `MigrationSurroundings`.
/// - `AutoConverge` slows the guest down while it dirties faster than is sent, if that capability is on.
/// - An incoming one: one connection, pages straight into RAM, devices validated first and applied at the end,
///   announce, run. A failure is reported to the owner, whose process ends or waits for the next source.
/// - `ColoHandler` takes over when the capability x-colo is on (source) or the stream says so (destination). It gets a
///   session with the live channel: `ColoPrimarySession` sends checkpoints, `ColoSecondarySession` receives them into
///   a `CheckpointStaging`, for which `StagingArena` is the one to use.
/// - `saveDevices` and `loadDevices` keep the state of the devices alone in a file.
///
/// Pages are never copied on the way out: the kernel gathers them from guest memory, or from the copies that a
/// checkpoint made.
public enum MigrationLimits {
    /// How long a source waits for the destination's last word on the return path.
    public static let returnPathDeadlineMilliseconds: UInt64 = 30_000
    /// How long an incoming stream may stand still.
    public static let incomingStallMilliseconds: UInt64 = 60_000
    /// How often a destination hears of a source that is paused before the switchover.
    static let pausedPartMilliseconds: UInt64 = 10_000
    /// How many pages are sent between two looks at cancellation and bandwidth.
    static let pagesPerBatch = 256
    /// The shortest time over which a bandwidth is measured, in milliseconds.
    static let measureMilliseconds: UInt64 = 100
    /// How long a round waits for the guest to stand before it looks whether it is still wanted.
    static let pauseMilliseconds: UInt64 = 500
}
