import QMP

/// What a guest's shutdown or reset was caused by.
public enum ShutdownCause: String, Sendable, Hashable, CaseIterable {
    /// `quit`.
    case hostQuit = "host-qmp-quit"
    /// A command to reset.
    case hostReset = "host-qmp-system-reset"
    /// SIGTERM, SIGINT or SIGHUP to the process.
    case hostSignal = "host-signal"
    /// An error of the host.
    case hostError = "host-error"
    /// The guest powered itself off.
    case guestShutdown = "guest-shutdown"
    /// The guest reset itself.
    case guestReset = "guest-reset"
    /// The guest panicked.
    case guestPanic = "guest-panic"

    /// Whether the guest did it.
    public var isGuest: Bool {
        switch self {
        case .guestShutdown, .guestReset, .guestPanic: true
        default: false
        }
    }
}

/// Something that every client is told of when it happens.
public enum Event: Sendable, Hashable {
    /// The guest stopped.
    case stop
    /// The guest runs again.
    case resume
    /// The guest was told to power off.
    case powerdown
    /// The guest ended, or this process is about to.
    case shutdown(ShutdownCause)
    /// The guest starts anew.
    case reset(ShutdownCause)
    /// A migration reached a status.
    case migration(MigrationStatus)
    /// A pass over the dirty log began.
    case migrationPass(UInt64)
    /// COLO ended on this side.
    case coloExit(mode: ColoMode, reason: ColoExitReason)
    /// Role, state, protection or serving changed.
    case colodStatus(ColodStatus)
    /// The heartbeat monitor gave the peer up.
    case colodPeerLost(reason: String)

    /// Its name on the wire.
    public var name: String {
        switch self {
        case .stop: "STOP"
        case .resume: "RESUME"
        case .powerdown: "POWERDOWN"
        case .shutdown: "SHUTDOWN"
        case .reset: "RESET"
        case .migration: "MIGRATION"
        case .migrationPass: "MIGRATION_PASS"
        case .coloExit: "COLO_EXIT"
        case .colodStatus: "X_COLOD_STATUS"
        case .colodPeerLost: "X_COLOD_PEER_LOST"
        }
    }

    /// Its members, if it has any.
    public var data: JSONObject? {
        switch self {
        case .stop, .resume, .powerdown: nil
        case .shutdown(let cause), .reset(let cause):
            ["guest": .boolean(cause.isGuest), "reason": .string(cause.rawValue)]
        case .migration(let status): ["status": .string(status.rawValue)]
        case .migrationPass(let pass): ["pass": JSONValue(pass)]
        case .coloExit(let mode, let reason):
            ["mode": .string(mode.rawValue), "reason": .string(reason.rawValue)]
        case .colodStatus(let status): status.json.object
        case .colodPeerLost(let reason): ["reason": .string(reason)]
        }
    }
}
