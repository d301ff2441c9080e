// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: control.
public protocol ControlCommands: Sendable {
    /// `query-version`: Tell the version, as the greeting does.
    ///
    /// - Returns: the version
    func queryVersion() async throws(CommandError) -> VersionInfo

    /// `quit`: End this process. The guest is not told; its machine is simply gone.
    func quit() async throws(CommandError)
}
