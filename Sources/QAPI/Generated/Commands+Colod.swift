// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: colod.
public protocol ColodCommands: Sendable {
    /// `x-colod-status`: Tell how well the guest is protected.
    ///
    /// - Returns: the status of the pair, seen from this side
    func xColodStatus() async throws(CommandError) -> ColodStatus

    /// `x-colod-pauses`: Tell how often checkpoints stopped the guest for how long, since this side began. What lies
    /// between two answers is their difference.
    ///
    /// - Returns: the pauses by their length, the shortest first
    func xColodPauses() async throws(CommandError) -> [ColodPauseCount]

    /// `x-colod-failover`: Let this side go on alone. Like x-colo-lost-heartbeat, but the arbiter, if there is one, is
    /// asked first.
    func xColodFailover() async throws(CommandError)

    /// `x-colod-start`: Boot the guest afresh on a side that waits because it does not know whether the peer has it.
    /// The one who gives this vouches that the peer neither runs the guest nor holds a checkpoint of it.
    func xColodStart() async throws(CommandError)

    /// `x-colod-reload-keys`: Read the file with the pair's keys again, and use the first and accept the second from
    /// now on. So keys are exchanged without an outage.
    ///
    /// - Returns: the keys of both sides
    func xColodReloadKeys() async throws(CommandError) -> ColodKeys

    /// `x-colod-drill`: Rehearse a failover: the secondary takes the guest over while the primary lives and agrees, and
    /// the two exchange their roles. It can be given on either side.
    ///
    /// - Returns: how long the guest was on its way
    func xColodDrill() async throws(CommandError) -> ColodDrill
}
