import SystemCalls

/// The one lock around everything that devices share: a vCPU holds it for the length of one device access, an I/O
/// thread while it touches rings and guest memory, and who pauses the machine from the moment the vCPUs stand until
/// they run again. Hence a paused machine is wholly at rest.
///
/// Order: the machine lock is taken before any lock inside a device or a back-end, never after it.
public final class MachineLock: Sendable {
    private let gate = ThreadGate<Void>(())

    /// A lock that nobody holds.
    public init() {}

    /// Runs `body` with the lock held. Not recursive.
    public func withLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        try gate.withLock(notify: false) { (_: inout Void) throws(Failure) -> Result in try body() }
    }
}
