// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: blockCore.
public protocol BlockCoreCommands: Sendable {
    /// `query-block`: List the drives of the guest.
    ///
    /// - Returns: the drives
    func queryBlock() async throws(CommandError) -> [BlockInfo]

    /// `query-named-block-nodes`: List the block nodes.
    ///
    /// - Parameters:
    ///   - flat: true to leave out the backing images of each; default false (since 5.0)
    /// - Returns: the nodes
    func queryNamedBlockNodes(flat: Bool?) async throws(CommandError) -> [BlockDeviceInfo]

    /// `query-blockstats`: Tell what the drives have done.
    ///
    /// - Parameters:
    ///   - queryNodes: true to list every block node instead; default false (since 2.3)
    /// - Returns: figures of each
    func queryBlockstats(queryNodes: Bool?) async throws(CommandError) -> [BlockStats]

    /// `query-block-jobs`: List the jobs that work on disks. query-jobs lists all jobs.
    ///
    /// - Returns: the jobs
    func queryBlockJobs() async throws(CommandError) -> [BlockJobInfo]
}
