// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: runState.
public protocol RunStateCommands: Sendable {
    /// `query-status`: Tell whether the guest runs.
    ///
    /// - Returns: the run state
    func queryStatus() async throws(CommandError) -> StatusInfo
}
