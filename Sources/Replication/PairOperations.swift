public import Environment
public import ReplicationCore

/// What a pair does to the machine, at the controller's word. Called on the pair's event loop, one after the other and in
/// order; nothing here waits. What takes its time is done elsewhere and reported with `PairService.post`.
public protocol PairOperations: AnyObject, Sendable {
    /// Boots the guest and lets its output flow, unless `deadline` passes first.
    func startGuest(before deadline: Nanoseconds)
    /// Hands on what the controller wants of replication runs.
    func runs(_ event: ReplicationRuns.Event)
    /// Releases output; false if the deadline passed first.
    func releaseOutput(throughCheckpoint checkpoint: UInt64, before deadline: Nanoseconds) -> Bool
    /// Releases everything and stops holding; false, with nothing done, if the deadline has passed.
    func releaseAllOutput(before deadline: Nanoseconds) -> Bool
    /// Whether a guest that is taken over stays stopped.
    func keepStopped(_ isStopped: Bool)
    /// Tells the guest's networks where it is.
    func announceGuest()
    /// Never releases anything again and retires the machine; done when it returns.
    func fence()
    /// How the machine fares.
    var condition: MachineCondition { get }
    /// The pair has nothing more to say: this process may end.
    func left(_ reason: Leaving)
}
