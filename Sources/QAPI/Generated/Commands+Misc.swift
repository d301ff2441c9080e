// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: misc.
public protocol MiscCommands: Sendable {
    /// `query-name`: Tell the guest's name.
    ///
    /// - Returns: the name
    func queryName() async throws(CommandError) -> NameInfo

    /// `query-iothreads`: List the threads that were set aside for devices by configuration.
    ///
    /// - Returns: the threads; none if there are none
    func queryIothreads() async throws(CommandError) -> [IOThreadInfo]

    /// `stop`: Stop the guest. A guest that is stopped already stays so. In a destination that waits for its guest, it
    /// means that the guest is not to run after it has arrived.
    func stop() async throws(CommandError)

    /// `cont`: Let the guest run. A guest that runs already goes on. In a destination that waits for its guest, it
    /// means that the guest is to run as soon as it has arrived.
    func cont() async throws(CommandError)

    /// `human-monitor-command`: Carry out a command of the monitor for people, and return what it prints. Prefer the
    /// commands of this interface: that text is not made for programs.
    ///
    /// - Parameters:
    ///   - commandLine: the command; "help" lists those there are
    ///   - cpuIndex: the vCPU that it is about, if it is about one; default 0
    /// - Returns: what it prints; for an unknown command, that it is unknown
    func humanMonitorCommand(commandLine: String, cpuIndex: Int64?) async throws(CommandError) -> String

    /// `getfd`: Give a name to a descriptor that was sent along with this command, by SCM_RIGHTS over a Unix socket. A
    /// descriptor that had the name is closed.
    ///
    /// - Parameters:
    ///   - fdname: the name; it must not begin with a digit
    func getfd(fdname: String) async throws(CommandError)

    /// `closefd`: Close a descriptor that getfd has named.
    ///
    /// - Parameters:
    ///   - fdname: its name
    func closefd(fdname: String) async throws(CommandError)
}
