// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: char.
public protocol CharCommands: Sendable {
    /// `query-chardev`: List the character devices.
    ///
    /// - Returns: the devices
    func queryChardev() async throws(CommandError) -> [ChardevInfo]
}
