/// The management interface as types: commands, events, and what they carry.
///
/// Names, defaults, ranges and error texts are those of QEMU 7.2's migration schema, so that its clients work
/// unchanged; what colod adds is named `x-colod-…`.
///
/// - `CommandSchema` describes a command's arguments; `ArgumentChecker` holds a client's arguments against it and
///   reports the first mistake in the order clients know: members in the order of the schema (missing or of the wrong
///   type), then members that the schema does not have.
/// - `MigrationSettings` holds capabilities and parameters. A change is applied wholly or not at all, and the result,
///   not the single step, must be free of conflicts.
/// - `Event`, `RunState`, `MigrationStatus`, `MigrationInfo`, `ColoStatus`, `ColodStatus` are values that turn into JSON.
///
/// Nothing here does I/O or knows who runs a command.
public enum QAPI {}
