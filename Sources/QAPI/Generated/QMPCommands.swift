// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

/// Everything that the management interface asks of the process it is part of: one method a command.
///
/// The methods are called from several connections at once. They must not block their thread; waiting is for `await`,
/// with a deadline. What a method emits before it returns, clients see before its reply. Arguments have been held
/// against the schema; everything else is for the method to refuse.
public protocol QMPCommands:
    ControlCommands,
    RunStateCommands,
    MiscCommands,
    ColodCommands,
    MigrationCommands,
    JobCommands,
    MachineCommands,
    BlockCoreCommands,
    CharCommands,
    NetCommands,
    QomCommands,
    YankCommands
{}

extension CommandTable {
    /// Every command that is called, in the order of the schema.
    public static let entries = [[CommandEntry]]([
        control,
        runState,
        misc,
        colod,
        migration,
        job,
        machine,
        blockCore,
        char,
        net,
        qom,
        yank,
    ]).flatMap { $0 }

    /// The commands that the server answers by itself.
    public static let builtIn: [String] = [
        "qmp_capabilities",
        "query-commands",
        "query-qmp-schema",
    ]
}
