import ProgramSupport
import QMP

/// The composition root: from a validated configuration to running services, and back down in the right order.
///
/// `Daemon.run` is the life of one `colod` process: log, machine, migration, management socket, and, in a pair, the
/// replication service; then it waits for a signal, `quit`, or the guest's power-off, and ends everything in reverse.
///
/// - `MachineBuilder` turns the guest's description into a `VirtualMachine` with its back-ends, each behind an
///   `OutputHold`.
/// - `ConsoleLink` is where the UART ends.
/// - `ManagementTarget` implements the QMP commands, a file a topic: each is a few lines that call the part that does
///   the work.
/// - `Daemon` owns all of it.
///
/// Nothing below imports this module.
public enum ColodKit {
    /// The version that `query-version` and the log tell.
    public static let version = ProgramSupport.version

    /// What the greeting and `query-version` tell.
    static let serverVersion = ServerVersion.compatible(
        package: ProgramSupport.versionLine("colod"))
}
