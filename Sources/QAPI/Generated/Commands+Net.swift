// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: net.
public protocol NetCommands: Sendable {
    /// `announce-self`: Send packets from the guest's network addresses, so that switches learn where the guest is now.
    func announceSelf(_ arguments: AnnounceParameters) async throws(CommandError)
}
