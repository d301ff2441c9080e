// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: yank.
public protocol YankCommands: Sendable {
    /// `yank`: Break connections at once, so that whatever waits for the other end fails instead. If one of the
    /// instances does not exist, none is touched.
    ///
    /// - Parameters:
    ///   - instances: those to break
    func yank(instances: [YankInstance]) async throws(CommandError)

    /// `query-yank`: List what has connections that can be broken.
    ///
    /// - Returns: the instances
    func queryYank() async throws(CommandError) -> [YankInstance]
}
