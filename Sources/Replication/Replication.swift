/// Connects the pure core (ReplicationCore) to sockets, memory, the machine and the clock.
///
/// - `PairService` runs `PairDriver` (heartbeat and controller) on one event loop: it owns the heartbeat's sockets, the
///   record (`RecordWriter`) and the arbiter, and carries out what the controller decides through `PairOperations`.
/// - `ReplicationService` is those operations, and the `COLOHandler` that `Migration` hands its channels to. What is
///   decided about runs is `ReplicationRuns`, carried out by `RunDriver`. `ReplicationChannels` connects and accepts, and
///   has the peer prove itself. `PrimaryRun` and `SecondaryRun` are the two ends of one COLO run, each on the thread of
///   its migration.
/// - `CheckpointBuffer` and `OutputGate` are what a checkpoint's pause touches: the copies of dirty pages, and the epoch
///   of the held output.
///
/// Without a pair (`ReplicationService` alone) COLO runs as management drives it: `migrate` with x-colo begins it, and
/// `x-colo-lost-heartbeat` ends it on each side.
///
/// Threads: the event loop never waits, neither for the disk that keeps the record nor for the log; what may take longer
/// runs on the pair's worker thread or on a thread of its own, and reports back as an event.
public enum ReplicationLimits {
    /// How long an outgoing synchronisation waits, with the guest halted, for the pair's permission to switch over.
    static let switchoverMilliseconds: UInt64 = 1000
    /// How long a migration's thread may take to end after its channel was cut.
    static let endOfRunMilliseconds: UInt64 = 5000
    /// How long a failover command waits for its outcome.
    static let failoverMilliseconds: UInt64 = 15_000
    /// How long the guest stands at most for a client to be told before it goes on.
    static let answerMilliseconds: UInt64 = 100
    /// From a failed attempt to listen to the next one.
    static let listenRetryMilliseconds: UInt64 = 500
    /// How often the machine is asked how it fares.
    static let conditionMilliseconds: UInt64 = 250
    /// How much longer a question to an arbiter stays open than the arbiter says that it takes.
    static let arbiterGraceMilliseconds: UInt64 = 5000
    /// How long one attempt at a checkpoint waits for the guest to stand.
    static let pauseMilliseconds: UInt64 = 1500
    /// How long a pair goes on trying: longer than it takes to hand over a guest that cannot be paused.
    static let pairPauseMilliseconds: UInt64 = 10_000
}
