// The management interface as types: commands, events, and what they carry.
//
// Names, defaults, ranges and error texts are those of QEMU 7.2's schema, so that its clients work unchanged; what
// colod adds is named `x-colod-…`.
//
// - `Schema/*.json` is the source of everything that clients can name. `make generate` writes `Generated/*.swift` from
//   it: a Swift type for each type of the schema, `Event`, the protocol `QMPCommands` with a method a command,
//   `CommandTable`, and the data of `Introspection`.
// - `SchemaValue` is what those types have in common. `ArgumentReader` takes a client's arguments apart and reports
//   the first mistake in the order clients know: members in the order of the schema (missing, or of the wrong type),
//   then members that the schema does not have. Integers, enumerations and alternates word their own refusals.
// - `MigrationSettings` holds capabilities and parameters. A change is applied wholly or not at all, and the result,
//   not the single step, must be free of conflicts.
//
// Nothing here does I/O or knows who runs a command.
