public import QMP

/// The refusals that clients know by their words.
extension CommandError {
    /// `migrate`, `migrate-set-capabilities`: an outgoing migration is under way.
    public static let migrationInProgress = generic("There's a migration process in progress")
    /// `migrate`: this side waits for a migration itself.
    public static let waitingForIncoming = generic("Guest is waiting for an incoming migration")
    /// `migrate`: the guest was sent away and has not run since.
    public static let pausedByMigration = generic("Can't migrate the vm that was paused due to previous migration")
    /// `migrate` with resume.
    public static let noPausedMigration = generic("Cannot resume if there is no paused migration")
    /// `migrate` with blk or inc while x-colo is on.
    public static let noDiskMigrationInCOLO = generic("No disk migration is required in COLO mode")
    /// `migrate` with blk or inc that contradict the capabilities.
    public static let incompatibleOptions = generic(
        "Command options are incompatible with current migration capabilities")
    /// `migrate`: the URI has no scheme that is known.
    public static let invalidMigrationProtocol = generic("Parameter 'uri' expects a valid migration protocol")
    /// `migrate-incoming`: the process was not started to wait for one.
    public static let incomingNotSpecified = generic("'-incoming' was not specified on the command line")
    /// `migrate-incoming`: it listens already.
    public static let incomingAlreadyStarted = generic("The incoming migration has already been started")
    /// `x-colo-lost-heartbeat`: COLO does not run.
    public static let coloNotEnabled = generic("The feature 'colo' is not enabled")
    /// `cont` while a migration ends.
    public static let migrationNotFinalized = generic("Migration is not finalized yet")
    /// `migrate`: the path of a Unix socket is empty.
    public static let invalidUnixAddress = generic("invalid Unix socket address")

    /// `migrate-incoming`: the URI has no scheme that is known.
    public static func unknownMigrationProtocol(_ uri: String) -> CommandError {
        generic("unknown migration protocol: \(uri)")
    }

    /// A TCP address without a port.
    public static func unparsableAddress(_ address: String) -> CommandError {
        generic("error parsing address '\(address)'")
    }
}
