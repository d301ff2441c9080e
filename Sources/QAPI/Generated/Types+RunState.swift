// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// What the virtual machine is doing.
public enum RunState: String, SchemaValue, CaseIterable {
    /// Stopped by a debugger.
    case debug
    /// Waiting for, or receiving, an incoming migration.
    case inmigrate
    /// Stopped because the engine could not go on.
    case internalError = "internal-error"
    /// Stopped because a disk failed.
    case ioError = "io-error"
    /// Stopped by a command.
    case paused
    /// Stopped because the guest now lives elsewhere; cont brings it back here.
    case postmigrate
    /// Never started so far.
    case prelaunch
    /// Stopped for the last part of an outgoing migration.
    case finishMigrate = "finish-migrate"
    /// Stopped while a state is loaded.
    case restoreVm = "restore-vm"
    /// The guest runs.
    case running
    /// Stopped while a state is saved.
    case saveVm = "save-vm"
    /// The guest has powered itself off.
    case shutdown
    /// The guest sleeps.
    case suspended
    /// Stopped by the guest's watchdog.
    case watchdog
    /// Stopped because the guest reported a panic.
    case guestPanicked = "guest-panicked"
    /// Stopped for a checkpoint (since 2.8).
    case colo
}

/// Who asked for a shutdown or reset.
public enum ShutdownCause: String, SchemaValue, CaseIterable {
    /// Nobody.
    case none
    /// An error on the host.
    case hostError = "host-error"
    /// The command quit.
    case hostQmpQuit = "host-qmp-quit"
    /// The command system_reset.
    case hostQmpSystemReset = "host-qmp-system-reset"
    /// SIGTERM, SIGINT or SIGHUP to this process.
    case hostSignal = "host-signal"
    /// A graphical front-end.
    case hostUi = "host-ui"
    /// The guest powered itself off.
    case guestShutdown = "guest-shutdown"
    /// The guest reset itself.
    case guestReset = "guest-reset"
    /// The guest panicked.
    case guestPanic = "guest-panic"
    /// A device was reset with the machine left running.
    case subsystemReset = "subsystem-reset"
    /// A snapshot was loaded, which resets the machine first (since 7.2).
    case snapshotLoad = "snapshot-load"
}

/// Whether the guest runs, and if not, why.
public struct StatusInfo: SchemaObject, Hashable {
    /// True while the vCPUs execute.
    public var running: Bool
    /// True if instructions are executed one by one; colod never does that.
    public var singlestep: Bool
    /// What the machine is doing.
    public var status: RunState

    /// Put together from its members.
    public init(running: Bool, singlestep: Bool, status: RunState) {
        self.running = running
        self.singlestep = singlestep
        self.status = status
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        running = try reader.required("running")
        singlestep = try reader.required("singlestep")
        status = try reader.required("status")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("running", running)
        writer.add("singlestep", singlestep)
        writer.add("status", status)
    }
}
