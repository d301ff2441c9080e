import SystemCalls

/// The one lock around everything that devices share: a vCPU holds it for the length of one device access, an I/O
/// thread while it touches rings and guest memory. While the machine is halted or paused the lock is frozen: nobody
/// gets it until the machine runs again. Hence a halted machine is wholly at rest.
///
/// Order: the machine lock is taken before any lock inside a device or a back-end, never after it.
public final class MachineLock: Sendable {
    private let frozen = ThreadGate<Bool>(false)

    /// A lock that nobody holds and that is not frozen.
    public init() {}

    /// Runs `body` with the lock held, after waiting until the machine is not frozen. Not recursive.
    public func withLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        try frozen.withLock(when: { !$0 }) { (_: inout Bool) throws(Failure) -> Result in try body() }
    }

    /// Waits for the present holder and lets nobody else in until `thaw`. Only for the owner of the machine's run
    /// state, after the vCPUs stand.
    public func freeze() { frozen.withLock(notify: false) { $0 = true } }

    /// Ends a freeze; who waited for the lock goes on.
    public func thaw() { frozen.withLock { $0 = false } }

    /// Runs `body` with the lock held, frozen or not: for who saves, loads or resets a machine at rest.
    public func withLockWhileFrozen<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try frozen.withLock(notify: false) { (_: inout Bool) throws(Failure) -> Result in try body() }
    }
}
