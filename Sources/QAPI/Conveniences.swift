// What is handy to have on the types of the schema and does not follow from it.

extension MigrationStatus {
    /// Whether an outgoing migration in this status is under way, so that settings are fixed and none can be started.
    public var isRunning: Bool {
        switch self {
        case .none, .cancelled, .completed, .failed, .colo: false
        default: true
        }
    }
}

extension StatusInfo {
    /// The guest in `status`.
    public init(_ status: RunState) {
        self.init(running: status == .running, singlestep: false, status: status)
    }
}

extension ShutdownCause {
    /// Whether the guest did it.
    public var isGuest: Bool {
        switch self {
        case .guestShutdown, .guestReset, .guestPanic: true
        default: false
        }
    }
}

extension Event {
    /// The guest ended, or this process is about to, because of `reason`.
    public static func shutdown(_ reason: ShutdownCause) -> Event {
        .shutdown(guest: reason.isGuest, reason: reason)
    }

    /// The guest starts anew because of `reason`.
    public static func reset(_ reason: ShutdownCause) -> Event { .reset(guest: reason.isGuest, reason: reason) }
}

extension COLOStatus {
    /// COLO never ran.
    public static let never = COLOStatus(mode: .none, lastMode: .none, reason: .none)
}

extension MigrationStats {
    /// Nothing sent.
    public static let nothing = MigrationStats(
        transferred: 0, remaining: 0, total: 0, duplicate: 0, skipped: 0, normal: 0, normalBytes: 0,
        dirtyPagesRate: 0, mbps: 0, dirtySyncCount: 0, postcopyRequests: 0, pageSize: 4096, multifdBytes: 0,
        pagesPerSecond: 0, precopyBytes: 0, downtimeBytes: 0, postcopyBytes: 0, dirtySyncMissedZeroCopy: 0)
}
