import QMP

/// Where a migration stands.
public enum MigrationStatus: String, Sendable, Hashable, CaseIterable {
    /// Never started.
    case none
    /// Being set up.
    case setup
    /// Being cancelled.
    case cancelling
    /// Cancelled.
    case cancelled
    /// Sending or receiving.
    case active
    /// The destination runs and fetches pages.
    case postcopyActive = "postcopy-active"
    /// Postcopy lost its connection.
    case postcopyPaused = "postcopy-paused"
    /// Postcopy is being resumed.
    case postcopyRecover = "postcopy-recover"
    /// Done.
    case completed
    /// Failed.
    case failed
    /// COLO: checkpoints flow.
    case colo
    /// Stopped before the switchover.
    case preSwitchover = "pre-switchover"
    /// Sending device state.
    case device
    /// Waiting until the guest gave devices up.
    case waitUnplug = "wait-unplug"

    /// Whether an outgoing migration in this status is under way, so that settings are fixed and none can be started.
    public var isRunning: Bool {
        switch self {
        case .none, .cancelled, .completed, .failed, .colo: false
        default: true
        }
    }
}

/// Whether the guest runs, and if not, why.
public enum RunState: String, Sendable, Hashable, CaseIterable {
    /// Stopped by a debugger.
    case debug
    /// Waiting for an incoming migration.
    case inmigrate
    /// An internal error.
    case internalError = "internal-error"
    /// Stopped by a disk error.
    case ioError = "io-error"
    /// Stopped by a command.
    case paused
    /// Sent away; stopped here.
    case postmigrate
    /// Not yet started.
    case prelaunch
    /// Stopped for the end of a migration.
    case finishMigrate = "finish-migrate"
    /// Loading a snapshot.
    case restoreVM = "restore-vm"
    /// Running.
    case running
    /// Saving a snapshot.
    case saveVM = "save-vm"
    /// The guest powered itself off.
    case shutdown
    /// Asleep.
    case suspended
    /// Stopped by its watchdog.
    case watchdog
    /// The guest panicked.
    case guestPanicked = "guest-panicked"
    /// Stopped for a COLO checkpoint.
    case colo
}

/// The reply of `query-status`.
public struct StatusInfo: Sendable, Hashable {
    /// The state.
    public var status: RunState

    /// The guest in `status`.
    public init(_ status: RunState) { self.status = status }

    /// As sent.
    public var json: JSONValue {
        [
            "status": .string(status.rawValue), "singlestep": false,
            "running": .boolean(status == .running),
        ]
    }
}
