public import MachineModel
public import QAPI

extension RunState {
    /// Whether the machine may go from this state to `next`. Staying where it is is always allowed.
    public func mayBecome(_ next: RunState) -> Bool {
        self == next || Self.successors[self, default: []].contains(next)
    }

    // A side that gives its guest up, because it was superseded or its migration failed, waits for another one: hence
    // the ways to inmigrate.
    private static let successors: [RunState: Set<RunState>] = [
        .debug: [.running, .finishMigrate, .prelaunch],
        .inmigrate: [
            .internalError, .ioError, .paused, .running, .shutdown, .suspended, .watchdog, .guestPanicked,
            .finishMigrate, .prelaunch, .postmigrate, .colo,
        ],
        .internalError: [.paused, .finishMigrate, .prelaunch],
        .ioError: [.running, .finishMigrate, .prelaunch],
        .paused: [.running, .finishMigrate, .postmigrate, .prelaunch, .colo, .inmigrate],
        .postmigrate: [.running, .finishMigrate, .prelaunch, .inmigrate],
        .prelaunch: [.running, .finishMigrate, .inmigrate],
        .finishMigrate: [.running, .paused, .postmigrate, .prelaunch, .colo, .shutdown, .inmigrate],
        .restoreVm: [.running, .prelaunch],
        .running: [
            .debug, .internalError, .ioError, .paused, .finishMigrate, .restoreVm, .saveVm, .shutdown, .suspended,
            .watchdog, .guestPanicked, .colo,
        ],
        .saveVm: [.running],
        .shutdown: [.paused, .finishMigrate, .prelaunch, .colo, .inmigrate],
        .suspended: [.running, .finishMigrate, .prelaunch, .colo],
        .watchdog: [.running, .finishMigrate, .prelaunch, .colo],
        .guestPanicked: [.running, .finishMigrate, .prelaunch],
        .colo: [.running, .prelaunch, .shutdown, .inmigrate],
    ]
}

/// A change of run state that is not possible.
public struct RunStateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The state the machine is in.
    public let current: RunState
    /// The state that was asked for.
    public let wanted: RunState
    /// What else than the two states stands in the way; nil if it is the states alone.
    public let obstacle: Obstacle?

    /// What keeps a machine from a step that its state would allow.
    public enum Obstacle: Equatable, Sendable {
        /// The guest does not come to a stand.
        case timeout(PauseTimeout)
        /// The machine was retired.
        case retired
        /// So many pages of the guest's memory are still to come.
        case missingPages(Int)
    }

    /// A refused step from `current` to `wanted`.
    public init(current: RunState, wanted: RunState, obstacle: Obstacle? = nil) {
        self.current = current
        self.wanted = wanted
        self.obstacle = obstacle
    }

    /// One line for a log or a QMP reply.
    public var description: String {
        switch obstacle {
        case .timeout(let timeout): timeout.description
        case .retired: "This guest was given up and does not run here again"
        case .missingPages(let count):
            "Not possible while \(count) pages of the guest's memory are still with the source of its migration: let the "
                + "migration complete, by migrate-recover if it is paused; if its source is lost for good, quit and boot the "
                + "guest anew"
        case nil: refusal
        }
    }

    private var refusal: String {
        switch (current, wanted) {
        case (.finishMigrate, .running): "Migration is not finalized yet"
        case (.shutdown, .running), (.guestPanicked, .running), (.internalError, .running):
            "Resetting the Virtual Machine is required"
        default: "The machine cannot go from '\(current.rawValue)' to '\(wanted.rawValue)'"
        }
    }
}

/// What a machine tells its owner, in the order in which QMP clients see it.
public enum MachineEvent: Sendable, Equatable {
    /// The guest was stopped (STOP).
    case stop
    /// The guest goes on (RESUME).
    case resume
    /// The machine ends (SHUTDOWN): whether the guest asked, and QMP's reason ("guest-shutdown", "host-qmp-quit").
    case shutdown(guest: Bool, reason: String)
    /// The machine was reset (RESET): whether the guest asked, and QMP's reason ("guest-reset").
    case reset(guest: Bool, reason: String)
}
